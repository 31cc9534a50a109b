// SPDX-License-Identifier: MIT
//
// bars: a histogram as a card, by Chart.js's own bar controller. Drawn anew
// once a second, when its numbers come.

import { BarController, BarElement, CategoryScale, Chart, LinearScale } from "chart.js";
import { color, h, setAttribute } from "../dom.js";
import { nextScale } from "../scale.js";
import { AsTable } from "./as_table.js";

Chart.register(BarController, BarElement, CategoryScale, LinearScale);

/**
 * @typedef {object} Bars
 * @property {string[]} labels
 * @property {number[]} values
 * @property {number[]} [before] beside them, to compare with
 */

export class BarChart {
  /** @type {import("../scale.js").Scale | null} */
  #scale = null;
  #drawn = "";
  /** @type {Bars} */
  #bars = { labels: [], values: [] };
  /** @type {Chart<"bar", any, any> | null} made when it is first drawn */
  #chart = null;

  /**
   * @param {{id: string, title: string, note: string, help: string, color: string,
   *   kind: import("../scale.js").Kind, format: (value: number) => string, axis: (value: number) => string}} plan
   */
  constructor(plan) {
    this.plan = plan;
    this.canvas = h("canvas", { role: "img", "aria-label": plan.title });
    const plot = h("div", { class: "plot" }, this.canvas);
    this.table = new AsTable(
      plan.title,
      plot,
      () => this.#numbers(),
      () => {
        if (!this.table.shown) this.#update();
      },
    );
    this.element = h(
      "section",
      { class: "card chart", id: `chart-${plan.id}` },
      h(
        "header",
        {},
        h("h2", { text: plan.title, title: plan.help }),
        h("span", { class: "note", text: plan.note }),
        this.table.button,
      ),
      plot,
      this.table.element,
    );
  }

  #numbers() {
    const { labels, values, before } = this.#bars;
    return {
      heads: ["", ...(before ? ["A", "B"] : [this.plan.title])],
      rows: labels.map((label, i) => [
        label,
        ...(before ? [this.plan.format(before[i])] : []),
        this.plan.format(values[i]),
      ]),
    };
  }

  #make() {
    const { plan } = this;
    return new Chart(this.canvas, {
      type: "bar",
      data: {
        labels: [],
        datasets: [
          {
            data: [],
            backgroundColor: () => color(plan.color),
            categoryPercentage: 1,
            barPercentage: 0.86,
            minBarLength: 2,
          },
        ],
      },
      options: {
        animation: false,
        events: [],
        responsive: true,
        maintainAspectRatio: false,
        plugins: { legend: { display: false }, tooltip: { enabled: false } },
        scales: {
          x: {
            border: { display: false },
            grid: { display: false },
            ticks: {
              color: () => color("dim"),
              font: { size: 11 },
              maxRotation: 0,
              autoSkipPadding: 8,
            },
          },
          y: {
            min: 0,
            max: 1,
            border: { display: false },
            grid: { color: () => color("grid") },
            afterFit: (scale) => {
              scale.width = 64;
            },
            ticks: {
              color: () => color("dim"),
              stepSize: 1,
              font: { size: 11 },
              autoSkip: false,
              callback: (value) => plan.axis(Number(value)),
            },
          },
        },
      },
    });
  }

  /** @param {Bars} bars */
  draw(bars) {
    const key = `${bars.values.join()} ${bars.before?.join()}`;
    if (key === this.#drawn) return;
    this.#drawn = key;
    this.#bars = bars;
    this.table.draw();
    if (!this.table.shown) this.#update();
    setAttribute(this.canvas, "data-sum", String(bars.values.reduce((a, b) => a + b, 0)));
    const words = bars.labels
      .map((label, i) => [label, bars.values[i]])
      .filter(([, v]) => Number(v) > 0);
    setAttribute(
      this.canvas,
      "aria-label",
      `${this.plan.title}: ${words.map(([label, v]) => `${label} ${this.plan.format(Number(v))}`).join(", ")}`,
    );
  }

  #update() {
    const bars = this.#bars;
    this.#scale = nextScale(
      Math.max(0, ...bars.values, ...(bars.before ?? [])),
      this.#scale,
      this.plan.kind,
    );
    this.#chart ??= this.#make();
    const chart = this.#chart;
    const y = /** @type {any} */ (chart.options.scales).y;
    y.max = this.#scale.max;
    y.ticks.stepSize = this.#scale.step;
    const data = /** @type {any} */ (chart.data);
    data.labels = bars.labels;
    // Nothing is drawn for 0; what is little keeps a pixel.
    /** @param {number[]} values */
    const bar = (values) => values.map((value) => (value > 0 ? value : null));
    const now = data.datasets[data.datasets.length - 1];
    now.data = bar(bars.values);
    if (bars.before) {
      const before = data.datasets.length > 1 ? data.datasets[0] : { ...now };
      data.datasets = [
        Object.assign(before, { data: bar(bars.before), backgroundColor: () => color("peak") }),
        now,
      ];
    }
    chart.update("none");
  }

  restyle() {
    this.#chart?.update("none");
  }
}

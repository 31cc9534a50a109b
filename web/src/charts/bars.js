// SPDX-License-Identifier: MIT
//
// bars: a histogram as a card. Drawn anew when its numbers are others.

import { CategoryScale, Chart, LinearScale } from "chart.js";
import { color, h, setAttribute } from "../dom.js";
import { nextScale } from "../scale.js";
import { AsTable } from "./as_table.js";
import { Axes } from "./axes.js";
import { ColumnsController } from "./columns_controller.js";
import { pictureButton } from "./picture.js";

Chart.register(ColumnsController, CategoryScale, LinearScale);

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
  /** @type {Chart<any, any, any> | null} made when it is first drawn */
  #chart = null;
  #axes = new Axes();

  /**
   * @param {{id: string, title: string, note: string, help: string, color: string,
   *   moment: () => string, kind: import("../scale.js").Kind, format: (value: number) => string, axis: (value: number) => string}} plan
   */
  constructor(plan) {
    this.plan = plan;
    this.canvas = h("canvas", { role: "img", "aria-label": plan.title });
    const button = pictureButton(plan.title, this.canvas, () => {
      const { id, title, note } = plan;
      return { id, title, moment: plan.moment(), words: [{ text: note, color: "dim" }] };
    });
    const plot = h("div", { class: "plot" }, this.canvas, button);
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
      type: /** @type {any} */ ("columns"),
      data: { labels: [], datasets: [] },
      options: {
        animation: false,
        events: [],
        responsive: true,
        maintainAspectRatio: false,
        plugins: { legend: { display: false }, tooltip: { enabled: false } },
        scales: {
          x: {
            type: "category",
            offset: true,
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
            type: "linear",
            min: 0,
            max: 1,
            border: { display: false },
            grid: { color: () => color("grid") },
            afterFit: (/** @type {any} */ scale) => {
              scale.width = 64;
            },
            ticks: {
              color: () => color("dim"),
              stepSize: 1,
              font: { size: 11 },
              autoSkip: false,
              callback: (/** @type {any} */ value) => plan.axis(Number(value)),
            },
          },
        },
      },
      plugins: [this.#axes.plugin],
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
    let sum = 0;
    const words = [];
    for (let i = 0; i < bars.values.length; i++) {
      const value = bars.values[i];
      sum += value;
      if (value > 0) words.push(`${bars.labels[i]} ${this.plan.format(value)}`);
    }
    setAttribute(this.canvas, "data-sum", String(sum));
    setAttribute(this.canvas, "aria-label", `${this.plan.title}: ${words.join(", ")}`);
  }

  #update() {
    const bars = this.#bars;
    const scale = nextScale(
      Math.max(0, ...bars.values, ...(bars.before ?? [])),
      this.#scale,
      this.plan.kind,
    );
    this.#chart ??= this.#make();
    const chart = this.#chart;
    const data = /** @type {any} */ (chart.data);
    const rows = bars.before ? [bars.before, bars.values] : [bars.values];
    const same =
      scale === this.#scale &&
      data.datasets.length === rows.length &&
      data.labels.join() === bars.labels.join();
    this.#scale = scale;
    if (same) {
      rows.forEach((values, i) => {
        data.datasets[i].values = values;
      });
      this.#axes.draw(chart);
      return;
    }
    data.labels = bars.labels;
    data.datasets = rows.map((values) => {
      const name = values === bars.before ? "peak" : this.plan.color;
      return { values, data: [], tint: () => color(name) };
    });
    const y = /** @type {any} */ (chart.options.scales).y;
    y.max = scale.max;
    y.ticks.stepSize = scale.step;
    chart.update("none");
  }

  restyle() {
    this.#chart?.update("none");
  }
}

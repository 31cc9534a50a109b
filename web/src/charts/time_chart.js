// SPDX-License-Identifier: MIT
//
// time_chart: a card with a chart over the view's time, a legend of live
// values, and a crosshair that all such charts share.

import { Chart, LinearScale, PointElement } from "chart.js";
import { color, h, setAttribute, setText } from "../dom.js";
import { clock, UNKNOWN } from "../format.js";
import { same } from "../same.js";
import { nextScale } from "../scale.js";
import { AsTable } from "./as_table.js";
import { Axes } from "./axes.js";
import { momentOf, pictureButton } from "./picture.js";
import { RingController } from "./ring_controller.js";

// The controller draws no points, yet Chart.js looks up its element by name.
Chart.register(RingController, LinearScale, PointElement);

const AXIS_WIDTH = 64;
const SUMMARY_MS = 5000;
const TABLE_ROWS = 12;

/**
 * @typedef {object} Plan
 * @property {string} id
 * @property {string} title
 * @property {string} help what it shows, how measured, in which unit
 * @property {import("../scale.js").Kind} kind
 * @property {(value: number) => string} format
 * @property {(value: number) => string} axis labels of the y axis
 * @property {(import("./ring_controller.js").Series & {label: string})[]} series
 */

export class TimeChart {
  /** @type {import("../scale.js").Scale | null} */
  #scale = null;
  #lastSummary = 0;
  /** @type {Chart | null} made when it is first drawn: the numbers come before it */
  #chart = null;
  #visible = true;
  // What the axes stand for.
  /** @type {number | null} */
  #end = null;
  #seconds = 0;
  /** @type {HTMLElement[]} */
  #values = [];
  #axes = new Axes((chart) => {
    this.#flags(chart);
    this.#crosshair(chart);
  });
  /** What the last drawing depended on. @type {any[]} */
  #drawn = [];

  /**
   * @param {Plan} plan
   * @param {import("./ring_controller.js").Source} source
   * @param {() => void} onHover called when there is something to draw: the crosshair moved
   */
  constructor(plan, source, onHover) {
    this.plan = plan;
    this.source = source;
    this.mirrored = plan.series.some((s) => s.sign === -1);
    this.canvas = h("canvas", { tabindex: 0, role: "img", "aria-label": plan.title });
    const legend = h("div", { class: "legend" });
    for (const series of plan.series) {
      const value = h("b", {});
      this.#values.push(value);
      legend.append(
        h(
          "span",
          {
            class: `key ${series.dash ? "dashed" : ""} ${series.fill ? "area" : ""} ${series.color}`,
          },
          `${series.label} `,
          value,
        ),
      );
    }
    const plot = h(
      "div",
      { class: "plot" },
      this.canvas,
      pictureButton(plan.title, this.canvas, () => this.#picture()),
    );
    this.table = new AsTable(
      plan.title,
      plot,
      () => this.#numbers(),
      () => {
        this.#drawn = [];
        onHover();
      },
    );
    this.element = h(
      "section",
      { class: "card chart", id: `chart-${plan.id}` },
      h("header", {}, h("h2", { text: plan.title, title: plan.help }), legend, this.table.button),
      plot,
      this.table.element,
    );
    new IntersectionObserver(
      (entries) => {
        this.#visible = entries[entries.length - 1].isIntersecting;
        onHover();
      },
      { rootMargin: "100px" },
    ).observe(this.canvas);
    this.#listen(onHover);
  }

  /** @returns {import("./picture.js").Picture} */
  #picture() {
    const { id, title, series } = this.plan;
    const words = series.map(({ label, color }, i) => ({
      text: `${label} ${this.#values[i].textContent}`,
      color,
    }));
    return { id, title, moment: momentOf(this.source), words };
  }

  /** A dozen moments of what is shown, the newest first. */
  #numbers() {
    const { ring, view } = this.source;
    const end = view.endOf(ring);
    const step = view.seconds / TABLE_ROWS;
    const rows = [];
    for (let i = 0; i <= TABLE_ROWS; i++) {
      const at = i === 0 ? view.endIndex(ring) : ring.find("t", end - i * step);
      if (at >= ring.end || (i > 0 && ring.at("t", at) > end - (i - 1) * step)) break;
      rows.push([
        clock(ring.at("t", at) * 1000),
        ...this.plan.series.map((series) => {
          const value = ring.at(series.column, at);
          return Number.isNaN(value) ? UNKNOWN : this.plan.format(value);
        }),
      ]);
    }
    return { heads: ["Time", ...this.plan.series.map((series) => series.label)], rows };
  }

  #make() {
    const { plan, source } = this;
    return new Chart(this.canvas, {
      type: /** @type {any} */ ("ring"),
      data: {
        datasets: /** @type {any} */ (
          plan.series.map((series) => ({
            series,
            source,
            data: [],
            stroke: () => color(series.color),
          }))
        ),
      },
      options: {
        animation: false,
        events: [],
        responsive: true,
        maintainAspectRatio: false,
        layout: { padding: { right: 4 } },
        plugins: { legend: { display: false }, tooltip: { enabled: false } },
        scales: {
          x: {
            type: "linear",
            min: -source.view.seconds,
            max: 0,
            border: { display: false },
            grid: { color: () => color("grid") },
            ticks: {
              color: () => color("dim"),
              font: { size: 11 },
              stepSize: source.view.seconds / 4,
              autoSkip: false,
              maxRotation: 0,
              align: "inner",
              callback: (/** @type {string | number} */ value) =>
                timeLabel(Number(value), source.view),
            },
          },
          y: {
            type: "linear",
            min: 0,
            max: 1,
            border: { display: false },
            grid: { color: () => color("grid") },
            afterFit: (/** @type {any} */ scale) => {
              scale.width = AXIS_WIDTH;
            },
            ticks: {
              color: () => color("dim"),
              stepSize: 1,
              autoSkip: false,
              font: { size: 11 },
              callback: (/** @type {string | number} */ value) =>
                plan.axis(Math.abs(Number(value))),
            },
          },
        },
      },
      plugins: [this.#axes.plugin],
    });
  }

  /** @param {() => void} onHover */
  #listen(onHover) {
    const view = this.source.view;
    this.canvas.addEventListener("pointermove", (event) => {
      const area = this.#chart?.chartArea;
      if (!area) return;
      const box = this.canvas.getBoundingClientRect();
      const part = (event.clientX - box.left - area.left) / area.width;
      view.hover = part < 0 || part > 1 ? null : (part - 1) * view.seconds;
      onHover();
    });
    this.canvas.addEventListener("pointerleave", () => {
      view.hover = null;
      onHover();
    });
    this.canvas.addEventListener("keydown", (event) => {
      if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
      const step = (view.seconds / 60) * (event.key === "ArrowLeft" ? -1 : 1);
      view.hover = Math.min(0, Math.max(-view.seconds, (view.hover ?? 0) + step));
      event.preventDefault();
      onHover();
    });
    this.canvas.addEventListener("blur", () => {
      view.hover = null;
      onHover();
    });
  }

  /** Snapshots and marks. @param {Chart} chart */
  #flags(chart) {
    const { view, ring, flags } = this.source;
    if (!flags) return;
    const end = view.endOf(ring);
    const { ctx, chartArea } = chart;
    ctx.save();
    ctx.globalAlpha = 0.7;
    for (const { t, kind } of flags()) {
      if (t > end || t < end - view.seconds) continue;
      ctx.fillStyle = color(kind === "snapshot" ? "marker" : "free");
      const x = chart.scales.x.getPixelForValue(t - end);
      ctx.fillRect(x - 0.5, chartArea.top, 1, chartArea.height);
    }
    ctx.restore();
  }

  /** @param {Chart} chart */
  #crosshair(chart) {
    const { view } = this.source;
    if (view.hover === null) return;
    const x = chart.scales.x.getPixelForValue(view.hover);
    const { ctx, chartArea } = chart;
    ctx.save();
    ctx.strokeStyle = color("dim");
    ctx.setLineDash([3, 3]);
    ctx.beginPath();
    ctx.moveTo(x, chartArea.top);
    ctx.lineTo(x, chartArea.bottom);
    ctx.stroke();
    ctx.restore();
  }

  /** Largest value in view, over all series. */
  #highest() {
    const { ring, view } = this.source;
    const end = view.endOf(ring);
    const from = ring.find("t", end - view.seconds);
    const to = ring.find("t", end) + 1;
    let most = 0;
    for (const series of this.plan.series) {
      const value = ring.max(series.column, from, to);
      if (value > most) most = value;
    }
    return most;
  }

  /** Whether the next draw has to make the chart, which takes time. */
  get due() {
    return this.#chart === null;
  }

  /** Whether there is anything to draw that has not been drawn. */
  get #changed() {
    const { ring, view, flags } = this.source;
    const now = [
      ring,
      ring.changes,
      view.version,
      view.window,
      view.hover,
      flags?.(),
      this.#visible,
    ];
    const changed = !same(now, this.#drawn);
    this.#drawn = now;
    return changed;
  }

  /** Draws what is new. Cheap unless an axis has to change. */
  draw() {
    this.table.draw();
    if (!this.#changed) return;
    if (this.table.shown) this.#legend();
    if (this.table.shown || (!this.#visible && this.#chart !== null)) return;
    const { view } = this.source;
    const scale = nextScale(this.#highest(), this.#scale, this.plan.kind, this.mirrored ? 2 : 4);
    const made = this.#chart === null;
    this.#chart ??= this.#make();
    const chart = this.#chart;
    if (made || scale !== this.#scale || view.seconds !== this.#seconds || view.end !== this.#end) {
      const scales = /** @type {any} */ (chart.options.scales);
      this.#end = view.end; // its label is a moment when the view is stopped
      this.#scale = scale;
      this.#seconds = view.seconds;
      scales.x.min = -view.seconds;
      scales.x.ticks.stepSize = view.seconds / 4;
      scales.y.min = this.mirrored ? -scale.max : 0;
      scales.y.max = scale.max;
      scales.y.ticks.stepSize = scale.step;
      chart.update("none");
    } else {
      this.#axes.draw(chart);
    }
    this.#legend();
  }

  /** After a change of the theme, or of the units. */
  restyle() {
    this.#drawn = [];
    this.#chart?.update("none");
  }

  #legend() {
    const { ring, view } = this.source;
    const hovered = view.hoverIndex(ring);
    const at = hovered >= 0 ? hovered : view.endIndex(ring);
    for (let i = 0; i < this.#values.length; i++) {
      const value = ring.at(this.plan.series[i].column, at);
      setText(this.#values[i], Number.isNaN(value) ? UNKNOWN : this.plan.format(value));
      setAttribute(this.#values[i], "data-value", String(value));
    }
    setAttribute(this.element, "data-seq", String(ring.at("seq", at)));
    const now = performance.now();
    if (now - this.#lastSummary < SUMMARY_MS) return;
    this.#lastSummary = now;
    const words = this.plan.series.map((s, i) => `${s.label} ${this.#values[i].textContent}`);
    setAttribute(this.canvas, "aria-label", `${this.plan.title}: ${words.join(", ")}`);
  }
}

/** @param {number} at seconds before the end, ≤ 0 @param {import("../view.js").View} view */
function timeLabel(at, { seconds, end }) {
  if (at === 0) return end === null ? "now" : clock(end * 1000);
  const s = Math.round(-at * 10) / 10;
  if (seconds < 120) return `−${s} s`;
  return `−${Math.floor(s / 60)}:${String(s % 60).padStart(2, "0")}`; // minutes and seconds
}

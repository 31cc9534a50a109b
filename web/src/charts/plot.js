// SPDX-License-Identifier: MIT
//
// plot: the result of a query as bars or a line.

import { CategoryScale, Chart, LinearScale } from "chart.js";
import { color, h, setAttribute } from "../dom.js";
import { nextScale } from "../scale.js";
import { Axes, OwnController } from "./axes.js";
import { ColumnsController } from "./columns_controller.js";

const FEW = 60; // of so many points each has a dot

/** A line through points that are in order. */
class LineController extends OwnController {
  static id = "points";

  draw() {
    const { ctx, scales } = this.chart;
    const { points, tint } = /** @type {any} */ (this.getDataset());
    /** @type {[number, number][]} */
    const places = points.map((/** @type {Plotted["points"][0]} */ p) => [
      scales.x.getPixelForValue(Number(p.x)),
      scales.y.getPixelForValue(p.y),
    ]);
    ctx.strokeStyle = ctx.fillStyle = tint();
    ctx.lineWidth = 1.5;
    ctx.beginPath();
    for (const [x, y] of places) ctx.lineTo(x, y);
    ctx.stroke();
    if (places.length < FEW) for (const [x, y] of places) ctx.fillRect(x - 2, y - 2, 4, 4);
  }
}

Chart.register(ColumnsController, CategoryScale, LinearScale, LineController);

export const MOST_BARS = 60;
const MOST_POINTS = 5000;

/**
 * @typedef {object} Plotted
 * @property {"bar" | "line"} kind
 * @property {string} x name
 * @property {string} y name
 * @property {{x: any, y: number, label: string}[]} points
 * @property {import("../scale.js").Kind} scale of y
 * @property {(n: number) => string} format of y
 * @property {(n: any) => string} formatX
 */

/** What of the points is drawn: a line of many loses those between. @param {Plotted["points"]} points @param {"bar" | "line"} kind */
export function drawn(points, kind) {
  if (kind === "bar") return points.slice(0, MOST_BARS);
  const rising = [...points].sort((a, b) => Number(a.x) - Number(b.x));
  const step = Math.ceil(rising.length / MOST_POINTS);
  return step > 1 ? rising.filter((_, i) => i % step === 0) : rising;
}

export class Plot {
  /** @type {Chart<any, any, any> | null} */
  #chart = null;

  constructor() {
    this.canvas = h("canvas", { role: "img", "aria-label": "Chart of the result" });
    this.element = h("div", { class: "plot big" }, this.canvas);
  }

  /** @param {Plotted} what */
  draw(what) {
    const points = drawn(what.points, what.kind);
    this.#chart?.destroy();
    const ticks = { color: () => color("dim"), font: { size: 11 }, maxRotation: 0 };
    const line = what.kind === "line";
    const highest = Math.max(...points.map((p) => p.y), 0);
    const lowest = Math.min(...points.map((p) => p.y), 0);
    // Round ends, as elsewhere; below 0 the chart finds its own.
    const scale = lowest < 0 ? null : nextScale(highest, null, what.scale);
    this.#chart = new Chart(this.canvas, {
      type: line ? "points" : "columns",
      data: {
        labels: line ? undefined : points.map((p) => p.label),
        datasets: [
          {
            data: [],
            points,
            values: points.map((p) => p.y),
            tint: () => color("heap"),
            range: {
              x: [Number(points[0]?.x ?? 0), Number(points.at(-1)?.x ?? 1)],
              y: [lowest, highest],
            },
          },
        ],
      },
      plugins: [new Axes().plugin],
      options: {
        animation: false,
        events: [],
        responsive: true,
        maintainAspectRatio: false,
        plugins: { legend: { display: false }, tooltip: { enabled: false } },
        scales: {
          x: {
            type: line ? "linear" : "category",
            offset: !line,
            grid: { display: false },
            border: { display: false },
            ticks: line
              ? { ...ticks, callback: (/** @type {any} */ v) => what.formatX(v) }
              : { ...ticks, autoSkipPadding: 8 },
          },
          y: {
            type: "linear",
            ...(scale ? { min: 0, max: scale.max } : {}),
            border: { display: false },
            grid: { color: () => color("grid") },
            ticks: {
              ...ticks,
              ...(scale ? { stepSize: scale.step, autoSkip: false } : {}),
              callback: (/** @type {any} */ v) => what.format(Number(v)),
            },
          },
        },
      },
    });
    const most = points.reduce((a, b) => (b.y > a.y ? b : a), points[0]);
    setAttribute(
      this.canvas,
      "aria-label",
      points.length
        ? `${what.y} by ${what.x}: ${points.length} values, the largest ${what.format(most.y)} at ${most.label}`
        : "Nothing to draw",
    );
  }

  restyle() {
    this.#chart?.update("none");
  }
}

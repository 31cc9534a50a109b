// SPDX-License-Identifier: MIT
//
// ring_controller: a Chart.js controller that draws straight from a Ring. The x
// axis is fixed and relative (seconds before the window's end), so that a new
// sample needs chart.render() and no chart.update().

import { DatasetController } from "chart.js";

/**
 * @typedef {object} Series
 * @property {string} column
 * @property {string} color name of a theme colour
 * @property {boolean} [fill]
 * @property {number[]} [dash]
 * @property {1 | -1} [sign] -1: mirrored below zero
 */
/**
 * @typedef {object} Source what a chart draws from
 * @property {import("../ring.js").Ring} ring
 * @property {import("../view.js").View} view
 */

export class RingController extends DatasetController {
  static id = "ring";
  static defaults = { dataElementType: "point", datasetElementType: false };

  parse() {}
  addElements() {}
  buildOrUpdateElements() {}
  update() {}
  reset() {}
  getMaxOverflow() {
    return 0;
  }

  /** @param {any} scale */
  getMinMax(scale) {
    return { min: scale.min ?? 0, max: scale.max ?? 1 };
  }

  draw() {
    /** @type {any} */
    const dataset = this.getDataset();
    /** @type {Source} */
    const { ring, view } = dataset.source;
    /** @type {Series} */
    const series = dataset.series;
    const { xScale, yScale } = /** @type {any} */ (this)._cachedMeta;
    const { ctx, chartArea } = this.chart;
    const end = view.endOf(ring);
    const from = Math.max(ring.find("t", end - view.seconds) - 1, ring.begin);
    const to = Math.min(ring.find("t", end + 1e-9) + 1, ring.end);
    if (to <= from) return;
    ctx.save();
    ctx.beginPath();
    ctx.rect(chartArea.left, chartArea.top, chartArea.width, chartArea.height);
    ctx.clip();
    ctx.lineWidth = 1.75;
    ctx.lineJoin = "round";
    ctx.strokeStyle = dataset.stroke();
    if (series.dash) ctx.setLineDash(series.dash);
    const span = trace(ctx, { ring, series, from, to, end, xScale, yScale, seconds: view.seconds });
    ctx.stroke();
    if (series.fill && span) {
      ctx.lineTo(span[1], yScale.getPixelForValue(0));
      ctx.lineTo(span[0], yScale.getPixelForValue(0));
      ctx.closePath();
      ctx.globalAlpha = 0.16;
      ctx.fillStyle = ctx.strokeStyle;
      ctx.fill();
    }
    ctx.restore();
  }
}

/**
 * Draws the path: one vertical stroke per pixel column at most, from its least
 * to its largest value, so that nothing between two samples is lost.
 * @param {CanvasRenderingContext2D} ctx
 * @param {{ring: import("../ring.js").Ring, series: Series, from: number, to: number, end: number,
 *   xScale: any, yScale: any, seconds: number}} p
 * @returns {[number, number] | null} first and last x
 */
function trace(ctx, p) {
  const data = p.ring.columns[p.series.column];
  const time = p.ring.columns.t;
  const capacity = p.ring.capacity;
  const sign = p.series.sign ?? 1;
  const x0 = p.xScale.left;
  const perSecond = (p.xScale.right - p.xScale.left) / p.seconds;
  const y0 = p.yScale.getPixelForValue(0);
  const perUnit = (p.yScale.getPixelForValue(1) - y0) * sign;
  let column = Number.NaN;
  let low = 0;
  let high = 0;
  let first = Number.NaN;
  let x = 0;
  ctx.beginPath();
  for (let i = p.from; i < p.to; i++) {
    const value = data[i % capacity];
    if (Number.isNaN(value)) continue;
    x = x0 + (time[i % capacity] - p.end + p.seconds) * perSecond;
    const y = y0 + value * perUnit;
    const here = Math.floor(x);
    if (Number.isNaN(first)) {
      first = x;
      ctx.moveTo(x, y);
    } else if (here === column) {
      if (y < low || y > high) ctx.lineTo(x, y);
    } else {
      ctx.lineTo(x, y);
      low = y;
      high = y;
    }
    column = here;
    low = Math.min(low, y);
    high = Math.max(high, y);
  }
  return Number.isNaN(first) ? null : [first, x];
}

// SPDX-License-Identifier: MIT
//
// ring_controller: a Chart.js controller that draws straight from a Ring. The x
// axis is fixed and relative (seconds before the window's end), so that a new
// sample needs no chart.update().

import { OwnController } from "./axes.js";

const GAP = 1.5; // where samples are missing for so long, in seconds or steps, so is the line

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
 * @property {() => import("./strip.js").Flag[]} [flags] moments to be marked
 */

export class RingController extends OwnController {
  static id = "ring";

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
    ctx.fillStyle = ctx.strokeStyle;
    if (series.dash) ctx.setLineDash(series.dash);
    const zero = yScale.getPixelForValue(0);
    for (const part of trace({
      ring,
      series,
      from,
      to,
      end,
      xScale,
      yScale,
      seconds: view.seconds,
    })) {
      ctx.globalAlpha = 1;
      ctx.stroke(part.path);
      if (!series.fill) continue;
      part.path.lineTo(part.last, zero);
      part.path.lineTo(part.first, zero);
      part.path.closePath();
      ctx.globalAlpha = 0.16;
      ctx.fill(part.path);
    }
    ctx.restore();
  }
}

/**
 * The line as paths, one for each stretch without a gap. A path has a few
 * points per pixel column at most, its least and its largest among them, so
 * that nothing between two samples is lost.
 * @param {{ring: import("../ring.js").Ring, series: Series, from: number, to: number, end: number,
 *   xScale: any, yScale: any, seconds: number}} p
 * @returns {{path: Path2D, first: number, last: number}[]}
 */
function trace(p) {
  const data = p.ring.columns[p.series.column];
  const time = p.ring.columns.t;
  const capacity = p.ring.capacity;
  const x0 = p.xScale.left;
  const perSecond = (p.xScale.right - p.xScale.left) / p.seconds;
  const y0 = p.yScale.getPixelForValue(0);
  const perUnit = (p.yScale.getPixelForValue(1) - y0) * (p.series.sign ?? 1);
  /** @type {{path: Path2D, first: number, last: number}[]} */
  const parts = [];
  let part = null;
  let column = Number.NaN;
  let low = 0;
  let high = 0;
  const gap = GAP * p.ring.step;
  let before = Number.NaN;
  for (let i = p.from; i < p.to; i++) {
    const value = data[i % capacity];
    const t = time[i % capacity];
    if (Number.isNaN(value)) continue;
    const x = x0 + (t - p.end + p.seconds) * perSecond;
    const y = y0 + value * perUnit;
    const here = Math.floor(x);
    if (part === null || t - before > gap) {
      part = { path: new Path2D(), first: x, last: x };
      parts.push(part);
      part.path.moveTo(x, y);
      low = high = y;
    } else if (here === column) {
      if (y < low || y > high) part.path.lineTo(x, y);
      low = Math.min(low, y);
      high = Math.max(high, y);
    } else {
      part.path.lineTo(x, y);
      low = high = y;
    }
    column = here;
    before = t;
    part.last = x;
  }
  return parts;
}

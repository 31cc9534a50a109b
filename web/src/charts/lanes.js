// SPDX-License-Identifier: MIT
//
// lanes: happenings on an axis of time, a line for each kind.

import { color, h, setAttribute } from "../dom.js";
import { clipMiddle, clock, count } from "../format.js";

/** @typedef {import("../timeline_events.js").Happening} Happening */
/** @typedef {import("../timeline_events.js").Lane} Lane */

const LANE_PX = 30;
const AXIS_PX = 22;
const NEAR_PX = 7;
const STEPS_S = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400,
];
const COLORS = /** @type {Record<Lane, string>} */ ({
  process: "text",
  mode: "rss",
  snapshot: "marker",
  mark: "heap",
  violation: "bad",
  thread: "free",
});

export class Lanes {
  #width = 0;
  /** @type {Happening[]} */
  #list = [];
  #end = 1;
  #label = 0;

  /** @param {[Lane, string][]} lanes @param {{onLook: (happening: Happening | null) => void, onChoose: (happening: Happening) => void}} options */
  constructor(lanes, options) {
    this.lanes = lanes;
    this.options = options;
    this.canvas = h("canvas", { class: "lanes", role: "img", "aria-label": "Timeline" });
    new ResizeObserver(([{ contentRect }]) => {
      if (contentRect.width === this.#width) return;
      this.#width = contentRect.width;
      this.draw();
    }).observe(this.canvas);
    this.canvas.addEventListener("pointermove", (e) => options.onLook(this.#find(e)));
    this.canvas.addEventListener("pointerleave", () => options.onLook(null));
    this.canvas.addEventListener("click", (e) => {
      const found = this.#find(e);
      if (found) options.onChoose(found);
    });
  }

  /** @param {Happening[]} list @param {number} end seconds of the axis */
  show(list, end) {
    this.#list = list;
    this.#end = Math.max(end, 1, list.length ? list[list.length - 1].t : 0);
    this.draw();
  }

  /** @param {number} t */
  #x(t) {
    return this.#label + 4 + (t / this.#end) * (this.#width - this.#label - 16);
  }

  draw() {
    const width = this.#width;
    if (width === 0) return;
    const { canvas, lanes } = this;
    const height = lanes.length * LANE_PX + AXIS_PX;
    canvas.width = Math.round(width * devicePixelRatio);
    canvas.height = Math.round(height * devicePixelRatio);
    canvas.style.height = `${height}px`;
    const ctx = canvas.getContext("2d");
    if (!ctx) return;
    ctx.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    ctx.font = "12px system-ui, sans-serif";
    ctx.textBaseline = "middle";
    this.#label = width < 500 ? 76 : 140;
    lanes.forEach(([lane, label], i) => {
      const y = i * LANE_PX + LANE_PX / 2;
      ctx.fillStyle = color("dim");
      ctx.fillText(clipMiddle(label, width < 500 ? 11 : 22), 0, y);
      ctx.fillStyle = color("grid");
      ctx.fillRect(this.#label, y, width - this.#label, 1);
      ctx.fillStyle = color(COLORS[lane]);
      for (const happening of this.#list) {
        if (happening.lane !== lane) continue;
        ctx.beginPath();
        ctx.arc(this.#x(happening.t), y, 4, 0, 7);
        ctx.fill();
      }
    });
    this.#axis(ctx, lanes.length * LANE_PX, width);
    const counts = lanes.map(
      ([lane, label]) => `${label} ${count(this.#list.filter((x) => x.lane === lane).length)}`,
    );
    setAttribute(canvas, "aria-label", `Timeline: ${counts.join(", ")}. The list below has each.`);
    setAttribute(canvas, "data-count", String(this.#list.length));
  }

  /** @param {CanvasRenderingContext2D} ctx @param {number} top @param {number} width */
  #axis(ctx, top, width) {
    ctx.fillStyle = color("dim");
    const least = this.#end / Math.max(1, Math.floor((width - this.#label) / 90));
    const step = STEPS_S.find((s) => s >= least) ?? Math.ceil(least / 86400) * 86400;
    for (let t = 0; t <= this.#end; t += step) {
      ctx.textAlign = t === 0 ? "left" : "center";
      if (this.#x(t) < width - 24) ctx.fillText(clock(t * 1000), this.#x(t), top + AXIS_PX / 2);
    }
    ctx.textAlign = "left";
  }

  /** @param {MouseEvent} event */
  #find(event) {
    const lane = this.lanes[Math.floor(event.offsetY / LANE_PX)]?.[0];
    let best = null;
    let nearest = NEAR_PX;
    for (const happening of this.#list) {
      const away = Math.abs(this.#x(happening.t) - event.offsetX);
      if (happening.lane !== lane || away > nearest) continue;
      nearest = away;
      best = happening;
    }
    return best;
  }
}

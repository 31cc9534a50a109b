// SPDX-License-Identifier: MIT
//
// strip: all of the history that is held, in one narrow band: live heap and
// RSS, snapshots, marks, and what is shown of it. A click chooses a moment, a
// drag a range from A to B; so do the arrows, and the arrows with Shift.

import { color, h, setAttribute } from "../dom.js";
import { clock } from "../format.js";

const EVERY_MS = 500;
const DRAG_PX = 4; // less is a click
const LEAST_RANGE_S = 0.2;

/** @typedef {{t: number, label: string, kind: "snapshot" | "mark"}} Flag */
/**
 * @typedef {object} Choice
 * @property {(end: number) => void} moment
 * @property {(begin: number, end: number) => void} range
 */

export class Strip {
  #drawnAt = 0;
  #drawn = "";
  // Told by the browser: to ask it would lay the page out within a tick.
  #size = { width: 0, height: 0 };
  /** @type {{x: number, t: number} | null} where a drag began */
  #drag = null;

  /**
   * @param {import("./ring_controller.js").Source} source
   * @param {Choice} choice
   */
  constructor(source, choice) {
    this.source = source;
    this.choice = choice;
    this.canvas = h("canvas", {
      class: "strip",
      tabindex: 0,
      role: "slider",
      "aria-label": "Time shown, in seconds of the program's life; with Shift, a range",
    });
    new ResizeObserver(([{ contentRect }]) => {
      this.#size = { width: contentRect.width, height: contentRect.height };
    }).observe(this.canvas);
    this.#listenToPointer();
    this.canvas.addEventListener("keydown", (event) => this.#key(event));
  }

  #span() {
    const { ring } = this.source;
    const begin = ring.at("t", ring.begin);
    const end = ring.last("t");
    return Number.isFinite(begin) && end > begin ? { begin, end } : null;
  }

  #listenToPointer() {
    const { canvas, choice } = this;
    /** @param {PointerEvent} event */
    const timeAt = (event) => {
      const span = this.#span();
      if (!span) return null;
      const box = canvas.getBoundingClientRect();
      const part = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
      return span.begin + part * (span.end - span.begin);
    };
    canvas.addEventListener("pointerdown", (event) => {
      const t = timeAt(event);
      if (t === null || event.button !== 0) return;
      canvas.setPointerCapture(event.pointerId);
      this.#drag = { x: event.clientX, t };
    });
    canvas.addEventListener("pointermove", (event) => {
      const t = timeAt(event);
      if (t === null || !this.#drag || Math.abs(event.clientX - this.#drag.x) < DRAG_PX) return;
      const [begin, end] = [Math.min(t, this.#drag.t), Math.max(t, this.#drag.t)];
      if (end - begin >= LEAST_RANGE_S) choice.range(begin, end);
    });
    canvas.addEventListener("pointerup", (event) => {
      const t = timeAt(event);
      const drag = this.#drag;
      this.#drag = null;
      if (t !== null && drag && Math.abs(event.clientX - drag.x) < DRAG_PX) choice.moment(t);
    });
    canvas.addEventListener("pointercancel", () => {
      this.#drag = null;
    });
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const span = this.#span();
    const { view, ring } = this.source;
    const way = { ArrowLeft: -0.25, ArrowRight: 0.25, PageUp: -1, PageDown: 1 }[event.key];
    const goal = { Home: span?.begin, End: span?.end }[event.key];
    if (!span || (way === undefined && goal === undefined)) return;
    event.preventDefault();
    const here = view.endOf(ring);
    const there = goal ?? here + (way ?? 0) * (view.begin === null ? view.seconds : view.window);
    const to = Math.min(span.end, Math.max(span.begin, there));
    if (!event.shiftKey) this.choice.moment(to);
    else {
      // Shift keeps one end and moves the other.
      const fixed = view.begin ?? here;
      if (Math.abs(to - fixed) >= LEAST_RANGE_S)
        this.choice.range(Math.min(fixed, to), Math.max(fixed, to));
    }
  }

  restyle() {
    this.#drawnAt = 0;
  }

  /** @param {Flag[]} flags */
  draw(flags) {
    const canvas = this.canvas;
    const { width, height } = this.#size;
    const ctx = canvas.getContext("2d");
    if (!ctx || width === 0) return;
    // Ten minutes change little in a tenth of a second; a reader's move shows at once.
    const now = performance.now();
    const { view } = this.source;
    const key = `${view.version} ${view.window} ${width} ${flags.length}`;
    if (key === this.#drawn && now - this.#drawnAt < EVERY_MS) return;
    this.#drawnAt = now;
    this.#drawn = key;
    const across = Math.round(width * devicePixelRatio);
    const down = Math.round(height * devicePixelRatio);
    if (canvas.width !== across || canvas.height !== down) {
      canvas.width = across;
      canvas.height = down;
    }
    ctx.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    ctx.clearRect(0, 0, width, height);
    const span = this.#span();
    if (!span) return;
    const { ring } = this.source;
    const most = Math.max(
      ring.max("live", ring.begin, ring.end) || 1,
      ring.max("rss", ring.begin, ring.end) || 1,
    );
    const frame = { ctx, span, scale: width / (span.end - span.begin), width, height, most };
    this.#line(frame, "rss");
    this.#line(frame, "live");
    this.#flags(frame, flags);
    this.#shown(frame);
    this.#tell(span);
  }

  /** @typedef {{ctx: CanvasRenderingContext2D, span: {begin: number, end: number}, scale: number, width: number, height: number, most: number}} Frame */

  /** @param {Frame} frame @param {"live" | "rss"} column */
  #line({ ctx, span, scale, width, height, most }, column) {
    const { ring } = this.source;
    const step = Math.max(1, Math.floor((ring.end - ring.begin) / (width * 2)));
    ctx.beginPath();
    let last = 0;
    for (let i = ring.begin; i < ring.end; i += step) {
      const value = ring.at(column, i);
      if (Number.isNaN(value)) continue;
      last = (ring.at("t", i) - span.begin) * scale;
      ctx.lineTo(last, height - (value / most) * (height - 14));
    }
    if (column === "rss") {
      ctx.strokeStyle = color("rss");
      ctx.lineWidth = 1;
      ctx.stroke();
      return;
    }
    ctx.lineTo(last, height);
    ctx.lineTo(0, height);
    ctx.closePath();
    ctx.fillStyle = color("heap");
    ctx.globalAlpha = 0.22;
    ctx.fill();
    ctx.globalAlpha = 1;
  }

  /** @param {Frame} frame @param {Flag[]} flags */
  #flags({ ctx, span, scale, width, height }, flags) {
    ctx.font = "11px system-ui, sans-serif";
    ctx.textBaseline = "alphabetic";
    let free = 0; // a label that would lie on another is left out; its line is not
    for (const { t, label, kind } of flags) {
      if (t < span.begin || t > span.end) continue;
      const x = (t - span.begin) * scale;
      ctx.fillStyle = color(kind === "snapshot" ? "marker" : "free");
      ctx.fillRect(x - 0.75, 0, 1.5, height);
      if (kind === "mark") {
        ctx.beginPath();
        ctx.moveTo(x - 4, height);
        ctx.lineTo(x + 4, height);
        ctx.lineTo(x, height - 7);
        ctx.fill();
      }
      const wide = ctx.measureText(label).width + 6;
      if (x < free || x + wide > width) continue;
      ctx.fillText(label, x + 4, 11);
      free = x + wide;
    }
  }

  /** What is shown: a frame around the window, or all but the range dimmed. */
  /** @param {Frame} frame */
  #shown({ ctx, span, scale, width, height }) {
    const { view, ring } = this.source;
    const end = (view.endOf(ring) - span.begin) * scale;
    const begin = Math.max(0, end - view.seconds * scale);
    if (view.begin !== null) {
      ctx.globalAlpha = 0.6;
      ctx.fillStyle = color("card");
      ctx.fillRect(0, 0, begin, height);
      ctx.fillRect(end, 0, width - end, height);
      ctx.globalAlpha = 1;
    }
    ctx.strokeStyle = color("accent");
    ctx.lineWidth = 2;
    ctx.strokeRect(begin + 1, 1, Math.max(4, end - begin - 2), height - 2);
    if (!view.chosen) return;
    ctx.font = "bold 11px system-ui, sans-serif";
    ctx.fillStyle = color("accent");
    if (view.begin !== null) {
      ctx.textAlign = begin > 14 ? "right" : "left";
      ctx.fillText("A", begin + (begin > 14 ? -4 : 6), height - 5);
      ctx.textAlign = end < width - 14 ? "left" : "right";
      ctx.fillText("B", end + (end < width - 14 ? 4 : -6), height - 5);
      ctx.textAlign = "left";
    } else ctx.fillRect(Math.min(width - 3, end - 1.5), 0, 3, height);
  }

  /** For readers of the screen. @param {{begin: number, end: number}} span */
  #tell(span) {
    const { view, ring } = this.source;
    const { canvas } = this;
    const end = view.endOf(ring);
    setAttribute(canvas, "aria-valuemin", span.begin.toFixed(0));
    setAttribute(canvas, "aria-valuemax", span.end.toFixed(0));
    setAttribute(canvas, "aria-valuenow", end.toFixed(0));
    const from = view.begin === null ? "" : `from ${clock(view.begin * 1000)} to `;
    setAttribute(
      canvas,
      "aria-valuetext",
      view.end === null ? "now" : `${from}${clock(end * 1000)}`,
    );
    setAttribute(canvas, "data-first-seq", String(ring.at("seq", ring.begin)));
    setAttribute(canvas, "data-last-seq", String(ring.last("seq")));
    setAttribute(canvas, "data-samples", String(ring.end - ring.begin));
  }
}

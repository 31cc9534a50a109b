// SPDX-License-Identifier: MIT
//
// strip: all of the history that is held, in one narrow band: live heap,
// snapshot markers, and the part that the charts show. A click or a drag moves
// that part, and stops it there.

import { color, h, setAttribute } from "../dom.js";

const EVERY_MS = 500;

export class Strip {
  #drawnAt = 0;
  /** @type {number | null} */
  #drawnEnd = null;
  #drawnWidth = 0;
  // Told by the browser: to ask it would lay the page out within a tick.
  #size = { width: 0, height: 0 };

  /**
   * @param {import("./ring_controller.js").Source} source
   * @param {(end: number) => void} onMove the charts shall end at this time
   */
  constructor(source, onMove) {
    this.source = source;
    this.canvas = h("canvas", {
      class: "strip",
      tabindex: 0,
      role: "slider",
      "aria-label": "Time shown, in seconds of the program's life",
    });
    new ResizeObserver(([{ contentRect }]) => {
      this.#size = { width: contentRect.width, height: contentRect.height };
    }).observe(this.canvas);
    this.#listen(onMove);
  }

  #span() {
    const { ring } = this.source;
    const begin = ring.at("t", ring.begin);
    const end = ring.last("t");
    return Number.isFinite(begin) && end > begin ? { begin, end } : null;
  }

  /** @param {(end: number) => void} onMove */
  #listen(onMove) {
    const { view } = this.source;
    /** @param {PointerEvent} event */
    const move = (event) => {
      const span = this.#span();
      if (!span) return;
      const box = this.canvas.getBoundingClientRect();
      const t = span.begin + ((event.clientX - box.left) / box.width) * (span.end - span.begin);
      onMove(Math.min(span.end, Math.max(span.begin + 1, t + view.seconds / 2)));
    };
    this.canvas.addEventListener("pointerdown", (event) => {
      this.canvas.setPointerCapture(event.pointerId);
      move(event);
    });
    this.canvas.addEventListener("keydown", (event) => {
      const span = this.#span();
      const way = { ArrowLeft: -0.25, ArrowRight: 0.25, PageUp: -1, PageDown: 1 }[event.key];
      if (!span || way === undefined) return;
      event.preventDefault();
      onMove(
        Math.min(
          span.end,
          Math.max(span.begin + 1, view.endOf(this.source.ring) + way * view.seconds),
        ),
      );
    });
    this.canvas.addEventListener("pointermove", (event) => {
      if (this.canvas.hasPointerCapture(event.pointerId)) move(event);
    });
  }

  restyle() {
    this.#drawnAt = 0;
  }

  /** @param {Record<string, any>[]} snapshots @param {number} startMs */
  draw(snapshots, startMs) {
    const canvas = this.canvas;
    const { width, height } = this.#size;
    const ctx = canvas.getContext("2d");
    if (!ctx || width === 0) return;
    // Ten minutes change little in a tenth of a second; a reader's move shows at once.
    const now = performance.now();
    const { view } = this.source;
    const moved = view.end !== this.#drawnEnd || width !== this.#drawnWidth;
    if (!moved && now - this.#drawnAt < EVERY_MS) return;
    this.#drawnAt = now;
    this.#drawnEnd = view.end;
    this.#drawnWidth = width;
    if (canvas.width !== Math.round(width * devicePixelRatio)) {
      canvas.width = Math.round(width * devicePixelRatio);
      canvas.height = Math.round(height * devicePixelRatio);
    }
    ctx.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    ctx.clearRect(0, 0, width, height);
    const span = this.#span();
    if (!span) return;
    const scale = width / (span.end - span.begin);
    this.#line(ctx, span, scale, width, height);
    ctx.font = "11px system-ui, sans-serif";
    for (const snapshot of snapshots) {
      const t = (snapshot.time_ms - startMs) / 1000;
      if (t < span.begin || t > span.end) continue;
      const x = (t - span.begin) * scale;
      ctx.fillStyle = color("marker");
      ctx.fillRect(x - 0.75, 0, 1.5, height);
      ctx.fillText(`S${snapshot.id}`, Math.min(x + 4, width - 18), 11);
    }
    const { ring } = this.source;
    const end = view.endOf(ring);
    setAttribute(canvas, "aria-valuemin", span.begin.toFixed(0));
    setAttribute(canvas, "aria-valuemax", span.end.toFixed(0));
    setAttribute(canvas, "aria-valuenow", end.toFixed(0));
    setAttribute(canvas, "data-first-seq", String(ring.at("seq", ring.begin)));
    setAttribute(canvas, "data-last-seq", String(ring.last("seq")));
    setAttribute(canvas, "data-samples", String(ring.end - ring.begin));
    const left = Math.max(0, (end - view.seconds - span.begin) * scale);
    ctx.strokeStyle = color("heap");
    ctx.lineWidth = 2;
    ctx.strokeRect(left + 1, 1, Math.max(4, (end - span.begin) * scale - left - 2), height - 2);
  }

  /**
   * @param {CanvasRenderingContext2D} ctx
   * @param {{begin: number, end: number}} span
   * @param {number} scale
   * @param {number} width
   * @param {number} height
   */
  #line(ctx, span, scale, width, height) {
    const { ring } = this.source;
    const most = ring.max("live", ring.begin, ring.end) || 1;
    const step = Math.max(1, Math.floor((ring.end - ring.begin) / (width * 2)));
    ctx.beginPath();
    ctx.moveTo(0, height);
    for (let i = ring.begin; i < ring.end; i += step) {
      ctx.lineTo(
        (ring.at("t", i) - span.begin) * scale,
        height - (ring.at("live", i) / most) * (height - 14),
      );
    }
    ctx.lineTo(width, height);
    ctx.closePath();
    ctx.fillStyle = color("heap");
    ctx.globalAlpha = 0.22;
    ctx.fill();
    ctx.globalAlpha = 1;
  }
}

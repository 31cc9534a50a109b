// SPDX-License-Identifier: MIT
//
// heat_map: threads as rows, time along the axis, a colour for a number. Drawn
// as an image of one pixel a cell, and enlarged.

import { color, h, setAttribute } from "../dom.js";
import { STEP_S } from "../heat.js";

const MOST_PX = 18;
const WANTED_PX = 520;

/** #0b62c4 -> [11, 98, 196] @param {string} hex */
function rgb(hex) {
  const n = Number.parseInt(hex.slice(1), 16);
  return [n >> 16, (n >> 8) & 255, n & 255];
}

export class HeatMap {
  /** @type {ReturnType<import("../heat.js").Heat["rows"]>} */
  #shown = { rows: [], highest: 0, left: 0, known: 1 };
  #px = MOST_PX;
  #at = 0;
  #width = 0;

  /** @param {{onLook: (row: Record<string, any> | null, value: number, seconds: number) => void, onChoose: (row: Record<string, any>) => void}} options */
  constructor(options) {
    this.options = options;
    this.small = document.createElement("canvas");
    this.canvas = h("canvas", {
      class: "heat-map",
      tabindex: 0,
      role: "application",
      "aria-roledescription": "heat map",
      "aria-label": "Threads over time: arrow keys choose a thread, Enter opens it",
    });
    new ResizeObserver(([{ contentRect }]) => {
      if (contentRect.width === this.#width) return;
      this.#width = contentRect.width;
      this.draw();
    }).observe(this.canvas);
    this.canvas.addEventListener("pointermove", (e) => this.#pointed(e));
    this.canvas.addEventListener("pointerleave", () => options.onLook(null, 0, 0));
    this.canvas.addEventListener("click", (e) => {
      const found = this.#shown.rows[Math.floor(e.offsetY / this.#px)];
      if (found) options.onChoose(found.row);
    });
    this.canvas.addEventListener("keydown", (e) => this.#key(e));
    this.canvas.addEventListener("blur", () => this.draw());
  }

  /** @param {ReturnType<import("../heat.js").Heat["rows"]>} shown */
  show(shown) {
    this.#shown = shown;
    this.draw();
  }

  draw() {
    const { rows, highest, known } = this.#shown;
    const { canvas, small } = this;
    const width = this.#width;
    if (width === 0 || rows.length === 0) return;
    small.width = known;
    small.height = rows.length;
    const ctx = small.getContext("2d");
    const to = canvas.getContext("2d");
    if (!ctx || !to) return;
    const image = ctx.createImageData(known, rows.length);
    const low = rgb(color("grid"));
    const high = rgb(color("heap"));
    rows.forEach(({ values }, y) => {
      values.forEach((value, x) => {
        if (Number.isNaN(value)) return; // nothing is known: nothing is drawn
        // The root: what is small is told from nothing.
        const part = highest > 0 ? Math.sqrt(value / highest) : 0;
        const at = (y * known + x) * 4;
        for (let i = 0; i < 3; i++) image.data[at + i] = low[i] + (high[i] - low[i]) * part;
        image.data[at + 3] = 255;
      });
    });
    ctx.putImageData(image, 0, 0);
    this.#px = Math.max(1, Math.min(MOST_PX, Math.floor(WANTED_PX / rows.length)));
    const height = rows.length * this.#px;
    canvas.style.height = `${height}px`;
    canvas.width = Math.round(width * devicePixelRatio);
    canvas.height = Math.round(height * devicePixelRatio);
    to.imageSmoothingEnabled = false;
    to.drawImage(small, 0, 0, canvas.width, canvas.height);
    setAttribute(canvas, "data-rows", String(rows.length));
    if (document.activeElement !== canvas) return;
    to.scale(devicePixelRatio, devicePixelRatio);
    to.strokeStyle = color("text");
    to.lineWidth = 2;
    to.strokeRect(1, this.#at * this.#px, width - 2, Math.max(3, this.#px));
  }

  /** @param {PointerEvent} event */
  #pointed(event) {
    const found = this.#shown.rows[Math.floor(event.offsetY / this.#px)];
    const x = Math.min(
      this.#shown.known - 1,
      Math.max(0, Math.floor((event.offsetX / this.#width) * this.#shown.known)),
    );
    if (found)
      this.options.onLook(found.row, found.values[x], (this.#shown.known - 1 - x) * STEP_S);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const last = this.#shown.rows.length - 1;
    const to = { ArrowDown: this.#at + 1, ArrowUp: this.#at - 1, Home: 0, End: last }[event.key];
    const found = this.#shown.rows[this.#at];
    if (event.key === "Enter" && found) this.options.onChoose(found.row);
    else if (to === undefined) return;
    else {
      this.#at = Math.max(0, Math.min(last, to));
      const { row, values } = this.#shown.rows[this.#at];
      this.options.onLook(row, values[values.length - 1], 0);
      this.draw();
    }
    event.preventDefault();
  }
}

// SPDX-License-Identifier: MIT
//
// heap_grid: the address space as a grid of cells on a canvas; the fuller of
// live blocks, the stronger the colour. A click, or Enter, goes into a cell.

import { color, h, setAttribute } from "../dom.js";
import { bytes, count, percent } from "../format.js";
import { layout } from "../occupancy.js";

/** @typedef {import("../occupancy.js").Cell} Cell */
/** @typedef {{cell: Cell, x: number, y: number}} Placed */

const LINE_GAP = 6; // between areas
const CELL_PX = [18, 14, 11, 8, 6];

/** @param {number} address */
export function hex(address) {
  return `0x${address.toString(16)}`;
}

/** @param {Cell} cell @param {number} size */
export function cellText(cell, size) {
  const full = Math.min(1, cell.bytes / size);
  return `${hex(cell.begin)} to ${hex(cell.begin + size)}: ${bytes(cell.bytes)} live in ${count(cell.blocks)} blocks, ${percent(full * 100)} % of ${bytes(size)}`;
}

export class HeapGrid {
  /** @type {Placed[]} */
  #placed = [];
  #size = 0;
  #px = 12;
  #width = 0;
  #at = 0;
  /** @type {import("../occupancy.js").Area[]} */
  #areas = [];

  /** @param {{onZoom: (cell: Cell) => void, onLook: (text: string) => void}} options */
  constructor(options) {
    this.options = options;
    this.canvas = h("canvas", {
      class: "heap-grid",
      tabindex: 0,
      role: "application",
      "aria-roledescription": "map of the heap",
      "aria-label": "Map of the heap: arrow keys move, Enter goes into a cell, Escape comes back",
    });
    new ResizeObserver(([{ contentRect }]) => {
      if (contentRect.width === this.#width) return;
      this.#width = contentRect.width;
      this.draw();
    }).observe(this.canvas);
    this.canvas.addEventListener("pointermove", (e) => this.#look(this.#find(e)));
    this.canvas.addEventListener("click", (e) => this.#zoom(this.#find(e)));
    this.canvas.addEventListener("keydown", (e) => this.#key(e));
  }

  /** @param {import("../occupancy.js").Area[]} areas @param {number} size bytes of a cell */
  show(areas, size) {
    this.#areas = areas;
    this.#size = size;
    this.#at = 0;
    this.draw();
  }

  /** @param {number} line @param {Map<number, number>} starts */
  #top(line, starts) {
    return line * this.#px + (starts.get(line) ?? 0) * LINE_GAP;
  }

  draw() {
    const width = this.#width;
    if (width === 0) return;
    const cells = this.#areas.reduce((sum, area) => sum + area.cells.length, 0);
    this.#px = CELL_PX.find((px) => (cells * px * px) / width < 420) ?? 6;
    const perLine = Math.max(1, Math.floor(width / this.#px));
    const { placed, lines } = layout(this.#areas, perLine);
    this.#placed = placed;
    /** @type {Map<number, number>} how many areas have begun before a line */
    const starts = new Map();
    let line = 0;
    this.#areas.forEach((area, i) => {
      const end = line + Math.ceil(area.cells.length / perLine);
      for (; line < end; line++) starts.set(line, i);
    });
    this.starts = starts;
    const height = Math.max(40, this.#top(lines, new Map([[lines, this.#areas.length]])));
    const { canvas } = this;
    canvas.style.height = `${height}px`;
    canvas.width = Math.round(width * devicePixelRatio);
    canvas.height = Math.round(height * devicePixelRatio);
    const ctx = canvas.getContext("2d");
    if (!ctx) return;
    ctx.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    for (const { cell, x, y } of placed) {
      const top = this.#top(y, starts);
      ctx.globalAlpha = 1;
      ctx.fillStyle = color("grid");
      ctx.fillRect(x * this.#px, top, this.#px - 1, this.#px - 1);
      if (cell.bytes === 0) continue;
      ctx.globalAlpha = 0.18 + 0.82 * Math.min(1, cell.bytes / this.#size);
      ctx.fillStyle = color("heap");
      ctx.fillRect(x * this.#px, top, this.#px - 1, this.#px - 1);
    }
    ctx.globalAlpha = 1;
    if (document.activeElement === canvas) this.#frame(ctx);
    setAttribute(canvas, "data-cells", String(placed.length));
    setAttribute(canvas, "data-cell-bytes", String(this.#size));
  }

  /** @param {CanvasRenderingContext2D} ctx */
  #frame(ctx) {
    const at = this.#placed[this.#at];
    if (!at) return;
    ctx.strokeStyle = color("text");
    ctx.lineWidth = 2;
    ctx.strokeRect(
      at.x * this.#px,
      this.#top(at.y, this.starts ?? new Map()),
      this.#px - 1,
      this.#px - 1,
    );
  }

  /** @param {MouseEvent} event */
  #find(event) {
    const x = Math.floor(event.offsetX / this.#px);
    return this.#placed.findIndex(
      (p) =>
        p.x === x &&
        event.offsetY >= this.#top(p.y, this.starts ?? new Map()) &&
        event.offsetY < this.#top(p.y, this.starts ?? new Map()) + this.#px,
    );
  }

  /** @param {number} at */
  #look(at) {
    const placed = this.#placed[at];
    this.options.onLook(placed ? cellText(placed.cell, this.#size) : "");
  }

  /** @param {number} at */
  #zoom(at) {
    const placed = this.#placed[at];
    if (placed) this.options.onZoom(placed.cell);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const here = this.#placed[this.#at];
    if (!here) return;
    /** @param {number} by */
    const below = (by) =>
      this.#placed.findIndex((p) => p.y === here.y + by && p.x >= Math.min(here.x, p.x));
    /** @type {Record<string, number | undefined>} */
    const to = {
      ArrowRight: this.#at + 1,
      ArrowLeft: this.#at - 1,
      ArrowDown: below(1),
      ArrowUp: below(-1),
      Home: 0,
      End: this.#placed.length - 1,
    };
    if (event.key === "Enter") this.#zoom(this.#at);
    else if (to[event.key] === undefined) return;
    else {
      this.#at = Math.max(0, Math.min(this.#placed.length - 1, Number(to[event.key])));
      this.draw();
      this.#look(this.#at);
    }
    event.preventDefault();
  }
}

// SPDX-License-Identifier: MIT
//
// icicle: a tree of calls on a canvas, the root on top (or, flipped, at the
// bottom). Only what is in sight and wider than a pixel is drawn. A click or
// Enter zooms, the arrows go from node to node.

import { color, h, setAttribute } from "../dom.js";
import { ink, palette } from "./colors.js";

/** @typedef {import("./tree.js").FlameTree} FlameTree */

const ROW = 20;
const LEAST_PX = 0.8;
const TEXT_PX = 26; // narrower ones have no name
const FONT = '12px ui-monospace, "DejaVu Sans Mono", monospace';

export class Icicle {
  /** @type {FlameTree | null} */
  tree = null;
  zoomed = 0;
  /** The node that the keyboard is on. */
  selected = 0;
  hovered = -1;
  /** @type {Uint8Array | null} nodes that are found; null: nothing is looked for */
  found = null;
  /** Nodes that were drawn. */
  drawn = 0;
  #dirty = true;
  #size = { width: 0, height: 0 };
  /** @type {(node: number) => string} */
  #color = () => "";
  #letter = 0;

  /**
   * @param {object} options
   * @param {string} options.label
   * @param {boolean} [options.flipped]
   * @param {(node: number) => void} options.onZoom
   * @param {(node: number, event: PointerEvent | null) => void} options.onLook the pointer (or,
   *   without an event, the keyboard) is on a node, or on none: -1
   * @param {(node: number, letters: number) => string} options.text what a node says, so long at most
   * @param {() => void} options.redraw
   */
  constructor(options) {
    this.options = options;
    this.canvas = h("canvas", {
      class: "icicle",
      tabindex: 0,
      role: "img",
      "aria-label": options.label,
      "aria-describedby": "flame-keys",
    });
    this.spacer = h("div", { class: "icicle-space" }, this.canvas);
    this.element = h(
      "div",
      { class: `icicle-scroll${options.flipped ? " flipped" : ""}` },
      this.spacer,
    );
    new ResizeObserver(() => {
      this.#size = { width: this.element.clientWidth, height: this.element.clientHeight };
      this.invalidate();
    }).observe(this.element);
    this.element.addEventListener("scroll", () => this.invalidate());
    this.#listen();
  }

  /** @param {FlameTree} tree */
  show(tree) {
    const before = this.tree;
    const kept = before
      ? [this.zoomed, this.selected].map((n) => tree.find(before.key[n]))
      : [0, 0];
    this.tree = tree;
    [this.zoomed, this.selected] = kept;
    this.hovered = -1;
    this.found = null;
    this.#color = palette(tree);
    const height = `${(tree.deepest + 1) * ROW}px`;
    if (this.spacer.style.height !== height) this.spacer.style.height = height;
    this.invalidate();
  }

  restyle() {
    if (this.tree) this.#color = palette(this.tree);
    this.invalidate();
  }

  invalidate() {
    this.#dirty = true;
    this.options.redraw();
  }

  /** @param {number} node */
  zoom(node) {
    this.zoomed = node;
    this.selected = node;
    this.invalidate();
    this.options.onZoom(node);
  }

  /** @param {number} node */
  select(node) {
    this.selected = node;
    this.#scrollTo(node);
    this.invalidate();
    this.options.onLook(node, null);
  }

  #listen() {
    const { canvas, options } = this;
    canvas.addEventListener("pointermove", (event) => {
      const node = this.#nodeAt(event);
      if (node !== this.hovered) this.invalidate();
      this.hovered = node;
      canvas.classList.toggle("pointing", node >= 0);
      options.onLook(node, event);
    });
    canvas.addEventListener("pointerleave", () => {
      this.hovered = -1;
      this.invalidate();
      options.onLook(-1, null);
    });
    canvas.addEventListener("click", (event) => {
      const node = this.#nodeAt(event);
      if (node < 0) return;
      this.zoom(node);
      options.onLook(node, null);
    });
    canvas.addEventListener("keydown", (event) => {
      const { tree, selected } = this;
      if (!tree) return;
      const [down, up] = options.flipped ? ["ArrowUp", "ArrowDown"] : ["ArrowDown", "ArrowUp"];
      const to = {
        [down]: () => tree.firstChild(selected),
        [up]: () => tree.parent[selected],
        ArrowRight: () => tree.sibling(selected, 1),
        ArrowLeft: () => tree.sibling(selected, -1),
        Home: () => 0,
      }[event.key];
      if (to) {
        const node = to();
        if (node >= 0) this.select(node);
      } else if (event.key === "Enter") this.zoom(selected);
      else return;
      event.preventDefault();
    });
    canvas.addEventListener("focus", () => this.invalidate());
    canvas.addEventListener("blur", () => this.invalidate());
  }

  /** Top of a node's row, in the whole picture. @param {number} node */
  #top(node) {
    const tree = /** @type {FlameTree} */ (this.tree);
    const depth = tree.depth[node];
    if (!this.options.flipped) return depth * ROW;
    const rows = Math.max(tree.deepest + 1, Math.floor(this.#size.height / ROW));
    return (rows - 1 - depth) * ROW;
  }

  /** @param {number} node */
  #scrollTo(node) {
    const top = this.#top(node);
    const { scrollTop } = this.element;
    if (top < scrollTop) this.element.scrollTop = top;
    else if (top + ROW > scrollTop + this.#size.height)
      this.element.scrollTop = top + ROW - this.#size.height;
  }

  /** Left end and width in pixels. @param {number} node @returns {[number, number]} */
  #box(node) {
    const tree = /** @type {FlameTree} */ (this.tree);
    const z = this.zoomed;
    // What leads to the node that is zoomed in has the whole width.
    if (node <= z && z < tree.next[node]) return [0, this.#size.width];
    const scale = tree.width[z] > 0 ? this.#size.width / tree.width[z] : 0;
    return [(tree.x[node] - tree.x[z]) * scale, tree.width[node] * scale];
  }

  /** @param {MouseEvent} event */
  #nodeAt(event) {
    const { tree } = this;
    if (!tree) return -1;
    const box = this.canvas.getBoundingClientRect();
    const x = event.clientX - box.left;
    const y = event.clientY - box.top + this.element.scrollTop;
    let node = 0;
    for (;;) {
      const top = this.#top(node);
      if (y >= top && y < top + ROW) return node;
      let next = -1;
      for (let child = node + 1; child < tree.next[node]; child = tree.next[child]) {
        const [left, width] = this.#box(child);
        if (x >= left && x < left + width) next = child;
        if (next >= 0 || left > x) break;
      }
      if (next < 0) return -1;
      node = next;
    }
  }

  draw() {
    const { tree, canvas } = this;
    const { width, height } = this.#size;
    const ctx = canvas.getContext("2d");
    if (!this.#dirty || !tree || !ctx || width === 0) return;
    this.#dirty = false;
    const ratio = devicePixelRatio;
    if (
      canvas.width !== Math.round(width * ratio) ||
      canvas.height !== Math.round(height * ratio)
    ) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
      canvas.style.width = `${width}px`;
      canvas.style.height = `${height}px`;
    }
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    ctx.clearRect(0, 0, width, height);
    ctx.font = FONT;
    ctx.textBaseline = "middle";
    this.#letter = ctx.measureText("m").width;
    this.drawn = 0;
    const offset = this.element.scrollTop;
    const last = tree.next[this.zoomed];
    for (let node = 0; node < last; ) {
      const above = node < this.zoomed && this.zoomed >= tree.next[node];
      const [left, wide] = above ? [0, 0] : this.#box(node);
      if (wide < LEAST_PX) {
        node = tree.next[node]; // neither what is below it
        continue;
      }
      const top = this.#top(node) - offset;
      if (top > -ROW && top < height) this.#node(ctx, node, left, top, wide);
      node++;
    }
    this.#marks(ctx, offset);
    setAttribute(canvas, "data-drawn", String(this.drawn));
  }

  /**
   * @param {CanvasRenderingContext2D} ctx
   * @param {number} node
   * @param {number} left
   * @param {number} top
   * @param {number} wide
   */
  #node(ctx, node, left, top, wide) {
    this.drawn++;
    const pale = (this.found && !this.found[node] && node > 0) || node < this.zoomed;
    ctx.globalAlpha = pale ? 0.38 : 1;
    ctx.fillStyle = this.#color(node);
    ctx.fillRect(left, top, Math.max(0.6, wide - (wide > 3 ? 1 : 0)), ROW - 1);
    ctx.globalAlpha = 1;
    if (this.found?.[node]) {
      ctx.fillStyle = color("marker");
      ctx.fillRect(left, top + ROW - 4, Math.max(1, wide - 1), 3);
    }
    if (wide < TEXT_PX) return;
    ctx.fillStyle = ink();
    const letters = Math.floor((wide - 8) / this.#letter);
    if (letters >= 3) ctx.fillText(this.options.text(node, letters), left + 4, top + ROW / 2);
  }

  /** Frames around the nodes that are pointed at and selected. */
  /** @param {CanvasRenderingContext2D} ctx @param {number} offset */
  #marks(ctx, offset) {
    const focused = document.activeElement === this.canvas;
    for (const [node, name, width] of /** @type {[number, string, number][]} */ ([
      [this.hovered, "dim", 1],
      [focused ? this.selected : -1, "accent", 2],
    ])) {
      if (node < 0) continue;
      const [left, wide] = this.#box(node);
      ctx.strokeStyle = color(name);
      ctx.lineWidth = width;
      ctx.strokeRect(left + 1, this.#top(node) - offset + 0.5, Math.max(2, wide - 2), ROW - 2);
    }
  }
}

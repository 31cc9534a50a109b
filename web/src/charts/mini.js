// SPDX-License-Identifier: MIT
//
// mini: a small chart of a number over a minute or so, with its highest value
// in words.

import { color, h, setAttribute, setText } from "../dom.js";

const POINTS = 60;
const HEIGHT = 44;

export class Mini {
  /** @type {number[]} */
  #values = [];

  /** @param {string} title @param {(n: number) => string} format @param {string} tint */
  constructor(title, format, tint) {
    this.format = format;
    this.tint = tint;
    this.title = title;
    this.said = h("span", { class: "note" });
    this.canvas = h("canvas", { class: "mini", role: "img", "aria-label": title });
    this.element = h("div", {}, h("div", {}, h("b", { text: title }), " ", this.said), this.canvas);
  }

  /** @param {(number | null)[] | null} trend */
  seed(trend) {
    this.#values = (trend ?? []).filter((v) => v !== null).map(Number);
  }

  /** @param {number | null} value */
  push(value) {
    if (typeof value === "number") this.#values.push(value);
    this.#values = this.#values.slice(-POINTS);
    this.draw();
  }

  draw() {
    const { canvas } = this;
    const width = canvas.clientWidth;
    const ctx = canvas.getContext("2d");
    const values = this.#values;
    if (!ctx || width === 0) return;
    canvas.width = Math.round(width * devicePixelRatio);
    canvas.height = HEIGHT * devicePixelRatio;
    ctx.scale(devicePixelRatio, devicePixelRatio);
    const most = Math.max(...values, 0);
    const last = values[values.length - 1];
    setText(
      this.said,
      last === undefined ? "not known" : `${this.format(last)}, at most ${this.format(most)}`,
    );
    setAttribute(canvas, "aria-label", `${this.title}: ${this.said.textContent}`);
    if (values.length < 2) return;
    ctx.strokeStyle = color(this.tint);
    ctx.lineWidth = 1.5;
    ctx.beginPath();
    values.forEach((value, i) => {
      ctx.lineTo(
        (i / (values.length - 1)) * (width - 4) + 2,
        HEIGHT - 3 - (most > 0 ? value / most : 0) * (HEIGHT - 6),
      );
    });
    ctx.stroke();
  }
}

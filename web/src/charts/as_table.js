// SPDX-License-Identifier: MIT
//
// as_table: the numbers of a chart as a table in its place, for those who
// cannot see it, or want the numbers.

import { h, setAttribute } from "../dom.js";

const EVERY_MS = 1000; // numbers that change faster cannot be read

/** @typedef {{heads: string[], rows: string[][]}} Numbers the first of each row is its name */

export class AsTable {
  #drawnAt = 0;
  #drawn = "";

  /**
   * @param {string} title of the chart
   * @param {HTMLElement} plot what the table takes the place of
   * @param {() => Numbers} numbers
   * @param {() => void} onToggle
   */
  constructor(title, plot, numbers, onToggle) {
    this.plot = plot;
    this.numbers = numbers;
    this.head = h("tr", {});
    this.body = h("tbody", {});
    this.element = h(
      "div",
      {
        class: "as-table",
        hidden: true,
        tabindex: 0,
        role: "region",
        "aria-label": `${title}, as a table`,
      },
      h("table", { "aria-label": title }, h("thead", {}, this.head), this.body),
    );
    this.button = h("button", {
      type: "button",
      class: "to-table",
      title: "View as table",
      "aria-label": `${title}: view as table`,
      "aria-pressed": "false",
      text: "☰",
      onclick: () => {
        this.element.hidden = !this.element.hidden;
        this.plot.hidden = this.shown;
        setAttribute(this.button, "aria-pressed", String(this.shown));
        this.#drawnAt = 0;
        this.draw();
        onToggle();
      },
    });
  }

  get shown() {
    return !this.element.hidden;
  }

  draw() {
    const now = performance.now();
    if (!this.shown || now - this.#drawnAt < EVERY_MS) return;
    this.#drawnAt = now;
    const { heads, rows } = this.numbers();
    const key = JSON.stringify([heads, rows]);
    if (key === this.#drawn) return;
    this.#drawn = key;
    /** @param {number} i */
    const kind = (i) => (i === 0 ? "" : "num");
    this.head.replaceChildren(
      ...heads.map((text, i) => h("th", { scope: "col", class: kind(i), text })),
    );
    this.body.replaceChildren(
      ...rows.map((row) =>
        h(
          "tr",
          {},
          ...row.map((text, i) =>
            i === 0 ? h("th", { scope: "row", text }) : h("td", { class: "num", text }),
          ),
        ),
      ),
    );
  }
}

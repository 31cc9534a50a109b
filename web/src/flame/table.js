// SPDX-License-Identifier: MIT
//
// table: a flame graph as a table of functions, for those who read rather
// than look, and for readers of the screen.

import { h, setAttribute } from "../dom.js";
import { count } from "../format.js";
import { functions } from "./questions.js";
import { amount, exact, share, signed } from "./words.js";

/** @typedef {import("./tree.js").FlameTree} FlameTree */

const MOST = 300;

export class FlameTable {
  #sort = /** @type {"total" | "self"} */ ("total");
  /** @type {FlameTree | null} */
  #tree = null;
  /** @type {RegExp | null} */
  #pattern = null;
  #unit = /** @type {import("./words.js").Unit} */ ("bytes");

  /** @param {(key: string, name: string) => void} onFunction */
  constructor(onFunction) {
    this.onFunction = onFunction;
    this.head = h("tr", {});
    this.body = h("tbody", {});
    this.rest = h("p", { class: "note" });
    this.element = h(
      "div",
      { class: "flame-table scroll-x", hidden: true },
      h("table", { "aria-label": "Functions" }, h("thead", {}, this.head), this.body),
      this.rest,
    );
  }

  /** @param {FlameTree} tree @param {import("./words.js").Unit} unit @param {RegExp | null} pattern */
  show(tree, unit, pattern) {
    this.#tree = tree;
    this.#unit = unit;
    this.#pattern = pattern;
    if (this.element.hidden) return;
    const diff = tree.kind === "diff";
    this.#drawHead(diff);
    const all = functions(tree).filter(
      (row) => !pattern || pattern.test(row.frame.function) || pattern.test(row.frame.module),
    );
    if (this.#sort === "self") all.sort((a, b) => b.self - a.self);
    this.body.replaceChildren(...all.slice(0, MOST).map((row) => this.#row(row, tree, diff)));
    this.rest.textContent =
      all.length > MOST ? `${count(all.length - MOST)} functions more are not listed.` : "";
  }

  /** @param {boolean} diff */
  #drawHead(diff) {
    /** @param {string} text */
    const plain = (text) =>
      h("th", { scope: "col", class: text === "Function" || text === "Module" ? "" : "num", text });
    /** @param {"total" | "self"} key @param {string} text @param {string} title */
    const sorting = (key, text, title) => {
      const th = h(
        "th",
        { scope: "col", class: "num" },
        h("button", {
          type: "button",
          title,
          text,
          onclick: () => {
            this.#sort = key;
            if (this.#tree) this.show(this.#tree, this.#unit, this.#pattern);
          },
        }),
      );
      setAttribute(th, "aria-sort", this.#sort === key ? "descending" : "none");
      return th;
    };
    if (this.head.dataset.diff === String(diff) && this.head.dataset.sort === this.#sort) return;
    this.head.dataset.diff = String(diff);
    this.head.dataset.sort = this.#sort;
    const numbers = diff
      ? ["Change", "A", "B"].map(plain)
      : [
          sorting("total", "Total", "With all that it calls"),
          plain("% of all"),
          sorting("self", "Self", "Where it is the last that is called"),
        ];
    this.head.replaceChildren(plain("Function"), ...numbers, plain("Blocks"), plain("Module"));
  }

  /** @param {import("./questions.js").FunctionRow} row @param {FlameTree} tree @param {boolean} diff */
  #row(row, tree, diff) {
    const unit = this.#unit;
    /** @param {number} n */
    const cell = (n) => h("td", { class: "num", text: amount(n, unit), title: exact(n, unit) });
    const change = row.total - row.before;
    const numbers = diff
      ? [
          h("td", {
            class: `num ${change > 0 ? "more" : change < 0 ? "less" : ""}`,
            text: signed(change, unit),
          }),
          cell(row.before),
          cell(row.total),
        ]
      : [
          cell(row.total),
          h("td", { class: "num", text: share(row.total, tree.total[0]) }),
          cell(row.self),
        ];
    return h(
      "tr",
      {},
      h(
        "td",
        { class: "name" },
        h("button", {
          type: "button",
          class: "link mono",
          title: "Who calls it, and what it calls",
          text: row.frame.function,
          onclick: () => this.onFunction(row.key, row.frame.function),
        }),
      ),
      ...numbers,
      h("td", { class: "num", text: count(row.count) }),
      h("td", { class: "name dim", text: row.frame.module }),
    );
  }
}

// SPDX-License-Identifier: MIT
//
// graph: a flame graph with all that belongs to it: search, the way to what is
// zoomed in, what the pointer is on, callers and callees, the same as a table.

import { download } from "../csv.js";
import { h, setAttribute, setText } from "../dom.js";
import { clipMiddle, count } from "../format.js";
import { Icicle } from "./icicle.js";
import { callees, callers, patternOf, search } from "./questions.js";
import { FlameTable } from "./table.js";
import { frameKey, treeOf } from "./tree.js";
import { amount, facts, label, sentence, share } from "./words.js";

/** @typedef {import("./tree.js").FlameTree} FlameTree */
/** @typedef {import("./words.js").Unit} Unit */

const TYPING_MS = 120;

export class FlameGraph {
  /** @type {FlameTree | null} */
  tree = null;
  /** @type {Unit} */
  unit = "bytes";
  counted = "blocks";
  /** A function whose callers and callees are shown: its key; "": none. */
  #between = "";
  #pattern = /** @type {RegExp | null} */ (null);

  /** @param {{redraw: () => void, onSearch?: (text: string) => void}} options */
  constructor(options) {
    this.options = options;
    this.main = this.#icicle("Flame graph", false);
    this.above = this.#icicle("Callers", true);
    this.below = this.#icicle("Callees", false);
    this.table = new FlameTable((key, name) => this.#showBetween(key, name));
    this.crumbs = h("div", { class: "crumbs", role: "group", "aria-label": "Path" });
    this.said = h("p", { class: "flame-said", role: "status" });
    this.found = h("span", { class: "note", role: "status" });
    this.tip = h("div", { class: "flame-tip card", hidden: true });
    let timer = 0;
    this.search = h("input", {
      type: "search",
      class: "search",
      placeholder: "Find a function (regular expression)",
      "aria-label": "Find a function, by a regular expression",
      oninput: () => {
        clearTimeout(timer);
        timer = setTimeout(() => this.#find(), TYPING_MS);
      },
    });
    /** @param {string} text @param {string} title @param {() => void} onclick */
    const button = (text, title, onclick) => h("button", { type: "button", text, title, onclick });
    this.asTable = button("View as table", "The same numbers by function", () =>
      this.#toggleTable(),
    );
    this.sandwich = button(
      "Callers and callees",
      "Of the function that is selected: who calls it, and what it calls",
      () => this.#betweenSelected(),
    );
    this.reset = button("Reset", "All of it again (Esc)", () => this.escape());
    this.betweenTitle = h("h3", { class: "mono" });
    this.between = h(
      "div",
      { class: "between", hidden: true },
      h("p", { class: "note", text: "▲ called by" }),
      this.above.element,
      this.betweenTitle,
      this.below.element,
      h("p", { class: "note", text: "▼ calls" }),
    );
    this.element = h(
      "div",
      { class: "flame-graph" },
      h(
        "div",
        { class: "bar" },
        this.search,
        this.found,
        h("span", { class: "gap" }),
        this.sandwich,
        this.asTable,
        this.reset,
      ),
      this.crumbs,
      this.main.element,
      this.between,
      this.table.element,
      this.said,
      h("p", {
        id: "flame-keys",
        class: "visually-hidden",
        text: "Arrow keys go from function to function, Enter zooms in, Escape goes back. The same as a table: the button View as table.",
      }),
      this.tip,
    );
  }

  /** @param {string} name @param {boolean} flipped */
  #icicle(name, flipped) {
    /** @type {Icicle} */
    const icicle = new Icicle({
      label: name,
      flipped,
      redraw: this.options.redraw,
      onZoom: () => this.#drawCrumbs(),
      onLook: (node, event) => this.#look(icicle, node, event),
      text: (node, letters) => (icicle.tree ? label(icicle.tree, node, this.unit, letters) : ""),
    });
    return icicle;
  }

  /** The graph is being looked at closely: it should hold still. */
  get watched() {
    return [this.main, this.above, this.below].some((icicle) => icicle.hovered >= 0);
  }

  /**
   * @param {Record<string, any>} answer of GET /api/v1/flame
   * @param {import("./tree.js").Kind} kind
   */
  show(answer, kind) {
    this.unit = answer.unit === "bytes" ? "bytes" : "count";
    this.counted = answer.weight.startsWith("alloc") ? "allocations" : "blocks";
    this.tree = treeOf(answer, kind, this.tree);
    this.main.show(this.tree);
    setAttribute(
      this.main.canvas,
      "aria-label",
      `Flame graph of ${amount(this.tree.total[0], this.unit)} in ${count(this.tree.size - 1)} nodes`,
    );
    this.#drawSearch();
    this.#drawBetween();
    this.#drawCrumbs();
  }

  /** @param {string} text */
  find(text) {
    if (this.search.value !== text) this.search.value = text;
    this.#find();
  }

  #find() {
    const { pattern, valid } = patternOf(this.search.value);
    this.#pattern = pattern;
    setAttribute(this.search, "aria-invalid", String(!valid));
    this.options.onSearch?.(this.search.value);
    this.#drawSearch();
  }

  #drawSearch() {
    const { tree } = this;
    if (!tree) return;
    const result = this.#pattern ? search(tree, this.#pattern) : null;
    this.main.found = result?.found ?? null;
    this.main.invalidate();
    const total = tree.total[0];
    setText(
      this.found,
      result
        ? `${count(result.nodes)} ${result.nodes === 1 ? "node" : "nodes"}, ${amount(result.weight, this.unit)}, ${share(result.weight, total)}${this.search.getAttribute("aria-invalid") === "true" ? " (taken as text: no regular expression)" : ""}`
        : "",
    );
    if (result) {
      setAttribute(this.found, "data-weight", String(result.weight));
    } else this.found.removeAttribute("data-weight");
    this.table.show(tree, this.unit, this.#pattern);
  }

  #toggleTable() {
    this.table.element.hidden = !this.table.element.hidden;
    this.#arrange();
    this.#drawSearch();
  }

  #arrange() {
    const table = !this.table.element.hidden;
    const between = this.#between !== "" && !table;
    this.between.hidden = !between;
    this.main.element.hidden = table || between;
    this.crumbs.hidden = table || between;
    setText(this.asTable, table ? "View as graph" : "View as table");
    this.sandwich.hidden = table || between;
    this.reset.disabled = !between && this.main.zoomed === 0 && !table && !this.#pattern;
  }

  #betweenSelected() {
    const { tree, main } = this;
    if (!tree || main.selected === 0) {
      setText(this.said, "Select a function first: click on it, or go to it with the arrow keys.");
      return;
    }
    this.#showBetween(frameKey(tree.at(main.selected)), tree.at(main.selected).function);
  }

  /** @param {string} key @param {string} name */
  #showBetween(key, name) {
    this.#between = key;
    this.table.element.hidden = true;
    setText(this.betweenTitle, name);
    this.#arrange();
    this.#drawBetween();
  }

  #drawBetween() {
    if (this.#between && this.tree) {
      this.above.show(callers(this.tree, this.#between));
      this.below.show(callees(this.tree, this.#between));
    }
    this.#arrange();
  }

  #drawCrumbs() {
    const { tree, main } = this;
    if (!tree) return;
    this.#arrange();
    const path = tree.path(main.zoomed);
    const key = path.map((node) => tree.key[node]).join();
    if (this.crumbs.dataset.path === key) return;
    this.crumbs.dataset.path = key;
    this.crumbs.replaceChildren(
      ...path.map((node) =>
        h("button", {
          type: "button",
          class: "link",
          text: clipMiddle(tree.at(node).function, 36),
          title: tree.at(node).function,
          "aria-current": node === main.zoomed,
          onclick: () => main.zoom(tree.find(tree.key[node])),
        }),
      ),
    );
  }

  /** @param {Icicle} icicle @param {number} node @param {PointerEvent | null} event */
  #look(icicle, node, event) {
    const { tree } = icicle;
    this.tip.hidden = node < 0 || event === null || !tree;
    if (!tree || node < 0) return;
    if (event === null) {
      setText(this.said, sentence(tree, node, this.unit, this.counted));
      return;
    }
    this.tip.replaceChildren(
      h("strong", { class: "mono", text: tree.at(node).function }),
      h(
        "dl",
        {},
        ...facts(tree, node, this.unit, this.counted).flatMap(([word, value]) => [
          h("dt", { text: word }),
          h("dd", { text: value }),
        ]),
      ),
    );
    // Beside the pointer, and within the window.
    const { width, height } = this.tip.getBoundingClientRect();
    const left = Math.min(event.clientX + 14, innerWidth - width - 8);
    const below = event.clientY + 18;
    const top = below + height > innerHeight - 8 ? event.clientY - height - 12 : below;
    this.tip.style.left = `${Math.max(8, left)}px`;
    this.tip.style.top = `${Math.max(8, top)}px`;
  }

  draw() {
    for (const icicle of [this.main, this.above, this.below])
      if (!icicle.element.hidden) icicle.draw();
  }

  restyle() {
    for (const icicle of [this.main, this.above, this.below]) icicle.restyle();
  }

  /** A step back. @returns {boolean} whether there was one */
  escape() {
    this.tip.hidden = true;
    if (!this.table.element.hidden) this.#toggleTable();
    else if (this.#between) {
      this.#between = "";
      this.#arrange();
      this.main.invalidate();
    } else if (this.main.zoomed > 0 && this.tree) {
      this.main.zoom(0);
    } else if (this.search.value) this.find("");
    else return false;
    this.#arrange();
    return true;
  }

  /** The picture as it is, as a file. */
  save() {
    this.main.canvas.toBlob((blob) => {
      if (blob) download("flame.png", blob, "image/png");
    });
  }
}

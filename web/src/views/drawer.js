// SPDX-License-Identifier: MIT
//
// drawer: everything that is known of one row, exactly.

import { STATES } from "../columns.js";
import { h, setText } from "../dom.js";
import { count, duration, exactBytes, percent, perSecond, signedBytes } from "../format.js";

/** @typedef {[string, (row: Record<string, any>) => string]} Fact */

/** @type {Fact[]} */
const SITE = [
  ["File", (r) => (r.file ? `${r.file}:${r.line}` : "not known")],
  ["Module", (r) => r.module || "not known"],
  ["Return address", (r) => r.address],
  ["Live", (r) => `${exactBytes(r.live_bytes)} in ${count(r.live_blocks)} blocks`],
  ["Against one minute ago", (r) => signedBytes(r.delta_bytes)],
  ["Allocated in all", (r) => `${exactBytes(r.alloc_bytes)} in ${count(r.alloc_count)} blocks`],
  ["Freed", (r) => `${count(r.free_count)} blocks`],
  [
    "Rates",
    (r) => `${perSecond(r.alloc_count_rate)} allocated, ${perSecond(r.free_count_rate)} freed`,
  ],
  ["Mean lifetime of freed blocks", (r) => duration(r.mean_lifetime_ns)],
];

/** @type {Fact[]} */
const THREAD = [
  ["Kernel's number", (r) => String(r.tid)],
  ["State", (r) => STATES[r.state] ?? r.state],
  ["CPU", (r) => (r.cpu === null ? "not known" : `${percent(r.cpu)} % of one core`)],
  ["Live, allocated by it", (r) => `${exactBytes(r.live_bytes)} in ${count(r.live_blocks)} blocks`],
  ["Allocated in all", (r) => exactBytes(r.alloc_bytes)],
  [
    "Rate",
    (r) =>
      `${exactBytes(Math.round(r.alloc_bytes_rate ?? 0))} and ${perSecond(r.alloc_count_rate)}`,
  ],
  ["Blocks of others that it freed", (r) => count(r.cross_frees)],
];

export class Drawer {
  /** @type {{part: "th" | "site", id: number} | null} */
  #shown = null;
  /** @type {Element | null} */
  #opener = null;

  /** @param {import("../store.js").Store} store */
  constructor(store) {
    this.store = store;
    this.title = h("h2", {});
    this.facts = h("dl", {});
    this.close = h("button", {
      type: "button",
      "aria-label": "Close",
      onclick: () => this.hide(),
      text: "✕",
    });
    this.copied = h("span", { class: "note", role: "status" });
    this.element = h(
      "aside",
      { class: "drawer card", "aria-label": "Details", hidden: true },
      h("header", {}, this.title, this.close),
      this.facts,
      h(
        "p",
        {},
        h("button", { type: "button", text: "Copy", onclick: () => this.#copy() }),
        " ",
        this.copied,
      ),
    );
  }

  /** @param {"th" | "site"} part @param {number} id */
  open(part, id) {
    this.#shown = { part, id };
    this.#opener = document.activeElement;
    this.element.hidden = false;
    this.copied.textContent = "";
    this.draw();
    this.close.focus();
  }

  /** Returns whether it was open. */
  hide() {
    const open = !this.element.hidden;
    this.element.hidden = true;
    this.#shown = null;
    if (open && this.#opener instanceof HTMLElement) this.#opener.focus();
    return open;
  }

  draw() {
    if (!this.#shown) return;
    const site = this.#shown.part === "site";
    const row = (site ? this.store.sites : this.store.threads).rows.get(this.#shown.id);
    if (!row) return;
    const facts = site ? SITE : THREAD;
    setText(this.title, site ? row.function : row.name || `thread ${row.tid}`);
    if (this.facts.children.length !== facts.length * 2) {
      this.facts.replaceChildren(
        ...facts.flatMap(([label]) => [h("dt", { text: label }), h("dd", {})]),
      );
    }
    facts.forEach(([, text], i) => {
      setText(this.facts.children[2 * i + 1], text(row));
    });
  }

  async #copy() {
    const lines = [...this.facts.querySelectorAll("dt")].map(
      (dt) => `${dt.textContent}: ${dt.nextElementSibling?.textContent}`,
    );
    const done = await navigator.clipboard
      .writeText([this.title.textContent, ...lines].join("\n"))
      .then(
        () => true,
        () => false,
      );
    setText(this.copied, done ? "copied" : "the browser did not allow it");
  }
}

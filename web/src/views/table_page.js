// SPDX-License-Identifier: MIT
//
// table_page: a page that is one table: of threads, or of call sites.

import { h, setText } from "../dom.js";
import { count } from "../format.js";
import { Table } from "../table.js";

const TYPING_MS = 150;

/** @typedef {import("../app.js").App} App */

export class TablePage {
  /**
   * @param {App} app
   * @param {object} plan
   * @param {"th" | "site"} plan.part
   * @param {string} plan.title
   * @param {string} plan.help
   * @param {string} plan.placeholder
   * @param {import("../table.js").Column[]} plan.columns
   */
  constructor(app, plan) {
    this.app = app;
    this.plan = plan;
    this.query = "";
    this.summary = h("span", { class: "note" });
    this.frozen = h("span", { class: "note frozen", text: "order frozen while you look", hidden: true });
    let timer = 0;
    this.search = h("input", {
      type: "search", class: "search", placeholder: plan.placeholder, "aria-label": plan.placeholder, maxlength: 200,
      oninput: () => {
        clearTimeout(timer);
        timer = setTimeout(() => this.#find(), TYPING_MS);
      },
    });
    this.table = new Table({
      label: plan.title,
      columns: plan.columns,
      sorting: { sort: "live_bytes", order: "desc" },
      onWindow: () => app.subscribe(),
      onOpen: (row) => app.drawer.open(plan.part, row.id),
    });
    this.empty = h("p", { class: "empty", hidden: true });
    this.element = h("section", { class: `card page page-${plan.part}` },
      h("header", {}, h("h2", { text: plan.title, title: plan.help }), this.search, this.summary, this.frozen),
      this.table.element, this.empty);
  }

  get wanted() {
    return { [this.plan.part]: { ...this.table.window, q: this.query }, hist: false };
  }

  #find() {
    this.query = this.search.value;
    this.table.first = 0;
    this.table.scroller.scrollTop = 0;
    this.app.subscribe();
  }

  draw() {
    const store = this.app.store;
    const data = this.plan.part === "th" ? store.threads : store.sites;
    if (this.app.view.paused) return;
    this.table.draw(data);
    this.frozen.hidden = !this.table.frozen;
    setText(this.summary, `${count(data.total)}${this.query ? " match" : " in all"}`);
    this.empty.hidden = data.total > 0;
    setText(this.empty, this.query ? "Nothing has this in its name." : "Nothing has been allocated yet.");
  }

  restyle() {
    for (const canvas of this.element.querySelectorAll("canvas.spark")) delete (/** @type {HTMLElement} */ (canvas).dataset.drawn);
  }
}

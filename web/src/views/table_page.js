// SPDX-License-Identifier: MIT
//
// table_page: a page that is one table: of threads, or of call sites.

import { h, setText } from "../dom.js";
import { count } from "../format.js";
import { Table } from "../table.js";

const TYPING_MS = 150;
const SCROLLING_MS = 60; // the server hears of a scroll so often at most

/** @typedef {import("../app.js").App} App */

export class TablePage {
  /** To be shown even when paused. */
  #due = true;
  #timer = 0;

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
    this.summary = h("span", { class: "note", role: "status" });
    this.frozen = h("span", {
      class: "note frozen",
      text: "order frozen while you look",
      hidden: true,
    });
    let timer = 0;
    this.search = h("input", {
      type: "search",
      class: "search",
      placeholder: plan.placeholder,
      "aria-label": plan.placeholder,
      maxlength: 60,
      oninput: () => {
        clearTimeout(timer);
        timer = setTimeout(() => this.#find(), TYPING_MS);
      },
    });
    this.table = new Table({
      label: plan.title,
      columns: plan.columns,
      sorting: { sort: "live_bytes", order: "desc" },
      onWindow: () => this.#ask(),
      onOpen: (row) => app.drawer.open(plan.part, row.id),
    });
    this.empty = h("p", { class: "empty", hidden: true });
    this.element = h(
      "section",
      { class: `card page page-${plan.part}` },
      h(
        "header",
        {},
        h("h2", { text: plan.title, title: plan.help }),
        this.search,
        this.summary,
        this.frozen,
      ),
      this.table.element,
      this.empty,
    );
  }

  get #data() {
    return this.plan.part === "th" ? this.app.store.threads : this.app.store.sites;
  }

  /** @param {number} sub */
  want(sub) {
    return { [this.plan.part]: { ...this.table.ask(sub), q: this.query }, hist: false };
  }

  /** The page is looked at anew, or another part of it: that is due, even when paused. */
  enter() {
    this.#due = true;
  }

  #ask() {
    if (this.#timer !== 0) return;
    this.#timer = setTimeout(() => {
      this.#timer = 0;
      this.enter();
      this.app.subscribe();
    }, SCROLLING_MS);
  }

  #find() {
    this.query = this.search.value;
    this.table.toTop();
    this.enter();
    this.app.subscribe();
  }

  draw() {
    const data = this.#data;
    if (this.app.view.paused && !this.#due) return;
    this.table.draw(data, this.app.store.sub);
    this.#due = this.table.waiting;
    this.frozen.hidden = !this.table.frozen;
    setText(
      this.summary,
      `${count(data.total)} ${this.query ? (data.total === 1 ? "matches" : "match") : "in all"}`,
    );
    this.empty.hidden = data.total > 0;
    this.table.element.hidden = data.total === 0;
    setText(
      this.empty,
      this.query ? "Nothing has this in its name." : "Nothing has been allocated yet.",
    );
  }

  restyle() {
    this.table.restyle();
  }
}

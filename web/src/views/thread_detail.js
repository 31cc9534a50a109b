// SPDX-License-Identifier: MIT
//
// thread_detail: all that is known of one thread: its numbers, how they have
// gone, its call sites.

import { api } from "../api.js";
import { BarChart } from "../charts/bars.js";
import { Mini } from "../charts/mini.js";
import { momentOf } from "../charts/picture.js";
import { STATES } from "../columns.js";
import { h, setText } from "../dom.js";
import {
  axisBytes,
  axisCount,
  byteRate,
  bytes,
  clipMiddle,
  count,
  exactBytes,
  percent,
  perSecond,
} from "../format.js";
import { lifetimeBars, sizeBars } from "../histograms.js";
import { routeTo } from "../router.js";
import { button, copyText, term, wordsOf } from "./parts.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {Record<string, any>} Row */

const SITES = 15;
const MOST = 10_000; // rows that the server gives at once

/** @type {[string, string, (row: Row) => string][]} */
const FACTS = [
  ["Kernel's number", "thread.tid", (r) => String(r.tid)],
  ["State", "thread.state", (r) => (r.ended ? "ended" : (STATES[r.state] ?? r.state))],
  ["CPU", "thread.cpu", (r) => (r.cpu === null ? "not known" : `${percent(r.cpu)} % of one core`)],
  [
    "Live, allocated by it",
    "thread.live_bytes",
    (r) => `${exactBytes(r.live_bytes)} in ${count(r.live_blocks)} blocks`,
  ],
  ["Allocated in all", "thread.alloc_bytes", (r) => exactBytes(r.alloc_bytes)],
  [
    "Rate",
    "thread.alloc_bytes_rate",
    (r) =>
      `${exactBytes(Math.round(r.alloc_bytes_rate ?? 0))} and ${perSecond(r.alloc_count_rate)}`,
  ],
  ["Blocks of others that it freed", "thread.cross_frees", (r) => count(r.cross_frees)],
];

export class ThreadDetail {
  #drawn = "";
  #seeded = false;
  /** @type {Row | null} */
  #row = null;

  /** @param {App} app */
  constructor(app) {
    this.app = app;
    this.facts = h(
      "dl",
      { class: "facts" },
      ...FACTS.flatMap(([label, key]) => [term(label, key), h("dd", {})]),
    );
    this.said = h("span", { class: "note", role: "status" });
    this.blocks = h("a", { class: "button", text: "Its live blocks" });
    const moment = () => momentOf({ ring: app.store.ring, view: app.view });
    this.sizes = new BarChart({
      id: "thread-sizes",
      moment,
      title: "Live bytes by size",
      note: "",
      help: "Live blocks that this thread allocated, by size",
      color: "heap",
      kind: "bytes",
      format: bytes,
      axis: axisBytes,
    });
    this.lifetimes = new BarChart({
      id: "thread-lifetimes",
      moment,
      title: "Lifetimes",
      note: "of freed blocks",
      help: "Its blocks that were freed, by whomever, by how long they lived",
      color: "free",
      kind: "count",
      format: count,
      axis: axisCount,
    });
    this.title = h("h3", { text: "Call sites" });
    this.sites = h("tbody", {});
    this.table = h(
      "div",
      { class: "scroll-x" },
      h(
        "table",
        {},
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            h("th", { scope: "col", text: "Function" }),
            h("th", { scope: "col", class: "num", text: "Live" }),
            h("th", { scope: "col", class: "num", text: "Allocated" }),
          ),
        ),
        this.sites,
      ),
    );
    this.trouble = h("p", { class: "note", role: "status" });
    this.minis = this.#makeMinis();
    this.charts = h("div", { class: "minis" }, ...Object.values(this.minis).map((m) => m.element));
    this.element = h(
      "div",
      { class: "detail" },
      h(
        "p",
        { class: "links" },
        this.blocks,
        button("Copy", () => this.#copy(), { title: "Copies the numbers as text" }),
        this.said,
      ),
      this.facts,
      this.charts,
      h("div", { class: "pair" }, this.sizes.element, this.lifetimes.element),
      this.title,
      this.table,
      this.trouble,
    );
  }

  #makeMinis() {
    return {
      live_bytes: new Mini("Live", bytes, "heap"),
      alloc_bytes_rate: new Mini("Allocation rate", byteRate, "rss"),
      cpu: new Mini("CPU", (n) => `${percent(n)} %`, "free"),
    };
  }

  /** @param {number} id */
  start(id) {
    this.#drawn = "";
    this.#seeded = false;
    this.#row = null;
    this.minis = this.#makeMinis();
    this.charts.replaceChildren(...Object.values(this.minis).map((m) => m.element));
    this.sites.replaceChildren();
    setText(this.said, "");
    setText(this.trouble, "Asking…");
    this.table.hidden = this.title.hidden = true;
    this.sizes.element.hidden = this.lifetimes.element.hidden = true;
    this.blocks.href = routeTo("allocations", { thread: id });
  }

  /** @param {number} id */
  async ask(id) {
    const { view, store } = this.app;
    const session = store.session?.id;
    const detail = await api.get(`threads/${id}`, { session });
    if (!view.chosen) return detail;
    const { rows } = await api.get("threads", { session, ...view.past, limit: MOST });
    const then = rows.find((/** @type {Row} */ row) => row.id === id);
    return { ...detail, thread: then ?? detail.thread };
  }

  /** @param {Row | null} row */
  drawRow(row) {
    if (!row) return;
    this.#row = row;
    FACTS.forEach(([, , text], i) => {
      setText(this.facts.children[2 * i + 1], text(row));
    });
  }

  /** @param {Row} detail @returns {Row} its row */
  take(detail) {
    const { thread, sites, site_total: total } = detail;
    setText(this.trouble, "");
    if (!this.#seeded) this.minis.live_bytes.seed(thread.trend);
    this.#seeded = true;
    for (const [key, mini] of Object.entries(this.minis))
      if (!this.app.view.paused) mini.push(thread[key]);
    this.sizes.element.hidden = this.lifetimes.element.hidden = false;
    this.sizes.draw(sizeBars(detail.size));
    this.lifetimes.draw(lifetimeBars(detail.lifetime));
    const shown = sites.slice(0, SITES);
    const key = JSON.stringify(shown);
    if (key === this.#drawn) return thread;
    this.#drawn = key;
    this.table.hidden = this.title.hidden = shown.length === 0;
    setText(
      this.title,
      total > shown.length
        ? `Call sites: the first ${shown.length} of ${count(total)}`
        : "Call sites",
    );
    this.sites.replaceChildren(
      ...shown.map((/** @type {Row} */ s) =>
        h(
          "tr",
          {},
          h(
            "td",
            { class: "name mono" },
            button(clipMiddle(s.function, 36), () => this.app.drawer.open("site", s.id), {
              class: "link",
              title: s.function,
            }),
          ),
          h("td", { class: "num", text: bytes(s.live_bytes), title: exactBytes(s.live_bytes) }),
          h("td", { class: "num", text: bytes(s.alloc_bytes), title: exactBytes(s.alloc_bytes) }),
        ),
      ),
    );
    return thread;
  }

  /** @param {Error} error */
  fail(error) {
    setText(this.trouble, wordsOf(error, "Charts and call sites"));
  }

  async #copy() {
    const row = this.#row;
    if (!row) return;
    const lines = FACTS.map(([label, , text]) => `${label}: ${text(row)}`);
    setText(this.said, await copyText([row.name, ...lines].join("\n")));
  }

  restyle() {
    this.sizes.restyle();
    this.lifetimes.restyle();
    for (const mini of Object.values(this.minis)) mini.draw();
  }
}

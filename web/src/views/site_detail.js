// SPDX-License-Identifier: MIT
//
// site_detail: all that is known of one call site: its numbers, stacks, source
// lines, sizes, lifetimes, threads.

import { api } from "../api.js";
import { BarChart } from "../charts/bars.js";
import { momentOf } from "../charts/picture.js";
import { h, setAttribute, setText } from "../dom.js";
import { explained } from "../explain.js";
import {
  axisBytes,
  axisCount,
  bytes,
  clipMiddle,
  count,
  duration,
  exactBytes,
  perSecond,
  signedBytes,
} from "../format.js";
import { stackLines, stackText, suppression } from "../frames.js";
import { lifetimeBars, sizeBars } from "../histograms.js";
import { routeTo } from "../router.js";
import { button, copyText, term, wordsOf } from "./parts.js";
import { SourceView } from "./source_view.js";
import { frameItem } from "./stack.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {Record<string, any>} Row */
/** @typedef {import("../frames.js").Line} Line */

const FRAMES = 40;
const THREADS = 12;

/** The last one: its name in a range. */
/** @type {[string, string, (row: Row) => string, string?][]} */
const FACTS = [
  ["File", "site.file", (r) => (r.file ? `${r.file}:${r.line}` : "not known")],
  ["Module", "site.function", (r) => r.module || "not known"],
  ["Return address", "site.function", (r) => r.address],
  [
    "Live",
    "site.live_bytes",
    (r) => `${exactBytes(r.live_bytes)} in ${count(r.live_blocks)} blocks`,
  ],
  [
    "Against one minute ago",
    "site.delta_bytes",
    (r) => signedBytes(r.delta_bytes),
    "Net in the range",
  ],
  [
    "Allocated in all",
    "site.alloc_bytes",
    (r) => `${exactBytes(r.alloc_bytes)} in ${count(r.alloc_count)} blocks`,
    "Allocated in the range",
  ],
  [
    "Freed",
    "site.free_count",
    (r) =>
      `${r.free_bytes === undefined ? "" : `${exactBytes(r.free_bytes)} in `}${count(r.free_count)} blocks`,
    "Freed in the range",
  ],
  [
    "Rates",
    "site.alloc_count_rate",
    (r) => `${perSecond(r.alloc_count_rate)} allocated, ${perSecond(r.free_count_rate)} freed`,
  ],
  ["Mean lifetime of freed blocks", "site.mean_lifetime_ns", (r) => duration(r.mean_lifetime_ns)],
];

export class SiteDetail {
  #stacksDrawn = "";
  #threadsDrawn = "";
  /** @type {Row | null} */
  #row = null;
  /** @type {Row | null} */
  #detail = null;

  /** @param {App} app */
  constructor(app) {
    this.app = app;
    this.facts = h(
      "dl",
      { class: "facts" },
      ...FACTS.flatMap(([label, key]) => [term(label, key), h("dd", {})]),
    );
    this.oldest = h("p", { class: "note" });
    this.said = h("span", { class: "note", role: "status" });
    this.flame = h("a", { class: "button", text: "In the flame graph" });
    this.blocks = h("a", { class: "button", text: "Its live blocks" });
    this.links = h(
      "p",
      { class: "links" },
      this.flame,
      this.blocks,
      button("Suppress", () => this.#copy(this.#suppression()), {
        title:
          "Copies a line for a suppression file (--suppressions), so that leak scans leave this site out",
      }),
      button("Copy", () => this.#copy(this.#text()), {
        title: "Copies all of it as text, with the stack",
      }),
      this.said,
    );
    this.source = new SourceView(() => app.store.session?.id);
    this.stackTitle = h("h3", { tabindex: 0, ...explained("site.stack") });
    this.stacks = h("div", { class: "stacks" });
    const moment = () => momentOf({ ring: app.store.ring, view: app.view });
    this.sizes = new BarChart({
      id: "site-sizes",
      moment,
      title: "Live bytes by size",
      note: "",
      help: "Live blocks from here, by size",
      color: "heap",
      kind: "bytes",
      format: bytes,
      axis: axisBytes,
    });
    this.lifetimes = new BarChart({
      id: "site-lifetimes",
      moment,
      title: "Lifetimes",
      note: "of freed blocks",
      help: "Blocks from here that were freed, by how long they lived",
      color: "free",
      kind: "count",
      format: count,
      axis: axisCount,
    });
    this.threadTitle = h("h3", { text: "Threads" });
    this.threads = h("tbody", {});
    this.threadTable = h(
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
            h("th", { scope: "col", text: "Thread" }),
            h("th", { scope: "col", class: "num", text: "Live" }),
            h("th", { scope: "col", class: "num", text: "Allocated" }),
            h("th", { scope: "col", class: "num", text: "Frees of it" }),
          ),
        ),
        this.threads,
      ),
    );
    this.trouble = h("p", { class: "note", role: "status" });
    this.element = h(
      "div",
      { class: "detail" },
      this.links,
      this.facts,
      this.oldest,
      this.source.element,
      this.stackTitle,
      this.stacks,
      h("div", { class: "pair" }, this.sizes.element, this.lifetimes.element),
      this.threadTitle,
      this.threadTable,
      this.trouble,
    );
  }

  /** Another site. @param {number} id */
  start(id) {
    this.#stacksDrawn = this.#threadsDrawn = "";
    this.source.clear();
    this.#detail = null;
    this.#row = null;
    for (const element of [this.stacks, this.threads]) element.replaceChildren();
    for (const element of [this.stackTitle, this.said, this.oldest]) setText(element, "");
    setText(this.trouble, "Asking…");
    this.threadTable.hidden = this.threadTitle.hidden = true;
    this.sizes.element.hidden = this.lifetimes.element.hidden = true;
    this.blocks.href = routeTo("allocations", { site: id });
  }

  /** @param {number} id */
  ask(id) {
    const { view, store } = this.app;
    return api.get(`sites/${id}`, {
      session: store.session?.id,
      ...(view.chosen ? view.past : {}),
    });
  }

  /** @param {Row | null} row the numbers that are shown */
  drawRow(row) {
    if (!row) return;
    this.#row = row;
    const range = this.app.view.begin !== null;
    FACTS.forEach(([label, , text, ranged = label], i) => {
      setText(this.facts.children[2 * i].children[0], range ? ranged : label);
      setText(this.facts.children[2 * i + 1], text(row));
    });
    const href = routeTo("flame", { q: row.function });
    if (this.flame.getAttribute("href") !== href) this.flame.href = href;
  }

  /** @param {Row} detail @returns {Row} its row */
  take(detail) {
    this.#detail = detail;
    const { oldest, stack_total: total } = detail;
    const whole = detail.size !== null; // else it is of the past
    setText(
      this.trouble,
      whole ? "" : "Sizes, lifetimes and threads of a site are not kept of the past.",
    );
    setText(
      this.oldest,
      oldest
        ? `Oldest live block: ${oldest.address}, ${bytes(oldest.size)}, allocated ${duration(oldest.birth_ns)} after the start, ${duration(detail.uptime_ns - oldest.birth_ns)} old.`
        : "",
    );
    setText(
      this.stackTitle,
      total > detail.stacks.length
        ? `Call stacks: the first ${detail.stacks.length} of ${count(total)}`
        : total === 1
          ? "Call stack"
          : `Call stacks: ${count(total)}`,
    );
    this.#drawStacks(detail.stacks);
    this.source.begin(detail.site);
    this.sizes.element.hidden = this.lifetimes.element.hidden = !whole;
    this.threadTable.hidden = this.threadTitle.hidden = !whole;
    if (whole) {
      this.sizes.draw(sizeBars(detail.size));
      this.lifetimes.draw(lifetimeBars(detail.lifetime));
      this.#drawThreads(detail);
    }
    return detail.site;
  }

  /** @param {Error} error */
  fail(error) {
    setText(this.trouble, wordsOf(error, "Stacks, histograms and threads"));
  }

  /** @param {Row[]} stacks */
  #drawStacks(stacks) {
    // Open ones stay open: they are made anew only when there are others, or names.
    const key = JSON.stringify(
      stacks.map((s) => [s.id, s.frames.map((/** @type {Row} */ f) => f.function)]),
    );
    if (key !== this.#stacksDrawn) {
      this.#stacksDrawn = key;
      this.stacks.replaceChildren(
        ...stacks.map((stack, i) => this.#stack(stackLines(stack.frames), i === 0)),
      );
    }
    stacks.forEach((stack, i) => {
      const words = this.stacks.children[i].querySelector(".numbers");
      const live = `${bytes(stack.live_bytes)} in ${count(stack.live_blocks)} blocks live`;
      const net = signedBytes(stack.alloc_bytes - stack.free_bytes);
      if (words) setText(words, this.app.view.range ? `${net}; ${live}` : live);
    });
  }

  /** @param {Line[]} lines @param {boolean} open */
  #stack(lines, open) {
    const caller = lines.find((line) => line.function !== lines[0].function) ?? lines[0];
    /** @param {Line} line */
    const item = (line) => frameItem(line, (call) => this.source.show(call));
    const list = h("ol", { start: 0 }, ...lines.slice(0, FRAMES).map(item));
    const more =
      lines.length > FRAMES
        ? button(`${lines.length - FRAMES} more frames`, () => {
            list.append(...lines.slice(FRAMES).map(item));
            more?.remove();
          })
        : null;
    return h(
      "details",
      { open },
      h(
        "summary",
        {},
        h("span", { class: "name", text: `from ${clipMiddle(caller.function, 40)} ` }),
        h("span", { class: "note numbers" }),
      ),
      list,
      more,
      button("Copy stack", () => this.#copy(stackText(lines))),
    );
  }

  /** @param {Row} detail */
  #drawThreads(detail) {
    const key = JSON.stringify(detail.threads.slice(0, THREADS));
    if (key === this.#threadsDrawn && !this.threadTable.hidden) return;
    this.#threadsDrawn = key;
    const { threads, thread_total: total } = detail;
    this.threadTable.hidden = this.threadTitle.hidden = threads.length === 0;
    setText(
      this.threadTitle,
      total > Math.min(threads.length, THREADS)
        ? `Threads: the first ${Math.min(threads.length, THREADS)} of ${count(total)}`
        : "Threads",
    );
    this.threads.replaceChildren(
      ...threads.slice(0, THREADS).map((/** @type {Row} */ t) =>
        h(
          "tr",
          {},
          h(
            "td",
            { class: "name" },
            button(
              clipMiddle(t.name || `thread ${t.tid}`, 24),
              () => this.app.drawer.open("th", t.id),
              {
                class: "link",
              },
            ),
          ),
          h("td", { class: "num", text: bytes(t.live_bytes), title: exactBytes(t.live_bytes) }),
          h("td", { class: "num", text: bytes(t.alloc_bytes), title: exactBytes(t.alloc_bytes) }),
          h("td", { class: "num", text: count(t.frees) }),
        ),
      ),
    );
  }

  #suppression() {
    return this.#row ? suppression(this.#row) : "";
  }

  #text() {
    const row = this.#row;
    if (!row) return "";
    const stack = this.#detail?.stacks[0];
    return [
      row.function,
      ...FACTS.map(([label, , text]) => `${label}: ${text(row)}`),
      ...(stack ? ["", stackText(stackLines(stack.frames))] : []),
    ].join("\n");
  }

  /** @param {string} text */
  async #copy(text) {
    setText(this.said, await copyText(text));
    setAttribute(this.said, "data-copied", text.slice(0, 200));
  }

  restyle() {
    this.sizes.restyle();
    this.lifetimes.restyle();
  }
}

// SPDX-License-Identifier: MIT
//
// diff: what has changed from A to B: snapshots, now, or moments of the past.
// As a table, a flame graph, histograms, threads.

import { api } from "../api.js";
import { BarChart } from "../charts/bars.js";
import { changesOf, sumsOf } from "../compare.js";
import { h, setAttribute, setText } from "../dom.js";
import { FlameGraph } from "../flame/graph.js";
import {
  axisBytes,
  axisCount,
  bytes,
  clipMiddle,
  compact,
  count,
  exactBytes,
  place,
  signedBytes,
} from "../format.js";
import { lifetimeBars, sizeBars } from "../histograms.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../compare.js").Change} Change */
/**
 * @typedef {object} Side a picture of the heap
 * @property {string} ref as `diff` has it: the number of a snapshot, `now`, `at:` and nanoseconds
 * @property {string} name
 * @property {Record<string, any>} [snapshot]
 */
/** @typedef {[Side, Side]} Pair */

const TABS = [
  { id: "sites", label: "Call sites" },
  { id: "flame", label: "Flame graph" },
  { id: "histograms", label: "Histograms" },
  { id: "threads", label: "Threads" },
];
const MOST = 10000;
const ROWS = 300; // drawn at most
const LEAST_SHARE = 0.0005;
const SIGNS = {
  new: "✚ new",
  grown: "▲ grown",
  shrunk: "▼ shrunk",
  gone: "✕ gone",
  same: "= same",
};

/** @param {number} n */
function signedCount(n) {
  return n === 0 ? "±0" : `${n > 0 ? "+" : ""}${count(n)}`;
}

export class Diff {
  tab = "sites";
  /** @type {Pair | null} */
  #pair = null;
  #asked = "";
  #round = 0;
  #same = false;

  /** @param {App} app @param {() => void} onTab another tab is shown */
  constructor(app, onTab) {
    this.app = app;
    this.onTab = onTab;
    this.title = h("h2", { text: "Difference" });
    this.totals = h("p", { class: "totals", role: "status" });
    this.tabs = TABS.map((tab) =>
      h("button", {
        type: "button",
        role: "tab",
        id: `tab-${tab.id}`,
        "aria-controls": "diff-panel",
        "data-tab": tab.id,
        text: tab.label,
        onclick: () => this.choose(tab.id),
        onkeydown: (/** @type {KeyboardEvent} */ event) => this.#key(event),
      }),
    );
    this.body = h("tbody", {});
    this.rest = h("p", { class: "note" });
    this.table = h(
      "div",
      { class: "scroll-x" },
      h(
        "table",
        { "aria-label": "Changes" },
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            ...["Name", "Change", "Blocks", "A", "B", ""].map((text, i) =>
              h("th", { scope: "col", class: i > 0 && i < 5 ? "num" : "", text: text || "Status" }),
            ),
          ),
        ),
        this.body,
      ),
      this.rest,
    );
    this.graph = new FlameGraph({ redraw: () => app.redraw() });
    const common = { note: "grey: A", color: "heap", moment: () => this.title.textContent ?? "" };
    this.size = new BarChart({
      ...common,
      id: "diff-sizes",
      title: "Live bytes by size",
      help: "Live bytes by the requested size of their blocks, at A and at B",
      kind: "bytes",
      format: bytes,
      axis: axisBytes,
    });
    this.life = new BarChart({
      ...common,
      id: "diff-lifetimes",
      title: "Block lifetime",
      help: "All blocks freed until A and until B, by how long they lived",
      kind: "count",
      format: compact,
      axis: axisCount,
    });
    this.histograms = h("div", { class: "grid two" }, this.size.element, this.life.element);
    this.error = h("p", { class: "insight warn", role: "alert", hidden: true });
    this.panel = h(
      "div",
      { id: "diff-panel", role: "tabpanel" },
      this.table,
      this.graph.element,
      this.histograms,
    );
    this.element = h(
      "section",
      { class: "card page diff", hidden: true, "aria-label": "Difference" },
      h(
        "header",
        {},
        this.title,
        h("span", { class: "segmented", role: "tablist", "aria-label": "Shown as" }, ...this.tabs),
      ),
      this.totals,
      this.error,
      this.panel,
    );
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const way = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (way === undefined) return;
    event.preventDefault();
    const at = TABS.findIndex((tab) => tab.id === this.tab) + way;
    this.choose(TABS[(at + TABS.length) % TABS.length].id);
    this.tabs.find((tab) => tab.dataset.tab === this.tab)?.focus();
  }

  /** @param {string} tab */
  choose(tab) {
    if (TABS.some((t) => t.id === tab)) this.tab = tab;
    this.onTab();
    this.#ask();
  }

  /** @param {Pair | null} pair @param {boolean} [again] what is now has changed */
  show(pair, again = false) {
    if (again) this.#round++;
    this.#pair = pair;
    this.element.hidden = pair === null;
    this.#ask();
  }

  /** Asks for what the tab shows, once for each pair. */
  async #ask() {
    for (const tab of this.tabs) {
      setAttribute(tab, "aria-selected", String(tab.dataset.tab === this.tab));
      setAttribute(tab, "tabindex", tab.dataset.tab === this.tab ? "0" : "-1");
    }
    setAttribute(this.panel, "aria-labelledby", `tab-${this.tab}`);
    this.table.hidden = this.tab !== "sites" && this.tab !== "threads";
    this.graph.element.hidden = this.tab !== "flame";
    this.histograms.hidden = this.tab !== "histograms";
    const pair = this.#pair;
    if (!pair) return;
    setText(this.title, `Difference ${pair.map((side) => side.name).join(" → ")}`);
    const refs = pair.map((side) => side.ref);
    const key = JSON.stringify([refs, this.#round, this.tab, this.app.store.session?.id]);
    if (key === this.#asked) return;
    this.#asked = key;
    try {
      const answer = await this.#answer(pair);
      if (key !== this.#asked) return; // another one is wanted by now
      this.error.hidden = true;
      answer();
    } catch (error) {
      if (key !== this.#asked) return;
      this.#asked = ""; // may be tried again
      this.error.hidden = false;
      setText(this.error, `This cannot be compared: ${/** @type {Error} */ (error).message}`);
    }
    this.app.redraw();
  }

  /** @param {Pair} pair @returns {Promise<() => void>} what draws it */
  async #answer(pair) {
    const session = this.app.store.session?.id;
    const [a, b] = pair.map((side) => side.ref);
    if (this.tab === "flame") {
      const [from, to] = [a, b].map((ref) =>
        ref === "now" ? ref : ref.startsWith("at:") ? ref.slice(3) : `snapshot:${ref}`,
      );
      const flame = await api.get("flame", { session, from, to, min: LEAST_SHARE });
      return () => this.graph.show(flame, "diff");
    }
    if (this.tab === "histograms") {
      const [before, after] = await Promise.all(pair.map((side) => this.#histogramsOf(side)));
      return () => this.#drawHistograms(before, after);
    }
    const sites = this.tab === "sites";
    const diff = await api.get("diff", { session, a, b, limit: MOST });
    const rows = sites ? diff.sites : diff.threads;
    return () => this.#drawChanges(changesOf(rows), !sites || diff.total <= MOST);
  }

  /** @param {Side} side */
  async #histogramsOf({ ref, snapshot }) {
    const { store } = this.app;
    const session = store.session?.id;
    if (!snapshot)
      return api.get("histograms", { session, at: ref === "now" ? null : ref.slice(3) });
    if (snapshot.epoch === store.epoch && !snapshot.imported) {
      const found = await api.get("histograms", { session, seq: snapshot.seq }).catch(() => null);
      if (found?.seq === snapshot.seq) return found;
    }
    return (await api.get(`snapshots/${snapshot.id}`)).histograms;
  }

  /** @param {Change[]} changes @param {boolean} complete */
  #drawChanges(changes, complete) {
    const sums = sumsOf(changes);
    setText(
      this.totals,
      `${signedBytes(sums.bytes)} (${signedBytes(sums.more)} more, ${signedBytes(sums.less)} less) in ${signedCount(sums.blocks)} blocks${complete ? "" : "; of the sites that changed most only"}`,
    );
    setAttribute(this.totals, "data-bytes", String(sums.bytes));
    setAttribute(this.totals, "title", exactBytes(sums.bytes));
    const shown = changes.filter((c) => this.#same || c.status !== "same");
    this.body.replaceChildren(...shown.slice(0, ROWS).map((c) => this.#row(c)));
    const more = shown.length - ROWS;
    this.rest.replaceChildren(
      shown.length === 0 ? "Nothing has changed. " : "",
      more > 0 ? `${count(more)} rows more are not listed. ` : "",
    );
    if (sums.same > 0) {
      this.rest.append(
        this.#same
          ? ""
          : `${count(sums.same)} ${sums.same === 1 ? "row is" : "rows are"} as before. `,
        h("button", {
          type: "button",
          class: "link",
          text: this.#same ? "Hide what is the same" : "Show them",
          onclick: () => {
            this.#same = !this.#same;
            this.#drawChanges(changes, complete);
          },
        }),
      );
    }
  }

  /** @param {Change} c */
  #row(c) {
    const where = c.file ? place(c.file, c.line ?? null) : (c.module ?? "");
    const way = c.bytes > 0 ? "more" : c.bytes < 0 ? "less" : "";
    return h(
      "tr",
      { "data-status": c.status, "data-bytes": c.bytes },
      h(
        "td",
        { class: "name", title: c.file ? `${c.file}:${c.line}` : (c.module ?? "") },
        h("span", { class: "mono", text: clipMiddle(c.name || "(no name)", 60) }),
        " ",
        h("span", { class: "dim", text: where }),
      ),
      h("td", { class: `num ${way}`, text: signedBytes(c.bytes), title: exactBytes(c.bytes) }),
      h("td", { class: "num", text: signedCount(c.blocks) }),
      h("td", { class: "num", text: bytes(c.a), title: exactBytes(c.a) }),
      h("td", { class: "num", text: bytes(c.b), title: exactBytes(c.b) }),
      h("td", { class: way, text: SIGNS[c.status] }),
    );
  }

  /** @param {Record<string, any>} a @param {Record<string, any>} b */
  #drawHistograms(a, b) {
    this.size.draw({ ...sizeBars(b.size), before: sizeBars(a.size).values });
    this.life.draw({ ...lifetimeBars(b.lifetime), before: lifetimeBars(a.lifetime).values });
  }

  draw() {
    if (!this.element.hidden && this.tab === "flame") this.graph.draw();
  }

  escape() {
    return this.tab === "flame" && !this.element.hidden && this.graph.escape();
  }

  restyle() {
    this.graph.restyle();
    this.size.restyle();
    this.life.restyle();
  }
}

// SPDX-License-Identifier: MIT
//
// overview: the page that says at a glance how the heap is.

import { BarChart } from "../charts/bars.js";
import { drawSpark, sparkCanvas } from "../charts/spark.js";
import { Strip } from "../charts/strip.js";
import { TimeChart } from "../charts/time_chart.js";
import { h, setAttribute, setText } from "../dom.js";
import { bytes, bytesParts, clipMiddle, clock, compact, count, exactBytes, perSecond, percent, signedBytes } from "../format.js";
import { lifetimeBars, sizeBars } from "../histograms.js";
import { insights } from "../insights.js";

const TOP_SITES = 7;
const TOP_THREADS = 5;

/** @typedef {import("../store.js").Store} Store */
/** @typedef {import("../app.js").App} App */
/**
 * @typedef {object} Tile
 * @property {string} id
 * @property {string} label
 * @property {string} help
 * @property {(s: Store) => [string, string]} value text and unit
 * @property {(s: Store) => number | null} exact
 * @property {(s: Store) => string} sub
 */

/** Change of a column over the last minute. @param {Store} s @param {string} column */
function perMinute(s, column) {
  const now = s.ring.end - 1;
  const before = s.ring.find("t", s.ring.last("t") - 60);
  const span = s.ring.at("t", now) - s.ring.at("t", before);
  return span > 5 ? ((s.ring.at(column, now) - s.ring.at(column, before)) / span) * 60 : Number.NaN;
}

/** @param {number} n */
function rateText(n) {
  return Number.isFinite(n) ? `${signedBytes(n)} / min` : "";
}

/** @type {Tile[]} */
const TILES = [
  {
    id: "heap", label: "Heap live", help: "Requested bytes of all blocks that are allocated and not freed. Measured, exact.",
    value: (s) => bytesParts(s.stats?.heap.live_bytes), exact: (s) => s.stats?.heap.live_bytes ?? null,
    sub: (s) => rateText(perMinute(s, "live")),
  },
  {
    id: "rss", label: "RSS", help: "Memory of the process that is resident, as the kernel counts it. It includes code, stacks, and memscope's records in the program.",
    value: (s) => bytesParts(s.stats?.system.rss_bytes), exact: (s) => s.stats?.system.rss_bytes ?? null,
    sub: (s) => rateText(perMinute(s, "rss")),
  },
  {
    id: "peak", label: "Peak heap", help: "The most that was live at once. Caught between ticks to within 64 KiB a thread.",
    value: (s) => bytesParts(s.stats?.heap.peak_bytes), exact: (s) => s.stats?.heap.peak_bytes ?? null,
    sub: (s) => (s.stats ? `at ${clock(s.stats.heap.peak_time_ns / 1e6)}` : ""),
  },
  {
    id: "rate", label: "Alloc rate", help: "Bytes allocated per second, over the last second. Measured, exact.",
    value: (s) => rateParts(s.ring.last("allocRate")), exact: (s) => s.ring.last("allocRate"),
    sub: (s) => `free ${rateParts(s.ring.last("freeRate")).join(" ")}`,
  },
  {
    id: "allocs", label: "Allocations", help: "Allocations per second, over the last second. Measured, exact.",
    value: (s) => [perSecond(s.ring.last("allocsRate")), ""], exact: (s) => s.ring.last("allocsRate"),
    sub: (s) => {
      const mean = s.ring.last("allocRate") / s.ring.last("allocsRate");
      return Number.isFinite(mean) ? `mean ${bytes(mean)}` : `${compact(s.stats?.heap.alloc_count_total)} in all`;
    },
  },
  {
    id: "blocks", label: "Live blocks", help: "Number of blocks that are allocated and not freed. Measured, exact.",
    value: (s) => [compact(s.stats?.heap.live_blocks), ""], exact: (s) => s.stats?.heap.live_blocks ?? null,
    sub: (s) => {
      const change = perMinute(s, "blocks");
      return Number.isFinite(change) ? `${change >= 0 ? "+" : ""}${compact(change)} / min` : "";
    },
  },
  {
    id: "threads", label: "Threads", help: "Threads of the process, as the kernel counts them.",
    value: (s) => [count(s.stats?.system.thread_count), ""], exact: (s) => s.stats?.system.thread_count ?? null,
    sub: (s) => `${count(s.stats?.system.threads_running)} running`,
  },
  {
    id: "cpu", label: "Process CPU", help: "Per cent of one core, since the last tick. From the kernel's clock of the process.",
    value: (s) => [percent(s.stats?.system.process_cpu), "%"], exact: (s) => s.stats?.system.process_cpu ?? null,
    sub: (s) => (s.stats ? `of ${count(s.stats.system.cores * 100)} %` : ""),
  },
];

/** @param {number} n @returns {[string, string]} */
function rateParts(n) {
  const [number, unit] = bytesParts(n);
  return [number, unit ? `${unit}/s` : ""];
}

export class Overview {
  #histograms = "";
  #insights = "";

  /** @param {App} app */
  constructor(app) {
    this.app = app;
    this.tiles = TILES.map((tile) => {
      const number = h("span", { class: "number" });
      const unit = h("span", { class: "unit" });
      const sub = h("div", { class: "sub" });
      const element = h("div", { class: "tile card", id: `tile-${tile.id}`, role: "group", "aria-label": tile.label, title: tile.help },
        h("div", { class: "label", text: tile.label }), h("div", { class: "value" }, number, " ", unit), sub);
      return { tile, element, number, unit, sub };
    });
    const source = { ring: app.store.ring, view: app.view };
    const hover = () => app.redraw();
    /** @param {number} v */
    const rate = (v) => `${bytes(v)}/s`;
    this.charts = [
      new TimeChart({ id: "memory", title: "Memory", kind: "bytes", format: bytes, help: "Live heap and peak: requested bytes, measured, exact. RSS: as the kernel counts it.",
        series: [
          { column: "live", label: "Heap live", color: "heap", fill: true },
          { column: "rss", label: "RSS", color: "rss" },
          { column: "peak", label: "Peak heap", color: "peak", dash: [5, 4] },
        ] }, source, hover),
      new TimeChart({ id: "rate", title: "Allocation rate", kind: "bytes", format: rate, help: "Bytes allocated (above) and freed (below) per second.",
        series: [
          { column: "allocRate", label: "alloc", color: "heap", fill: true },
          { column: "freeRate", label: "free", color: "free", fill: true, dash: [4, 2], sign: -1 },
        ] }, source, hover),
      new TimeChart({ id: "blocks", title: "Live blocks", kind: "count", format: compact, help: "Blocks that are allocated and not freed.",
        series: [{ column: "blocks", label: "now", color: "heap", fill: true }] }, source, hover),
      new TimeChart({ id: "cpu", title: "CPU", kind: "percent", format: (v) => `${percent(v)} %`, help: "The process: per cent of one core. The machine: per cent of all its cores.",
        series: [
          { column: "cpu", label: "process", color: "heap", fill: true },
          { column: "sysCpu", label: "machine", color: "peak", dash: [4, 3] },
        ] }, source, hover),
    ];
    this.size = new BarChart({ id: "sizes", title: "Live bytes by size", note: "of the block", help: "Live bytes by the requested size of their blocks.", color: "heap", kind: "bytes", format: bytes });
    this.life = new BarChart({ id: "lifetimes", title: "Block lifetime", note: "of freed blocks", help: "All blocks freed so far, by how long they lived. Stamps are 0.5 ms apart.", color: "free", kind: "count", format: compact });
    this.sites = this.#topTable("Top call sites", "live bytes", "sites", ["Function", "Live", "Δ 1 min"]);
    this.threads = this.#topTable("Top threads", "live bytes", "threads", ["Thread", "1 min", "Live", "CPU"]);
    this.insights = h("div", { class: "insights" });
    this.strip = new Strip(source, (end) => app.stopAt(end));
    this.self = h("span", { class: "note", id: "self-cost", title: "What memscope itself costs: CPU of one core, its memory, and events that could not be booked" });
    const session = h("section", { class: "card session" },
      h("header", {}, h("h2", { text: "Session", title: "All of the history that is held. Click or drag to look at another time." }), this.self,
        h("span", { class: "actions" },
          h("button", { type: "button", onclick: () => app.jumpToPeak("live"), text: "Peak heap" }),
          h("button", { type: "button", onclick: () => app.jumpToPeak("rss"), text: "Peak RSS" }),
          h("button", { type: "button", onclick: () => app.resume(), text: "Now" }))),
      this.strip.canvas);
    this.empty = h("p", { class: "card empty", text: "Waiting for the program's first allocation…" });
    this.element = h("div", { class: "overview" },
      h("div", { class: "tiles" }, ...this.tiles.map((t) => t.element)),
      this.insights, this.empty,
      h("div", { class: "grid" },
        this.charts[0].element, this.sites.element,
        this.charts[1].element, this.charts[2].element, this.charts[3].element,
        this.size.element, this.life.element, this.threads.element),
      session);
  }

  get wanted() {
    return {
      th: { sort: "live_bytes", order: /** @type {const} */ ("desc"), q: "", off: 0, n: TOP_THREADS },
      site: { sort: "live_bytes", order: /** @type {const} */ ("desc"), q: "", off: 0, n: TOP_SITES },
      hist: true,
    };
  }

  /** @param {string} title @param {string} note @param {string} page @param {string[]} heads */
  #topTable(title, note, page, heads) {
    const body = h("tbody", {});
    const element = h("section", { class: "card top", id: `top-${page}` },
      h("header", {}, h("h2", {}, h("a", { href: `#/${page}`, text: title })), h("span", { class: "note", text: note })),
      h("table", {}, h("thead", {}, h("tr", {}, ...heads.map((head, i) => h("th", { scope: "col", class: i === 0 ? "" : "num", text: head })))), body));
    return { element, body };
  }

  /** @param {HTMLElement} body @param {number} cells @param {number} rows */
  #rows(body, cells, rows) {
    while (body.children.length < rows) {
      body.append(h("tr", {}, ...Array.from({ length: cells }, (_, i) => h("td", { class: i === 0 ? "name" : "num" }))));
    }
    while (body.children.length > rows) body.lastElementChild?.remove();
    return /** @type {HTMLElement[]} */ ([...body.children]);
  }

  draw() {
    const { store } = this.app;
    this.empty.hidden = store.stats !== null;
    for (const chart of this.charts) chart.draw();
    this.strip.draw(store.snapshots, store.session?.start_ms ?? 0);
    this.#drawSelf();
    if (this.app.view.paused || !store.stats) return;
    for (const { tile, element, number, unit, sub } of this.tiles) {
      const [text, symbol] = tile.value(store);
      const exact = tile.exact(store);
      setText(number, text);
      setText(unit, symbol);
      setText(sub, tile.sub(store));
      setAttribute(element, "data-seq", String(store.seq));
      setAttribute(element, "data-value", exact === null ? "" : String(exact));
    }
    setAttribute(this.tiles[0].element, "title", `${TILES[0].help} Now ${exactBytes(store.stats.heap.live_bytes)}.`);
    this.#drawSites();
    this.#drawThreads();
    this.#drawHistograms();
    this.#drawInsights();
  }

  #drawSelf() {
    const { store } = this.app;
    const m = store.monitor;
    if (!m) return;
    const lost = store.stats ? store.stats.capture.dropped_allocs + store.stats.capture.dropped_frees : 0;
    const memory = m.rss_bytes === null ? bytes(m.model_bytes) : bytes(m.rss_bytes);
    setText(this.self, `memscope itself: ${percent(this.app.monitorCpu)} % CPU, ${memory}; ${count(lost)} events lost`);
  }

  #drawSites() {
    const { sites } = this.app.store;
    const rows = this.#rows(this.sites.body, 3, Math.min(TOP_SITES, sites.order.length));
    rows.forEach((element, i) => {
      const row = sites.rows.get(sites.order[i]);
      if (!row) return;
      const [name, live, delta] = element.children;
      setText(name, clipMiddle(row.function, 34));
      setAttribute(name, "title", `${row.function}${row.file ? ` — ${row.file}:${row.line}` : ""}`);
      setText(live, bytes(row.live_bytes));
      setText(delta, (row.delta_bytes > 0 ? "▲ " : "") + signedBytes(row.delta_bytes));
      delta.classList.toggle("up", row.delta_bytes > 65536);
    });
  }

  #drawThreads() {
    const { threads } = this.app.store;
    const rows = this.#rows(this.threads.body, 4, Math.min(TOP_THREADS, threads.order.length));
    rows.forEach((element, i) => {
      const row = threads.rows.get(threads.order[i]);
      if (!row) return;
      const [name, trend, live, cpu] = element.children;
      if (!trend.firstElementChild) trend.append(sparkCanvas());
      setText(name, clipMiddle(row.name || `thread ${row.tid}`, 20));
      drawSpark(/** @type {HTMLCanvasElement} */ (trend.firstElementChild), row.trend);
      setText(live, bytes(row.live_bytes));
      setText(cpu, row.cpu === null ? "–" : `${percent(row.cpu)} %`);
    });
  }

  #drawHistograms() {
    const { histograms } = this.app.store;
    if (!histograms || this.#histograms === String(histograms.seq)) return;
    this.#histograms = String(histograms.seq);
    this.size.draw(sizeBars(histograms.size));
    this.life.draw(lifetimeBars(histograms.lifetime));
  }

  #drawInsights() {
    const found = insights(this.app.store);
    const key = JSON.stringify(found);
    if (key === this.#insights) return;
    this.#insights = key;
    this.insights.replaceChildren(
      ...found.map((one) => h("p", { class: `insight ${one.kind}`, id: `insight-${one.id}` }, h("strong", { text: one.title }), ` ${one.text} `, one.page ? h("a", { href: `#/${one.page}`, text: "Show" }) : null)),
    );
  }

  restyle() {
    for (const chart of this.charts) chart.restyle();
    this.size.restyle();
    this.life.restyle();
  }
}

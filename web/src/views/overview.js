// SPDX-License-Identifier: MIT
//
// overview: the page that says at a glance how the heap is.

import { momentOf } from "../charts/picture.js";
import { drawSpark, sparkLine } from "../charts/spark.js";
import { h, setAttribute, setText } from "../dom.js";
import { bytes, clipMiddle, percent, signedBytes } from "../format.js";
import { lifetimeBars, sizeBars } from "../histograms.js";
import { insights } from "../insights.js";
import { routeTo } from "../router.js";
import { histogramCharts, timeCharts } from "./overview_charts.js";
import { Tiles } from "./tiles.js";

const TOP_SITES = 7;
const TOP_THREADS = 5;
const INSIGHTS_MS = 1000; // a sentence that changes faster cannot be read

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../store.js").Table} Table */
/** @typedef {Record<string, any>} Row */

/** @param {Row} answer @returns {Table} */
function tableOf({ total, rows }) {
  return {
    total,
    order: rows.map((/** @type {Row} */ row) => row.id),
    rows: new Map(rows.map((/** @type {Row} */ row) => [row.id, row])),
  };
}

export class Overview {
  /** What of the tables and histograms has been drawn. @type {any[]} */
  #drawn = [];
  #insightsAt = 0;
  /** Tables and histograms are to be shown, even when paused. */
  #due = true;
  #begun = false;
  #newest = 0;
  /** What the tables and histograms show in place of now; null: now. */
  /** @type {{at: number, threads: Table, sites: Table, histograms: Row} | null} */
  #past = null;
  #asking = false;
  /** @type {Map<string, {element: HTMLElement, title: Element, text: Element, link: Element | null}>} */
  #insights = new Map();

  /** @param {App} app */
  constructor(app) {
    this.app = app;
    this.tiles = new Tiles();
    const source = {
      get ring() {
        return app.store.ringOf(app.view);
      },
      view: app.view,
      flags: () => app.strip.flags,
    };
    this.charts = timeCharts(source, () => app.redraw());
    const { size, life } = histogramCharts(() => momentOf(source));
    this.size = size;
    this.life = life;
    this.sites = this.#topTable("Top call sites", "live bytes", "sites", [
      "Function",
      "Live",
      "Δ 1 min",
    ]);
    this.threads = this.#topTable("Top threads", "live bytes", "threads", [
      "Thread",
      "1 min",
      "Live",
      "CPU",
    ]);
    this.insights = h("div", { class: "insights" });
    this.empty = h("p", {
      class: "card empty",
      text: "Waiting for the program's first allocation…",
    });
    this.element = h(
      "div",
      { class: "overview" },
      this.tiles.element,
      this.insights,
      this.empty,
      h(
        "div",
        { class: "grid" },
        this.charts[0].element,
        this.sites.element,
        this.charts[1].element,
        this.charts[2].element,
        this.charts[3].element,
        this.size.element,
        this.life.element,
        this.threads.element,
      ),
    );
  }

  want() {
    return {
      th: {
        sort: "live_bytes",
        order: /** @type {const} */ ("desc"),
        q: "",
        off: 0,
        n: TOP_THREADS,
      },
      site: {
        sort: "live_bytes",
        order: /** @type {const} */ ("desc"),
        q: "",
        off: 0,
        n: TOP_SITES,
      },
      hist: true,
    };
  }

  /** @param {string} title @param {string} note @param {string} page @param {string[]} heads */
  #topTable(title, note, page, heads) {
    const body = h("tbody", {});
    const element = h(
      "section",
      { class: "card top", id: `top-${page}` },
      h(
        "header",
        {},
        h("h2", {}, h("a", { href: `#/${page}`, text: title })),
        h("span", { class: "note", text: note }),
      ),
      h(
        "table",
        {},
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            ...heads.map((head, i) =>
              h("th", { scope: "col", class: i === 0 ? "" : "num", text: head }),
            ),
          ),
        ),
        body,
      ),
    );
    return { element, body };
  }

  /** @param {HTMLElement} body @param {number} cells @param {number} rows */
  #rows(body, cells, rows) {
    while (body.children.length < rows) {
      body.append(
        h(
          "tr",
          {},
          ...Array.from({ length: cells }, (_, i) => h("td", { class: i === 0 ? "name" : "num" })),
        ),
      );
    }
    while (body.children.length > rows) body.lastElementChild?.remove();
    return /** @type {HTMLElement[]} */ ([...body.children]);
  }

  /** The page is looked at anew: what it shows of now is due, even when paused. */
  enter() {
    this.#due = true;
    this.#askPast();
  }

  timeChanged() {
    if (this.app.view.end === null) this.#due = true;
    this.#askPast();
  }

  /** The moment shown, when it was chosen: a pause keeps what is there. */
  async #askPast() {
    const { app } = this;
    const { view } = app;
    const at = view.chosen ? view.at : null;
    if (at === null) this.#past = null;
    if (at === null || this.#asking || this.#past?.at === at) return;
    this.#asking = true;
    const [threads, sites, histograms] = await Promise.all([
      app.ask("threads", { at, limit: TOP_THREADS }),
      app.ask("sites", { at, limit: TOP_SITES }),
      app.ask("histograms", { at }),
    ]);
    this.#asking = false;
    if (threads && sites && histograms) {
      this.#past = { at, threads: tableOf(threads), sites: tableOf(sites), histograms };
      this.#due = true;
      this.app.redraw();
    }
    if (view.at !== at) this.#askPast(); // moved on meanwhile
  }

  draw() {
    const { store, view } = this.app;
    const ring = store.ringOf(view);
    this.empty.hidden = store.stats !== null;
    if (!store.stats) return;
    const at = view.endIndex(ring);
    if (!view.paused) this.#newest = at;
    this.tiles.draw({
      store,
      ring,
      at,
      live: ring === store.ring && at === this.#newest,
      paused: view.paused,
    });
    if (!this.#begun) {
      // The numbers do not wait until the first chart is made.
      this.#begun = true;
      this.app.redraw();
      return;
    }
    this.#drawCharts();
    if (view.paused && !this.#due) return;
    this.#due = this.#past === null && store.sub < this.app.asked;
    const { sites, threads, histograms } = this.#past ?? store;
    if (this.#isNew(0, sites.order)) this.#drawSites(sites);
    if (this.#isNew(1, threads.order)) this.#drawThreads(threads);
    this.#drawRest(histograms);
  }

  /** What comes once a second: one of it a frame, since all of it makes a slow one. */
  /** @param {Row | null} histograms */
  #drawRest(histograms) {
    const enough = !this.app.view.paused; // which draws no further frame
    if (histograms && this.#isNew(2, histograms)) {
      this.size.draw(sizeBars(histograms.size));
      if (enough) return;
    }
    if (histograms && this.#isNew(3, histograms)) {
      this.life.draw(lifetimeBars(histograms.lifetime));
      if (enough) return;
    }
    this.#drawInsights();
  }

  /** @param {number} part @param {any} what came last of it */
  #isNew(part, what) {
    if (this.#drawn[part] === what) return false;
    this.#drawn[part] = what;
    return true;
  }

  /** One that is to be made a frame: the numbers, and the controls, come first. */
  #drawCharts() {
    let [made, more] = [false, false];
    for (const chart of this.charts) {
      const due = chart.due;
      if (due && made) more = true;
      else chart.draw();
      made ||= due;
    }
    if (more) this.app.redraw();
  }

  /** @param {Table} sites */
  #drawSites(sites) {
    const rows = this.#rows(this.sites.body, 3, Math.min(TOP_SITES, sites.order.length));
    for (let i = 0; i < rows.length; i++) {
      const row = sites.rows.get(sites.order[i]);
      if (!row) continue;
      const [name, live, delta] = rows[i].children;
      setText(name, clipMiddle(row.function, 34));
      setAttribute(name, "title", `${row.function}${row.file ? ` — ${row.file}:${row.line}` : ""}`);
      setText(live, bytes(row.live_bytes));
      setText(delta, (row.delta_bytes > 0 ? "▲ " : "") + signedBytes(row.delta_bytes));
      delta.classList.toggle("up", row.delta_bytes > 65536);
    }
  }

  /** @param {Table} threads */
  #drawThreads(threads) {
    const rows = this.#rows(this.threads.body, 4, Math.min(TOP_THREADS, threads.order.length));
    for (let i = 0; i < rows.length; i++) {
      const row = threads.rows.get(threads.order[i]);
      if (!row) continue;
      const [name, trend, live, cpu] = rows[i].children;
      if (!trend.firstElementChild) trend.append(sparkLine());
      setText(name, clipMiddle(row.name || `thread ${row.tid}`, 20));
      drawSpark(/** @type {Element} */ (trend.firstElementChild), row.trend);
      setText(live, bytes(row.live_bytes));
      setText(cpu, row.cpu === null ? "–" : `${percent(row.cpu)} %`);
    }
  }

  #drawInsights() {
    const now = performance.now();
    if (now - this.#insightsAt < INSIGHTS_MS && this.#insights.size > 0) return;
    this.#insightsAt = now;
    const found = insights(this.app.store, this.app.findings);
    const stay = new Set();
    for (const one of found) stay.add(one.id);
    for (const [id, { element }] of this.#insights) {
      if (stay.has(id)) continue;
      element.remove();
      this.#insights.delete(id);
    }
    for (let i = 0; i < found.length; i++) {
      const one = found[i];
      // Elements stay, so that their links keep the focus.
      let parts = this.#insights.get(one.id);
      if (!parts) {
        const title = h("strong", {});
        const text = h("span", {});
        const link = one.page ? h("a", { text: "Show" }) : null;
        parts = {
          element: h(
            "p",
            { class: `insight ${one.kind}`, id: `insight-${one.id}` },
            title,
            " ",
            text,
            " ",
            link,
          ),
          title,
          text,
          link,
        };
        this.#insights.set(one.id, parts);
      }
      setText(parts.title, one.title);
      setText(parts.text, one.text);
      if (parts.link && one.page) setAttribute(parts.link, "href", routeTo(one.page, one.params));
      if (this.insights.children[i] !== parts.element)
        this.insights.insertBefore(parts.element, this.insights.children[i] ?? null);
    }
  }

  restyle() {
    this.#drawn = [];
    this.tiles.restyle();
    for (const chart of this.charts) chart.restyle();
    this.size.restyle();
    this.life.restyle();
  }
}

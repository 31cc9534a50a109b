// SPDX-License-Identifier: MIT
//
// table_page: a page that is one table of the server's: of threads, or of call
// sites. Live, its rows come by themselves; of a past moment they are asked
// for.

import { api } from "../api.js";
import { download, toCsv } from "../csv.js";
import { h, setText } from "../dom.js";
import { bytes, clock, count, percent } from "../format.js";
import { Table } from "../table.js";
import { hiddenColumns } from "./choices.js";
import { button, Trouble } from "./parts.js";

const SCROLLING_MS = 60; // the server hears of a scroll so often at most
const MOST_SAVED = 10_000;

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../table.js").Column} Column */
/** @typedef {Record<string, any>} Row */

export class TablePage {
  /** To be shown even when paused. */
  #due = true;
  #timer = 0;
  #movedAt = 0;
  #asked = 0;
  #columnsOf = "";

  /**
   * @param {App} app
   * @param {object} plan
   * @param {"th" | "site"} plan.part
   * @param {"threads" | "sites"} plan.path of the API
   * @param {string} plan.title
   * @param {string} plan.about
   * @param {string} plan.placeholder
   * @param {Column[]} plan.columns
   * @param {Column[]} plan.rangeColumns in a range
   * @param {string} plan.none what the page is for, when there is nothing
   * @param {HTMLElement[]} plan.filters beside the search
   * @param {HTMLElement[]} [plan.actions] at the end of the heading
   */
  constructor(app, plan) {
    this.app = app;
    this.plan = plan;
    this.summary = h("span", { class: "note", role: "status" });
    this.frozen = h("span", {
      class: "note frozen",
      text: "order frozen while you look",
      hidden: true,
    });
    this.search = h("input", {
      type: "search",
      class: "search",
      placeholder: plan.placeholder,
      "aria-label": plan.placeholder,
      maxlength: 60,
      oninput: () => this.changed(),
    });
    this.table = new Table({
      label: plan.title,
      columns: plan.columns,
      sorting: { sort: "live_bytes", order: "desc" },
      onWindow: () => this.#moved(),
      onOpen: (row) => app.drawer.open(plan.part, row.id, row),
    });
    this.trouble = new Trouble();
    this.empty = h("p", { class: "empty", hidden: true });
    this.save = button("CSV", () => this.#save(), {
      title: `Saves the rows that match, at most ${count(MOST_SAVED)}, with exact numbers`,
    });
    this.element = h(
      "section",
      { class: `card page full page-${plan.part}` },
      h(
        "header",
        {},
        h("h2", { text: plan.title, title: plan.about }),
        this.search,
        ...plan.filters,
        this.summary,
        this.frozen,
        h("span", { class: "gap" }),
        ...(plan.actions ?? []),
        this.save,
      ),
      this.trouble.element,
      this.table.element,
      this.empty,
    );
  }

  /** What the filters say, as the server's window has it. @returns {Record<string, any>} */
  get filter() {
    return { q: this.search.value };
  }

  get filtered() {
    for (const value of Object.values(this.filter))
      if (value !== "" && value !== 0 && value !== "all") return true;
    return false;
  }

  /** Rows that come first. @returns {number[]} */
  get pins() {
    return [];
  }

  /** @param {number} sub @returns {Record<string, any>} */
  want(sub) {
    if (this.app.view.paused) return {};
    const pins = this.pins;
    return {
      [this.plan.part]: {
        ...this.table.ask(sub),
        ...this.filter,
        ...(pins.length ? { pin: pins } : {}),
      },
    };
  }

  /** The page is looked at anew: that is due, even when paused. @param {Record<string, string>} params */
  enter(params) {
    this.#chooseColumns();
    const { columns } = this.table.options;
    if (params.q !== undefined) this.search.value = params.q;
    if (params.sort && columns.some((c) => c.sortable && c.key === params.sort))
      this.table.sortBy(params.sort, params.order === "asc" ? "asc" : "desc");
    const id = Number(params[this.plan.part === "th" ? "thread" : "site"]);
    if (id > 0) this.app.drawer.open(this.plan.part, id);
    this.#due = true;
    if (this.app.view.paused) this.#askPast();
  }

  leave() {
    this.#asked++;
  }

  #chooseColumns() {
    const { range } = this.app.view;
    const hidden = hiddenColumns(this.plan.path);
    const columns = range
      ? this.plan.rangeColumns
      : this.plan.columns.filter((c) => !hidden.includes(c.key));
    const key = columns.map((c) => c.label).join();
    if (key === this.#columnsOf) return;
    this.#columnsOf = key;
    this.table.setColumns(columns);
  }

  timeChanged() {
    const { view } = this.app;
    this.#chooseColumns();
    if (!view.paused) {
      this.#asked++;
      this.app.subscribe();
    } else if (view.chosen || this.#due) this.#askPast();
  }

  /** The filter is another. */
  changed() {
    this.table.toTop();
    this.#again(); // first: the address can wait
    this.#remember();
  }

  /** The first move is told at once, those that follow a little later. */
  #moved() {
    if (this.#timer !== 0) return;
    const wait = this.#movedAt + SCROLLING_MS - performance.now();
    const tell = () => {
      this.#timer = 0;
      this.#movedAt = performance.now();
      this.#again();
      this.#remember();
    };
    if (wait > 0) this.#timer = setTimeout(tell, wait);
    else tell();
  }

  #again() {
    this.#due = true;
    if (this.app.view.paused) this.#askPast();
    else this.app.subscribe();
  }

  #remember() {
    const { sort, order } = this.table.sorting;
    const usual = sort === "live_bytes" && order === "desc";
    const { q, min, ...rest } = this.filter;
    this.app.setParams({
      q,
      min: min || "",
      ...Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== "all")),
      sort: usual ? "" : sort,
      order: usual ? "" : order,
    });
  }

  /** What the server is asked for over HTTP. */
  get #question() {
    const { sort, order } = this.table.sorting;
    return {
      session: this.app.store.session?.id,
      sort,
      order,
      ...this.app.view.past,
      ...this.filter,
    };
  }

  /** The rows of the moment that is shown. */
  async #askPast() {
    const asked = ++this.#asked;
    const { off, n } = this.table.ask(0);
    try {
      const answer = await api.get(this.plan.path, { ...this.#question, offset: off, limit: n });
      if (asked !== this.#asked || !this.app.view.paused) return;
      this.trouble.show(null);
      const before = this.plan.part === "th" ? this.app.store.threads : this.app.store.sites;
      for (const row of answer.rows) {
        // The view was only stopped: what was seen last is of that moment as well.
        const seen = this.app.view.chosen ? undefined : before.rows.get(row.id);
        row.trend ??= seen?.trend ?? null;
        if ("cpu" in row) row.cpu ??= seen?.cpu ?? null;
      }
      const rows = new Map(answer.rows.map((/** @type {Row} */ row) => [row.id, row]));
      this.#show({ ...answer, order: [...rows.keys()], rows }, 0);
    } catch (error) {
      if (asked === this.#asked) this.trouble.show(/** @type {Error} */ (error), this.plan.title);
    }
  }

  draw() {
    if (this.app.view.paused) return;
    const { store } = this.app;
    const data = this.plan.part === "th" ? store.threads : store.sites;
    const { trouble } = data;
    this.trouble.show(trouble ? new Error(trouble) : null, this.search.value);
    this.#show(data, store.sub);
  }

  /** @param {import("../store.js").Table} data @param {number} sub */
  #show(data, sub) {
    this.table.draw(data, sub);
    this.#due = this.table.waiting;
    this.frozen.hidden = !this.table.frozen;
    setText(this.summary, this.#words(data));
    const none = data.total === 0 && !this.table.waiting;
    this.empty.hidden = !none;
    this.table.element.hidden = none;
    if (none) setText(this.empty, this.filtered ? "Nothing is like this." : this.plan.none);
  }

  /** @param {import("../store.js").Table} data */
  #words(data) {
    const { view, store } = this.app;
    const match = data.total === 1 ? "matches" : "match";
    const words = [`${count(data.total)} ${this.filtered ? match : "in all"}`];
    const ring = store.ringOf(view);
    const whole = ring.at("live", view.endIndex(ring));
    if (data.sum && whole > 0) {
      const part = Math.min(100, (data.sum.live_bytes / whole) * 100);
      words.push(
        this.filtered
          ? `Σ ${bytes(data.sum.live_bytes)} = ${percent(part)} % of ${bytes(whole)} live`
          : `Σ ${bytes(data.sum.live_bytes)} live`,
      );
    }
    if (view.begin !== null) words.push(`from ${clock(view.begin * 1000)}`);
    if (view.paused)
      words.push(`${view.begin === null ? "as of" : "to"} ${clock((view.end ?? 0) * 1000)}`);
    return words.join(" · ");
  }

  async #save() {
    try {
      const answer = await api.get(this.plan.path, { ...this.#question, limit: MOST_SAVED });
      const names = Object.keys(answer.rows[0] ?? {}).filter((name) => name !== "trend");
      const rows = answer.rows.map((/** @type {Row} */ row) => names.map((name) => row[name]));
      download(`memscope-${this.plan.path}.csv`, toCsv(names, rows));
    } catch (error) {
      this.trouble.show(/** @type {Error} */ (error), "Not saved");
    }
  }
}

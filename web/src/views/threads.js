// SPDX-License-Identifier: MIT
//
// threads: all threads as a table, put together by name or state, or as a heat
// map over time.

import { api } from "../api.js";
import { HeatMap } from "../charts/heat_map.js";
import { STATES, threadColumns, threadRangeColumns } from "../columns.js";
import { h, setAttribute, setText } from "../dom.js";
import { byteRate, bytes, clipMiddle, count, duration, percent } from "../format.js";
import { Heat, STEP_S } from "../heat.js";
import { LocalTable } from "../local_table.js";
import { Poll } from "../poll.js";
import { grouped, namePattern } from "../thread_groups.js";
import { field, select } from "./parts.js";
import { TablePage } from "./table_page.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../table.js").Column} Column */
/** @typedef {import("../heat.js").Measure} Measure */
/** @typedef {Record<string, any>} Row */

const MOST = 10_000;
const MOST_PINS = 16;
const HEAT_ROWS = 2000;
const WHICH = /** @type {[string, string][]} */ ([
  ["all", "all"],
  ["alive", "not ended"],
  ["running", "running now"],
]);
const VIEWS = /** @type {[string, string][]} */ ([
  ["table", "each"],
  ["name", "by name"],
  ["state", "by state"],
  ["heat", "heat map"],
]);
const MEASURES = /** @type {[Measure, string][]} */ ([
  ["live_bytes", "live bytes"],
  ["alloc_bytes_rate", "allocation rate"],
  ["cpu", "CPU"],
]);
const FORMATS = /** @type {Record<Measure, (n: number) => string>} */ ({
  live_bytes: bytes,
  alloc_bytes_rate: byteRate,
  cpu: (n) => `${percent(n)} %`,
});

/** @param {string} state */
function stateName(state) {
  return STATES[state] ?? state;
}

/** Columns of a group: the sums, and how many. @type {Column[]} */
const groupColumns = [
  {
    key: "name",
    label: "Group",
    help: "Threads whose names differ in numbers only, or that are in one state",
    sortable: true,
    keep: true,
    class: "name",
    width: "minmax(150px, 1.6fr)",
    text: (r) => clipMiddle(r.name, 40),
    title: (r) => r.name,
  },
  {
    key: "count",
    label: "Threads",
    explain: "thread.count",
    sortable: true,
    keep: true,
    class: "num",
    text: (r) => count(r.count),
    title: (r) => `${count(r.ended_count)} of them have ended`,
  },
  ...threadColumns.filter((c) => !["name", "tid", "state", "trend"].includes(c.key)),
];

export class ThreadsPage extends TablePage {
  #view = "table";
  /** @type {Set<number>} */
  #pins = new Set();
  #heat = new Heat();

  /** @param {App} app */
  constructor(app) {
    const which = select("Which threads", WHICH, () => this.changed());
    const view = select("Shown", VIEWS, (value) => this.#choose(value));
    const measure = select("Colour", MEASURES, () => this.#drawHeat());
    /** @type {Column} */
    const pin = {
      key: "pin",
      label: "☆",
      help: `Pinned threads come first, whatever the order; at most ${MOST_PINS}`,
      width: "44px",
      class: "pin",
      paint: (cell, row) => this.#paintPin(cell, row),
    };
    super(app, {
      part: "th",
      path: "threads",
      title: "Threads",
      about: "Every thread that has allocated or freed, with what it allocated and nobody freed",
      placeholder: "Find a thread",
      columns: [pin, ...threadColumns],
      rangeColumns: [pin, ...threadRangeColumns],
      filters: [field("which", which), field("show", view)],
      none: "No thread has allocated anything yet. Here stands every thread of the program: what it holds, how fast it allocates, what it frees of others.",
    });
    this.which = which;
    this.view = view;
    this.measure = measure;
    this.groups = new LocalTable({
      label: "Groups of threads",
      columns: groupColumns,
      sorting: { sort: "live_bytes", order: "desc" },
      onOpen: (row) => this.#openGroup(row),
    });
    this.map = new HeatMap({
      onLook: (row, value, ago) => this.#look(row, value, ago),
      onChoose: (row) => app.drawer.open("th", row.id, row),
    });
    this.looked = h("p", { class: "note looked", "aria-live": "polite" });
    this.scale = h("span", { class: "note" });
    this.heat = h(
      "div",
      { class: "heat", hidden: true },
      h(
        "div",
        { class: "fields" },
        field("colour", measure),
        h("span", { class: "key occupancy", "aria-hidden": "true" }),
        this.scale,
      ),
      this.map.canvas,
      this.looked,
    );
    this.groups.element.hidden = true;
    this.element.append(this.groups.element, this.heat);
    this.poll = new Poll(
      STEP_S * 1000,
      () =>
        api.get("threads", {
          session: app.store.session?.id,
          limit: MOST,
          at: app.view.at,
          ...this.filter,
        }),
      (answer) => this.#take(answer),
    );
  }

  get filter() {
    return { ...super.filter, threads: this.which.value };
  }

  get pins() {
    return [...this.#pins];
  }

  /** @param {number} sub */
  want(sub) {
    return this.#view === "table" ? super.want(sub) : {};
  }

  /** @param {Record<string, string>} params */
  enter(params) {
    if (WHICH.some(([value]) => value === params.threads)) this.which.value = params.threads;
    super.enter(params);
    this.#choose(VIEWS.some(([value]) => value === params.show) ? params.show : this.#view);
  }

  leave() {
    super.leave();
    this.poll.stop();
  }

  timeChanged() {
    if (this.#view === "table") super.timeChanged();
    else this.poll.now();
  }

  changed() {
    super.changed();
    if (this.#view !== "table") this.poll.now();
  }

  /** @param {string} view */
  #choose(view) {
    const other = this.#view !== view;
    this.#view = view;
    this.view.value = view;
    this.table.element.hidden = view !== "table";
    this.groups.element.hidden = view !== "name" && view !== "state";
    this.heat.hidden = view !== "heat";
    this.frozen.hidden = true;
    if (view === "table") this.poll.stop();
    else this.poll.start();
    if (!other) return;
    this.app.setParams({ ...this.app.params, show: view === "table" ? "" : view });
    if (this.app.store.hello) this.app.subscribe();
  }

  /** @param {Row | null} answer */
  #take(answer) {
    if (!answer || this.#view === "table") return;
    const rows = answer.rows;
    setText(
      this.summary,
      `${count(answer.total)} ${answer.total === 1 ? "thread" : "threads"}${
        answer.total > rows.length ? `, the first ${count(rows.length)} of them` : ""
      } · Σ ${bytes(answer.sum.live_bytes)} live`,
    );
    if (this.#view === "heat") {
      if (!this.app.view.paused) this.#heat.push(rows);
      this.#drawHeat();
      return;
    }
    const byName = this.#view === "name";
    this.groups.set(
      grouped(rows, (t) => (byName ? namePattern(t.name) : stateName(t.ended ? "X" : t.state))),
    );
  }

  #drawHeat() {
    const measure = /** @type {Measure} */ (this.measure.value);
    const shown = this.#heat.rows(measure, HEAT_ROWS);
    this.map.show(shown);
    const left = shown.left > 0 ? ` · ${count(shown.left)} threads with less are not shown` : "";
    setText(
      this.scale,
      `0 to ${FORMATS[measure](shown.highest)} (by its square root) · the last ${duration(shown.known * STEP_S * 1e9)}, now at the right${
        measure === "live_bytes" ? "" : ", since this map was opened"
      }${left}`,
    );
  }

  /** @param {Row | null} row @param {number} value @param {number} ago seconds */
  #look(row, value, ago) {
    const measure = /** @type {Measure} */ (this.measure.value);
    const known = Number.isNaN(value) ? "not known" : FORMATS[measure](value);
    setText(
      this.looked,
      row
        ? `${row.name || "(no name)"} (thread ${row.tid}): ${known}, ${ago === 0 ? "now" : `${ago} s ago`}`
        : "",
    );
  }

  /** A group leads to its threads. @param {Row} group */
  #openGroup(group) {
    if (this.#view !== "name") return;
    const longest = group.name
      .split("*")
      .reduce(
        (/** @type {string} */ a, /** @type {string} */ b) => (b.length > a.length ? b : a),
        "",
      );
    this.search.value = longest;
    this.#choose("table");
    this.changed();
  }

  /** @param {HTMLElement} cell @param {Row} row */
  #paintPin(cell, row) {
    let star = /** @type {HTMLButtonElement | null} */ (cell.firstElementChild);
    if (!star) {
      star = h("button", {
        type: "button",
        class: "star",
        tabindex: -1,
        onclick: () => this.togglePin(Number(cell.parentElement?.dataset.id)),
      });
      cell.append(star);
    }
    const pinned = this.#pins.has(row.id);
    setText(star, pinned ? "★" : "☆");
    setAttribute(star, "aria-pressed", String(pinned));
    setAttribute(star, "aria-label", `Pin ${row.name || `thread ${row.tid}`}`);
  }

  /** @param {number} id */
  togglePin(id) {
    if (!this.#pins.delete(id)) {
      if (this.#pins.size === MOST_PINS)
        this.app.say(`At most ${MOST_PINS} threads can be pinned.`);
      else this.#pins.add(id);
    }
    this.table.thaw();
    if (this.app.store.hello) this.app.subscribe();
  }

  draw() {
    if (this.#view === "table") super.draw();
  }

  restyle() {
    this.map.draw();
  }
}

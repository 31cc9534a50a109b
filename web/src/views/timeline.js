// SPDX-License-Identifier: MIT
//
// timeline: marks, snapshots, what should not be, threads and changes of the
// capture, on an axis and as a list; and the last events of the threads.

import { api } from "../api.js";
import { Lanes } from "../charts/lanes.js";
import { h, setText } from "../dom.js";
import { bytes, clipMiddle, clock, count, instant } from "../format.js";
import { LocalTable } from "../local_table.js";
import { Poll } from "../poll.js";
import { happenings, LANES } from "../timeline_events.js";
import { button, card, field, select, Trouble } from "./parts.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../local_table.js").LocalColumn} LocalColumn */
/** @typedef {Record<string, any>} Row */
/** @typedef {import("../timeline_events.js").Happening} Happening */

const EVERY_MS = 2000;
const MOST_THREADS = 2000;
const MOST_EVENTS = 500;
const NAMES = Object.fromEntries(LANES);

/** @type {LocalColumn[]} */
const listColumns = [
  {
    key: "t",
    label: "Time",
    help: "Time since the program began",
    sortable: true,
    keep: true,
    class: "num",
    width: "108px",
    text: (r) => instant(r.t, 2),
    title: (r) => `${r.t.toFixed(3)} s`,
  },
  {
    key: "lane",
    label: "Kind",
    help: "What kind of thing it is",
    sortable: true,
    width: "110px",
    text: (r) => NAMES[r.lane],
  },
  {
    key: "what",
    label: "What",
    help: "What has happened",
    sortable: true,
    keep: true,
    width: "minmax(140px, 1fr)",
    text: (r) => r.what,
    title: (r) => r.what,
  },
  {
    key: "name",
    label: "Name",
    help: "As the program, or you, called it",
    sortable: true,
    keep: true,
    class: "name",
    width: "minmax(140px, 1.4fr)",
    text: (r) => clipMiddle(r.name, 60),
    title: (r) => r.name,
  },
];

/** @type {LocalColumn[]} */
const eventColumns = [
  {
    key: "time_ns",
    label: "Time",
    help: "Time since the program began; stamps are 0.5 ms apart. Measured: every call is captured.",
    sortable: true,
    keep: true,
    class: "num",
    width: "116px",
    text: (r) => instant(r.time_ns / 1e9, 3),
  },
  {
    key: "operation",
    label: "Operation",
    help: "What was called",
    sortable: true,
    keep: true,
    width: "112px",
    text: (r) => r.operation,
  },
  {
    key: "size_at_most",
    label: "Size ≤",
    help: "The upper end of its class of sizes: the recorder keeps no exact size. Unit: bytes.",
    sortable: true,
    class: "num",
    text: (r) => bytes(r.size_at_most),
  },
  {
    key: "address",
    label: "Address",
    explain: "block.address",
    class: "mono",
    width: "148px",
    text: (r) => r.address ?? "",
  },
  {
    key: "function",
    label: "Call site",
    explain: "block.site",
    sortable: true,
    keep: true,
    class: "name mono wide",
    width: "minmax(160px, 1.4fr)",
    text: (r) => clipMiddle(r.function ?? "?", 50),
    title: (r) => r.function ?? "unknown",
  },
  {
    key: "thread_name",
    label: "Thread",
    explain: "block.thread",
    sortable: true,
    class: "name",
    width: "minmax(90px, 0.6fr)",
    text: (r) => clipMiddle(r.thread_name || `thread ${r.thread}`, 20),
    title: (r) => r.thread_name ?? "",
  },
];

export class TimelinePage {
  /** @type {Happening[]} */
  #all = [];
  /** @type {Row[]} */
  #threads = [];
  #lane = "";
  #asked = 0;

  /** @param {App} app */
  constructor(app) {
    this.app = app;
    this.trouble = new Trouble();
    this.lanes = new Lanes(LANES, {
      onLook: (x) => setText(this.looked, x ? `${clock(x.t * 1000)} ${x.what} ${x.name}` : ""),
      onChoose: (x) => app.stopAt(x.t),
    });
    this.looked = h("p", { class: "note looked" });
    this.search = h("input", {
      type: "search",
      class: "search",
      placeholder: "Find a name",
      "aria-label": "Find a name",
      maxlength: 60,
      oninput: () => this.#filter(),
    });
    this.kind = select("Kind", [["", "everything"], ...LANES], (lane) => {
      this.#lane = lane;
      this.#filter();
    });
    this.summary = h("span", { class: "note", role: "status" });
    this.list = new LocalTable({
      label: "What has happened",
      columns: listColumns,
      sorting: { sort: "t", order: "desc" },
      fit: true,
      onOpen: (row) => app.stopAt(row.t),
    });
    this.thread = select("Thread", [["", "all threads"]], () => this.#askEvents());
    this.eventsSaid = h("span", { class: "note", role: "status" });
    this.events = new LocalTable({
      label: "Last events",
      columns: eventColumns,
      sorting: { sort: "", order: "desc" },
      fit: true,
      onOpen: (row) => row.site && app.drawer.open("site", row.site),
    });
    this.noEvents = h("p", {
      class: "empty",
      hidden: true,
      text: "The recorder of each thread keeps its last 512 events. None is kept just now.",
    });
    this.element = h(
      "div",
      { class: "stack timeline" },
      this.trouble.element,
      card(
        "Timeline",
        { about: "What has happened, by time. A click shows that moment on every page." },
        [this.search, field("kind", this.kind), this.summary],
        this.lanes.canvas,
        this.looked,
        this.list.element,
      ),
      card(
        "Last events",
        { about: "The last 512 events of each thread, from its recorder" },
        [
          field("of", this.thread),
          this.eventsSaid,
          h("span", { class: "gap" }),
          button("Refresh", () => this.#askEvents()),
        ],
        this.events.element,
        this.noEvents,
      ),
    );
    this.poll = new Poll(
      EVERY_MS,
      () => this.#ask(),
      (answer, error) => this.#take(answer, error),
    );
  }

  want() {
    return {};
  }

  enter() {
    this.poll.start();
    this.#askEvents();
  }

  leave() {
    this.poll.stop();
    this.#asked++;
  }

  get #session() {
    return this.app.store.session?.id;
  }

  async #ask() {
    const session = this.#session;
    const [marks, snapshots, threads] = await Promise.all([
      api.get("marks", { session }),
      api.get("snapshots").catch(() => null),
      api
        .post("query", {
          sql: `SELECT id, tid, name, birth_ms, ended FROM threads ORDER BY id DESC LIMIT ${MOST_THREADS}`,
          session,
        })
        .catch(() => ({ rows: [] })),
    ]);
    return { marks, snapshots, threads };
  }

  /** @param {{marks: Row, snapshots: Row | null, threads: Row} | null} answer @param {Error | null} error */
  #take(answer, error) {
    this.trouble.show(error, "The timeline");
    if (!answer || this.app.view.paused) return;
    const { store } = this.app;
    this.#threads = answer.threads.rows.map(
      (/** @type {any[]} */ [id, tid, name, birth_ms, ended]) => ({
        id,
        tid,
        name,
        birth_ms,
        ended: Boolean(ended),
      }),
    );
    this.#offerThreads();
    this.#all = happenings({
      marks: answer.marks.rows,
      snapshots: answer.snapshots?.snapshots ?? store.snapshots,
      threads: this.#threads,
      modes: store.modes,
      session: store.session && { ...store.session, epoch: store.epoch, uptime_ms: store.uptimeMs },
    });
    this.#filter();
  }

  #offerThreads() {
    if (this.thread.options.length === Math.min(this.#threads.length, 200) + 1) return;
    const chosen = this.thread.value;
    this.thread.replaceChildren(
      h("option", { value: "", text: "all threads" }),
      ...this.#threads
        .slice(0, 200)
        .map((t) => h("option", { value: String(t.id), text: t.name || `thread ${t.tid}` })),
    );
    this.thread.value = chosen;
  }

  #filter() {
    const text = this.search.value.toLowerCase();
    const shown = this.#all.filter(
      (x) =>
        (this.#lane === "" || x.lane === this.#lane) &&
        (text === "" || `${x.what} ${x.name}`.toLowerCase().includes(text)),
    );
    this.lanes.show(shown, this.app.store.uptimeMs / 1000);
    this.list.set(shown);
    setText(this.summary, `${count(shown.length)} of ${count(this.#all.length)}`);
  }

  async #askEvents() {
    const asked = ++this.#asked;
    const thread = this.thread.value === "" ? null : Number(this.thread.value);
    try {
      const answer = await api.post("query", {
        sql: `SELECT e.time_ns, e.operation, e.size_at_most, e.address, e.site, s.function, e.thread, t.name AS thread_name FROM events_recent e LEFT JOIN sites s ON s.id = e.site LEFT JOIN threads t ON t.id = e.thread${thread === null ? "" : " WHERE e.thread = :thread"} ORDER BY e.time_ns DESC LIMIT ${MOST_EVENTS}`,
        ...(thread === null ? {} : { parameters: { thread } }),
        session: this.#session,
      });
      if (asked !== this.#asked) return;
      const names = answer.columns.map((/** @type {Row} */ c) => c.name);
      const rows = answer.rows.map((/** @type {any[]} */ values, /** @type {number} */ id) => ({
        ...Object.fromEntries(values.map((v, i) => [names[i], v])),
        id,
      }));
      this.events.set(rows);
      this.events.element.hidden = rows.length === 0;
      this.noEvents.hidden = rows.length > 0;
      setText(
        this.eventsSaid,
        rows.length
          ? `the last ${count(rows.length)}, as of ${clock(this.app.store.uptimeMs)}`
          : "",
      );
    } catch (error) {
      if (asked !== this.#asked) return;
      this.events.element.hidden = true;
      this.noEvents.hidden = false;
      setText(this.eventsSaid, /** @type {Error} */ (error).message);
    }
  }

  draw() {}

  restyle() {
    this.lanes.draw();
  }
}

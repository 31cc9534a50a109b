// SPDX-License-Identifier: MIT
//
// allocations: live blocks, one by one: filtered and sorted by the server, as
// many as can be looked at. As of one moment, until asked again.

import { api } from "../api.js";
import { download, toCsv } from "../csv.js";
import { h, setText } from "../dom.js";
import { bytes, clipMiddle, clock, count, duration, exactBytes, place } from "../format.js";
import { LocalTable } from "../local_table.js";
import { routeTo } from "../router.js";
import { where } from "../sql_text.js";
import { button, card, field, select, Trouble } from "./parts.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {Record<string, any>} Row */

const MOST = 5000;
const TYPING_MS = 400;
const SIZES = /** @type {[string, string][]} */ ([
  ["", "any size"],
  ["256", "≥ 256 B"],
  ["4096", "≥ 4 KiB"],
  ["65536", "≥ 64 KiB"],
  ["1048576", "≥ 1 MiB"],
]);
const AGES = /** @type {[string, string][]} */ ([
  ["", "any age"],
  ["1", "> 1 s"],
  ["10", "> 10 s"],
  ["60", "> 1 min"],
  ["600", "> 10 min"],
  ["3600", "> 1 h"],
]);
const FROM =
  " FROM allocations a LEFT JOIN sites s ON s.id = a.site LEFT JOIN threads t ON t.id = a.thread";
const COLUMNS =
  "a.address, a.size, a.age_ns, a.birth_ns, a.thread, t.name AS thread_name, t.tid, a.site, s.function, s.file, s.line, s.module, a.variable, a.type, a.scope, a.task, (SELECT k.name FROM tasks k WHERE k.id = a.task) AS task_name";
// What the table can be sorted by, as the query says it.
const ORDERS = /** @type {Record<string, string>} */ ({
  address: "a.address",
  size: "a.size",
  age_ns: "a.age_ns",
  thread: "t.name",
  site: "s.function",
});

/** What the program has said of a block. @param {Row} row */
export function said(row) {
  const parts = [];
  if (row.variable || row.type)
    parts.push([row.variable, row.type && `: ${row.type}`].filter(Boolean).join(""));
  if (row.scope) parts.push(`in ${row.scope}`);
  if (row.task_name) parts.push(`task ${row.task_name}`);
  return parts.join(" · ");
}

/** @type {import("../local_table.js").LocalColumn[]} */
export const blockColumns = [
  {
    key: "address",
    label: "Address",
    explain: "block.address",
    sortable: true,
    class: "mono",
    width: "148px",
    text: (r) => r.address,
  },
  {
    key: "size",
    label: "Size",
    explain: "block.size",
    sortable: true,
    keep: true,
    class: "num",
    text: (r) => bytes(r.size),
    title: (r) => exactBytes(r.size),
  },
  {
    key: "age_ns",
    label: "Age",
    explain: "block.age_ns",
    sortable: true,
    keep: true,
    class: "num",
    text: (r) => duration(r.age_ns),
    title: (r) => `allocated ${duration(r.birth_ns)} after the start`,
  },
  {
    key: "site",
    label: "Call site",
    explain: "block.site",
    sortable: true,
    keep: true,
    class: "name mono wide",
    width: "minmax(200px, 1.6fr)",
    text: (r) => clipMiddle(r.function ?? "?", 52),
    title: (r) => `${r.function} (${r.file ? `${r.file}:${r.line}` : r.module})`,
  },
  {
    key: "place",
    label: "File and line",
    explain: "site.file",
    class: "place",
    width: "minmax(130px, 1fr)",
    text: (r) => place(r.file ?? "", r.line) || (r.module ?? ""),
    title: (r) => (r.file ? `${r.file}:${r.line}` : `no line known in ${r.module}`),
  },
  {
    key: "thread",
    label: "Thread",
    explain: "block.thread",
    sortable: true,
    class: "name",
    width: "minmax(100px, 0.7fr)",
    text: (r) => clipMiddle(r.thread_name || `thread ${r.tid ?? r.thread}`, 20),
    title: (r) => `${r.thread_name} (thread ${r.tid})`,
  },
  {
    key: "said",
    label: "Annotated",
    explain: "block.said",
    class: "name",
    width: "minmax(140px, 1fr)",
    text: (r) => clipMiddle(said(r), 44),
    title: (r) => said(r) || "The program has said nothing of this block.",
  },
];

export class AllocationsPage {
  #asked = 0;
  #typing = 0;

  /** @param {App} app */
  constructor(app) {
    this.app = app;
    const ask = () => this.#ask();
    this.search = h("input", {
      type: "search",
      class: "search",
      placeholder: "Function, file, variable or type",
      "aria-label": "Find a function, file, variable or type",
      maxlength: 60,
      oninput: () => {
        clearTimeout(this.#typing);
        this.#typing = setTimeout(ask, TYPING_MS);
      },
    });
    this.size = select("Size", SIZES, ask);
    this.age = select("Age", AGES, ask);
    /** @type {{site: string, thread: string, task: string}} */
    this.only = { site: "", thread: "", task: "" };
    this.chips = h("span", { class: "chips" });
    this.summary = h("span", { class: "note", role: "status" });
    this.trouble = new Trouble();
    this.empty = h("p", { class: "empty", hidden: true });
    this.table = new LocalTable({
      label: "Live blocks",
      columns: blockColumns,
      sorting: { sort: "size", order: "desc" },
      given: true,
      onSort: ask,
      onOpen: (row) => app.drawer.open("site", row.site),
    });
    this.element = card(
      "Allocations",
      { class: "full", about: "Blocks that are allocated and not freed, one by one" },
      [
        this.search,
        field("size", this.size),
        field("age", this.age),
        this.chips,
        this.summary,
        h("span", { class: "gap" }),
        h(
          "span",
          { class: "actions" },
          button("Refresh", ask, { class: "primary" }),
          button("CSV", () => this.#save(), { title: "Saves the rows that are shown" }),
        ),
      ],
      this.trouble.element,
      this.table.element,
      this.empty,
    );
  }

  want() {
    return {};
  }

  /** @param {Record<string, string>} params */
  enter({ site = "", thread = "", task = "", min, age, q }) {
    this.only = { site, thread, task };
    if (min !== undefined) this.#choose(this.size, min, `≥ ${bytes(Number(min))}`);
    if (age !== undefined) this.#choose(this.age, age, `> ${age} s`);
    if (q !== undefined) this.search.value = q;
    this.#drawChips();
    this.#ask();
  }

  leave() {
    this.#asked++;
  }

  /** A value that is not among the options becomes one. @param {HTMLSelectElement} into @param {string} value @param {string} text */
  #choose(into, value, text) {
    into.value = value;
    if (into.value !== value) into.append(h("option", { value, text, selected: true }));
  }

  #drawChips() {
    const chips = Object.entries(this.only).filter(([, id]) => id !== "");
    this.chips.replaceChildren(
      ...chips.map(([what, id]) => {
        const known = what === "thread" ? this.app.store.threads : this.app.store.sites;
        const row = what === "task" ? undefined : known.rows.get(Number(id));
        const name = row?.function || row?.name || id;
        return button(
          `${what}: ${clipMiddle(String(name), 30)} ✕`,
          () => {
            this.only = { ...this.only, [what]: "" };
            this.#drawChips();
            this.#ask();
          },
          { class: "chip", "aria-label": `Blocks of every ${what}, not only of ${name}` },
        );
      }),
    );
  }

  get #where() {
    const text = this.search.value.trim();
    /** @param {string} n */
    const number = (n) => (n === "" ? null : Number(n));
    const age = number(this.age.value);
    return where([
      ["a.site = :site", "site", number(this.only.site)],
      ["a.thread = :thread", "thread", number(this.only.thread)],
      ["a.task = :task", "task", number(this.only.task)],
      ["a.size >= :size", "size", number(this.size.value)],
      ["a.age_ns > :age", "age", age === null ? null : age * 1e9],
      [
        "instr(lower(coalesce(s.function, '') || ' ' || coalesce(s.file, '') || ' ' || a.variable || ' ' || a.type), lower(:text)) > 0",
        "text",
        text === "" ? null : text,
      ],
    ]);
  }

  async #ask() {
    const asked = ++this.#asked;
    clearTimeout(this.#typing);
    const { sort, order } = this.table.sorting;
    const { text, parameters } = this.#where;
    const session = this.app.store.session?.id;
    this.app.setParams({
      ...this.only,
      min: this.size.value,
      age: this.age.value,
      q: this.search.value,
    });
    setText(this.summary, "Asking…");
    /** @param {string} sql */
    const query = (sql) => api.post("query", { sql, parameters, session, limit: MOST });
    try {
      const [rows, sums] = await Promise.all([
        query(
          `SELECT ${COLUMNS}${FROM}${text} ORDER BY ${ORDERS[sort] ?? "a.size"} ${order === "asc" ? "ASC" : "DESC"} LIMIT ${MOST}`,
        ),
        query(`SELECT count(*) AS n, sum(a.size) AS bytes${FROM}${text}`),
      ]);
      if (asked === this.#asked) this.#take(rows, sums);
    } catch (error) {
      if (asked !== this.#asked) return;
      this.trouble.show(/** @type {Error} */ (error), "Live blocks");
      setText(this.summary, "");
    }
  }

  /** @param {Row} answer @param {Row} sums */
  #take(answer, sums) {
    const failed = answer.error ?? sums.error;
    this.trouble.show(failed ? new Error(failed.message) : null, "Live blocks");
    const names = answer.columns.map((/** @type {Row} */ c) => c.name);
    const rows = answer.rows.map((/** @type {any[]} */ values) =>
      Object.fromEntries(values.map((v, i) => [names[i], v])),
    );
    rows.forEach((/** @type {Row} */ row, /** @type {number} */ i) => {
      row.id = i;
    });
    const [n, total] = sums.rows[0] ?? [0, 0];
    this.table.set(rows);
    this.table.element.hidden = rows.length === 0;
    this.empty.hidden = rows.length > 0;
    const filtered = this.#where.text !== "";
    setText(
      this.empty,
      filtered
        ? "No live block is like this."
        : "No block is live. Here stands each block that the program has allocated and not freed: its address, size, age, thread, call site, and what the program has said of it.",
    );
    setText(
      this.summary,
      `${count(n)} blocks · ${bytes(total ?? 0)}${n > rows.length ? ` · the first ${count(rows.length)} of this order are shown` : ""} · as of ${clock(this.app.store.uptimeMs)}`,
    );
  }

  #save() {
    const names = [
      "address",
      "size",
      "age_ns",
      "thread_name",
      "function",
      "file",
      "line",
      "variable",
      "type",
      "scope",
      "task_name",
    ];
    download(
      "memscope-allocations.csv",
      toCsv(
        names,
        this.table.rows.map((row) => names.map((name) => row[name])),
      ),
    );
  }

  draw() {}

  restyle() {}
}

/** Where the blocks of something are shown. @param {Record<string, string | number>} of */
export function blocksOf(of) {
  return routeTo("allocations", of);
}

// SPDX-License-Identifier: MIT
//
// tasks: what the program says of itself: tasks, scopes, pools, types; and the
// types that are read from the blocks, or declared.

import { api } from "../api.js";
import { h, setText } from "../dom.js";
import { bytes, clipMiddle, compact, count, duration, exactBytes } from "../format.js";
import { LocalTable } from "../local_table.js";
import { Poll } from "../poll.js";
import { asTree } from "../task_tree.js";
import { card, Trouble } from "./parts.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../local_table.js").LocalColumn} LocalColumn */
/** @typedef {Record<string, any>} Row */

const EVERY_MS = 2000;

/** @param {string} key @param {string} label @param {string} explain @returns {LocalColumn} */
const size = (key, label, explain) => ({
  key,
  label,
  explain,
  sortable: true,
  class: "num",
  keep: key === "live_bytes",
  text: (r) => bytes(r[key]),
  title: (r) => exactBytes(r[key]),
});
/** @param {string} key @param {string} label @param {string} explain @returns {LocalColumn} */
const number = (key, label, explain) => ({
  key,
  label,
  explain,
  sortable: true,
  class: "num",
  text: (r) => compact(r[key]),
  title: (r) => count(r[key]),
});
/** @type {LocalColumn[]} */
const SUMS = [
  size("live_bytes", "Live", "group.live_bytes"),
  number("live_blocks", "Blocks", "group.live_blocks"),
  size("alloc_bytes", "Total", "group.alloc_bytes"),
  number("alloc_count", "Allocs", "group.alloc_count"),
  number("free_count", "Frees", "group.free_count"),
];

/** @param {Row} task */
function stateOf(task) {
  if (task.shared) return `${count(task.ended)} of ${count(task.created)} ended`;
  return task.end_ns === null || task.end_ns === 0 ? "running" : "ended";
}

/** @param {string} label @param {string} explain @returns {LocalColumn} */
const name = (label, explain) => ({
  key: "name",
  label,
  explain,
  sortable: true,
  keep: true,
  class: "name",
  width: "minmax(160px, 2fr)",
  text: (r) => clipMiddle(r.name || "(no name)", 60),
  title: (r) => r.name,
});

/** @type {LocalColumn[]} */
export const taskColumns = [
  {
    ...name("Task", "group.name"),
    sortable: false,
    text: undefined,
    paint: (cell, r) => {
      setText(cell, `${r.depth > 0 ? "└ " : ""}${clipMiddle(r.name || "(no name)", 60)}`);
      cell.style.paddingLeft = `${8 + Math.min(r.depth, 12) * 16}px`;
    },
  },
  {
    key: "state",
    label: "State",
    explain: "task.state",
    class: "state",
    width: "124px",
    text: stateOf,
  },
  {
    key: "time",
    label: "Time",
    explain: "task.time",
    class: "num",
    text: (r) => duration((r.end_ns || r.now_ns) - r.create_ns),
  },
  ...SUMS,
  number("entered", "Entered", "task.entered"),
  number("hops", "Hops", "task.hops"),
];

/** What a type is known by. @type {Record<string, string>} */
const KNOWN_BY = { annotated: "annotated", vtable: "measured", dwarf: "declared" };

/** @type {LocalColumn[]} */
const typeColumns = [
  name("Type", "type.name"),
  {
    key: "type_from",
    label: "Known by",
    help: "Annotated: the program has tagged the block. Measured: read from the object's table of virtual functions. Declared: debug information says so of the call that has allocated it, and the size fits.",
    sortable: true,
    width: "110px",
    text: (r) => KNOWN_BY[r.type_from] ?? r.type_from,
  },
  size("live_bytes", "Live", "type.live_bytes"),
  number("live_blocks", "Blocks", "type.live_blocks"),
];

/** What of the heap has a type, in a sentence. @param {Row | null} measured */
export function measuredText(measured) {
  if (!measured) return "Of other blocks nothing is known.";
  const of = `Of ${bytes(measured.unknown_bytes)} in ${count(measured.unknown_blocks)} blocks the type is unknown.`;
  const objects = measured.vtables
    ? ""
    : " Classes of C++ objects are not read: the program has ended, or may not be read.";
  return `${of}${measured.complete ? "" : " Not all could be looked at."}${objects}`;
}

export class TasksPage {
  /** @param {App} app */
  constructor(app) {
    this.app = app;
    this.trouble = new Trouble();
    /** @param {string} label @param {LocalColumn[]} columns @param {boolean} [given] @param {(row: Row) => void} [onOpen] */
    const table = (label, columns, given, onOpen) =>
      new LocalTable({
        label,
        columns,
        given,
        onOpen,
        fit: true,
        sorting: { sort: given ? "" : "live_bytes", order: "desc" },
      });
    this.tasks = table(
      "Tasks",
      taskColumns.map((c) => ({ ...c, sortable: false })),
      true,
      (row) => app.go("allocations", { task: row.id }),
    );
    this.scopes = table("Scopes", [name("Scope", "group.name"), ...SUMS]);
    this.pools = table("Pools", [name("Pool", "group.name"), ...SUMS]);
    this.types = table("Types", typeColumns, false, (row) =>
      app.go("allocations", { q: row.name }),
    );
    this.measured = h("p", { class: "note" });
    /** @param {string} title @param {string} about @param {LocalTable} of @param {string} none @param {HTMLElement} [more] */
    const part = (title, about, of, none, more) => {
      const summary = h("span", { class: "note" });
      const empty = h("p", { class: "empty", text: none, hidden: true });
      of.element.hidden = true; // until it is known which of the two there is
      const element = card(title, { about }, [summary], of.element, empty, more ?? null);
      return { table: of, summary, empty, element };
    };
    this.parts = {
      tasks: part(
        "Tasks",
        "Logical tasks of memscope_task_create, each below the one that created it. A row leads to its live blocks.",
        this.tasks,
        "The program has created no task. With memscope_task_create, enter and leave it says what it is at, in whatever thread: here stands what each of them has allocated.",
      ),
      scopes: part(
        "Scopes",
        "memscope_scope_begin and end; one in another counts in both",
        this.scopes,
        "No scope has been begun. memscope_scope_begin names a phase of the program, such as “load”.",
      ),
      pools: part(
        "Pools",
        "Pools of allocators of the program's own",
        this.pools,
        "No pool is known. memscope_pool_create tells of an allocator that hands out parts of a larger block.",
      ),
      types: part(
        "Types",
        "Live blocks by type: as tagged, as read from the objects, or as declared where they are allocated. A row leads to its blocks.",
        this.types,
        "No type is known: nothing was tagged by memscope_tag, no block begins with a C++ object that has virtual functions, and no debug information declares one.",
        this.measured,
      ),
    };
    this.element = h(
      "div",
      { class: "stack tasks" },
      this.trouble.element,
      ...Object.values(this.parts).map((p) => p.element),
    );
    this.poll = new Poll(
      EVERY_MS,
      () => {
        const session = app.store.session?.id;
        return Promise.all([api.get("tasks", { session }), api.get("types", { session })]);
      },
      (answer, error) => this.#take(answer, error),
    );
  }

  want() {
    return {};
  }

  enter() {
    this.poll.start();
  }

  leave() {
    this.poll.stop();
  }

  /** @param {[Row, Row] | null} answer @param {Error | null} error */
  #take(answer, error) {
    this.trouble.show(error, "Tasks and types");
    if (!answer || this.app.view.paused) return;
    const [groups, types] = answer;
    const now_ns = this.app.store.uptimeMs * 1e6;
    this.#show("tasks", asTree(groups.rows.map((/** @type {Row} */ row) => ({ ...row, now_ns }))));
    this.#show("scopes", groups.scopes);
    this.#show("pools", groups.pools);
    this.#show(
      "types",
      [...types.rows, ...(types.measured?.rows ?? [])].map((row, id) => ({ ...row, id })),
    );
    setText(this.measured, measuredText(types.measured));
  }

  /** @param {keyof TasksPage["parts"]} which @param {Row[]} rows */
  #show(which, rows) {
    const { table, summary, empty } = this.parts[which];
    const live = rows.reduce((sum, row) => sum + row.live_bytes, 0);
    table.element.hidden = rows.length === 0;
    empty.hidden = rows.length > 0;
    table.set(rows);
    setText(
      summary,
      rows.length === 0
        ? ""
        : `${count(rows.length)}${which === "types" || which === "tasks" ? ` · ${bytes(live)} live` : ""}`,
    );
  }

  draw() {}

  restyle() {}
}

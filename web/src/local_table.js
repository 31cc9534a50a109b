// SPDX-License-Identifier: MIT
//
// local_table: a table whose rows the page holds, all of them. Sorted here;
// only those in sight are elements.

import { Table } from "./table.js";

/** @typedef {Record<string, any>} Row */
/** @typedef {import("./table.js").Column & {value?: (row: Row) => any}} LocalColumn `value`: what it sorts by */

/** Unknown is below everything. @param {any} a @param {any} b */
export function compare(a, b) {
  if (a === b) return 0;
  if (a === null || a === undefined) return -1;
  if (b === null || b === undefined) return 1;
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (typeof a === "number") return -1;
  if (typeof b === "number") return 1;
  return a < b ? -1 : 1;
}

/**
 * The rows in an order; equal ones as they came.
 * @param {Row[]} rows
 * @param {(row: Row) => any} value
 * @param {"asc" | "desc"} order
 */
export function sorted(rows, value, order) {
  const sign = order === "asc" ? 1 : -1;
  return rows
    .map((row) => ({ row, key: value(row) }))
    .sort((a, b) => sign * compare(a.key, b.key))
    .map(({ row }) => row);
}

export class LocalTable {
  /** @type {Row[]} */
  #rows = [];
  /** @type {number[] | null} */
  #order = null;
  /** @type {Map<number, Row>} */
  #byId = new Map();
  #asked = 0;

  /**
   * @param {object} options
   * @param {string} options.label
   * @param {LocalColumn[]} options.columns
   * @param {{sort: string, order: "asc" | "desc"}} options.sorting
   * @param {boolean} [options.fit]
   * @param {boolean} [options.given] rows keep the order in which they come; `onSort` brings another
   * @param {(row: Row) => void} [options.onOpen]
   * @param {() => void} [options.onSort]
   */
  constructor(options) {
    this.options = options;
    let sorting = options.sorting;
    this.table = new Table({
      ...options,
      onOpen: options.onOpen ?? (() => {}),
      onWindow: () => {
        if (this.table.sorting !== sorting) {
          sorting = this.table.sorting;
          this.#order = null;
          options.onSort?.();
        }
        this.#ask();
      },
    });
    this.element = this.table.element;
    if (!options.onOpen) this.element.classList.add("plain");
  }

  get sorting() {
    return this.table.sorting;
  }

  get rows() {
    return this.#rows;
  }

  /** All rows in the order shown. */
  get ordered() {
    this.#sort();
    return (this.#order ?? []).map((id) => /** @type {Row} */ (this.#byId.get(id)));
  }

  /** @param {import("./table.js").Column[]} columns */
  setColumns(columns) {
    this.options.columns = columns;
    this.table.setColumns(columns);
  }

  /** Shows these. A row without an `id` gets its place as such. @param {Row[]} rows */
  set(rows) {
    this.#rows = rows;
    this.#byId = new Map();
    rows.forEach((row, i) => {
      row.id ??= i;
      this.#byId.set(row.id, row);
    });
    this.#order = null;
    this.#ask();
  }

  #sort() {
    if (this.#order) return;
    const { sort, order } = this.table.sorting;
    const column = this.options.columns.find((c) => c.key === sort);
    const value = column?.value ?? ((/** @type {Row} */ row) => row[sort]);
    const rows = this.options.given ? this.#rows : sorted(this.#rows, value, order);
    this.#order = rows.map((row) => row.id);
  }

  #ask() {
    this.#sort();
    const { off, n } = this.table.ask(++this.#asked);
    this.table.draw(
      {
        total: this.#rows.length,
        order: /** @type {number[]} */ (this.#order).slice(off, off + n),
        rows: this.#byId,
      },
      this.#asked,
    );
  }
}

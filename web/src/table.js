// SPDX-License-Identifier: MIT
//
// table: rows of a server-side table, of which only those in sight are
// elements. The server sorts and filters; the table says which part it wants.
// While the pointer is over the rows, or the focus in them, their order stays.

import { h, setAttribute, setText } from "./dom.js";
import { explained } from "./explain.js";
import { fitting, least, track, tracks } from "./fit.js";

const ROW_PX = 30;
const SPARE_ROWS = 8;
const MOST_ROWS = 70;

/**
 * @typedef {object} Column
 * @property {string} key
 * @property {string} label
 * @property {string} [explain] key of explain.js; or
 * @property {string} [help] what it is
 * @property {boolean} [sortable]
 * @property {string} [class]
 * @property {string} [width] of its track; 88px otherwise
 * @property {boolean} [keep] on narrow screens as well, before all others
 * @property {(row: Record<string, any>) => string} [text]
 * @property {(row: Record<string, any>) => string} [title] the exact value
 * @property {(cell: HTMLElement, row: Record<string, any>) => void} [paint] in place of text
 */

/** @param {string} kind @param {Column} column */
function classes(kind, column) {
  return `${kind} c-${column.key} ${column.class ?? ""}`;
}

/** What a header says of its column. @param {Column} column */
function about(column) {
  return column.explain ? explained(column.explain) : { title: column.help };
}

export class Table {
  /** @type {HTMLElement[]} */
  #pool = [];
  /** @type {Map<Element, Record<string, any>>} what each of them shows */
  #painted = new Map();
  /** @type {number[]} */
  #order = [];
  #offset = 0;
  #total = 0;
  /** @type {number | null} the row that shall have the focus as soon as it is there */
  #goal = null;
  /** @type {{first: number, sub: number} | null} the part that was asked for and has not come */
  #asked = null;
  #pointed = false;
  #focused = false;
  /** @type {boolean[]} which columns have room on a narrow screen */
  #kept = [];
  #width = 0; // told by the browser

  /**
   * @param {object} options
   * @param {string} options.label
   * @param {boolean} [options.fit] as high as its rows, up to a limit
   * @param {Column[]} options.columns
   * @param {{sort: string, order: "asc" | "desc"}} options.sorting
   * @param {() => void} options.onWindow the wanted part or order changed
   * @param {(row: Record<string, any>) => void} options.onOpen
   */
  constructor(options) {
    this.options = options;
    /** @type {{sort: string, order: "asc" | "desc"}} */
    this.sorting = options.sorting;
    this.first = 0;
    /** @type {Map<number, Record<string, any>>} */
    this.rows = new Map();
    this.note = h("span", { class: "note" });
    this.head = h("div", { class: "tr head", role: "row", "aria-rowindex": 1 });
    this.body = h("div", { class: "tbody" });
    this.spacer = h("div", { class: "spacer" });
    this.scroller = h(
      "div",
      {
        class: "scroller",
        tabindex: 0,
        role: "rowgroup",
        "aria-label": `${options.label}, scrollable`,
      },
      this.body,
      this.spacer,
    );
    this.element = h(
      "div",
      {
        class: options.fit ? "table fit" : "table",
        role: "table",
        "aria-label": options.label,
      },
      h("div", { role: "rowgroup", class: "thead" }, this.head),
      this.scroller,
    );
    this.#setColumns();
    new ResizeObserver(([{ contentRect }]) => {
      if (contentRect.width === this.#width || contentRect.width === 0) return;
      this.#width = contentRect.width;
      this.#keep();
    }).observe(this.scroller);
    this.scroller.addEventListener("scroll", () => this.#scrolled());
    this.#watchReader();
  }

  #setColumns() {
    const { columns } = this.options;
    const style = this.element.style;
    style.setProperty("--columns-wide", columns.map(track).join(" "));
    style.setProperty("--table-wide", `${columns.reduce((sum, c) => sum + least(c), 0)}px`);
    this.head.replaceChildren(...columns.map((column) => this.#header(column)));
    this.#keep();
  }

  /** Marks what is shown on a narrow screen. */
  #keep() {
    const { columns } = this.options;
    this.#kept = fitting(columns, this.#width);
    const narrow = tracks(
      columns.filter((_, i) => this.#kept[i]),
      this.#width,
    );
    this.element.style.setProperty("--columns-narrow", narrow);
    for (const row of [this.head, ...this.#pool])
      this.#kept.forEach((kept, i) => {
        row.children[i].classList.toggle("keep", kept);
      });
  }

  /** Shows other columns. @param {Column[]} columns */
  setColumns(columns) {
    this.options.columns = columns;
    this.#pool = [];
    this.#painted.clear();
    this.body.replaceChildren();
    this.#setColumns();
  }

  // A finger does not hover: only a mouse or a pen keeps the order.
  #watchReader() {
    this.body.addEventListener("pointermove", (event) => {
      this.#pointed = event.pointerType !== "touch";
    });
    this.body.addEventListener("pointerleave", () => {
      this.#pointed = false;
    });
    this.body.addEventListener("focusin", () => {
      this.#focused = true;
    });
    this.body.addEventListener("focusout", () => {
      this.#focused = false;
    });
  }

  get frozen() {
    return this.#pointed || this.#focused;
  }

  /** The reader wants another order at once. */
  thaw() {
    this.#pointed = false;
    this.#focused = false;
  }

  toTop() {
    this.scroller.scrollTop = 0;
    this.first = 0;
  }

  /** Whether the part that was asked for has not come. */
  get waiting() {
    return this.#asked !== null;
  }

  /**
   * The part that is to be asked for. What is shown stays until the answer.
   * @param {number} sub the number of the subscription that asks
   */
  ask(sub) {
    this.#asked = { first: this.first, sub };
    const seen = Math.ceil((this.scroller.clientHeight || 600) / ROW_PX) + 2 * SPARE_ROWS;
    return { ...this.sorting, off: this.first, n: Math.min(seen, MOST_ROWS) };
  }

  /** @param {Column} column */
  #header(column) {
    if (!column.sortable) {
      return h("div", {
        class: classes("th", column),
        role: "columnheader",
        text: column.label,
        ...about(column),
      });
    }
    const cell = h(
      "div",
      { class: classes("th", column), role: "columnheader", "data-key": column.key },
      h(
        "button",
        { type: "button", ...about(column), onclick: () => this.#sort(column.key) },
        column.label,
      ),
    );
    this.#markSorting(cell);
    return cell;
  }

  /** @param {HTMLElement} cell */
  #markSorting(cell) {
    const mine = cell.dataset.key === this.sorting.sort;
    cell.setAttribute(
      "aria-sort",
      mine ? (this.sorting.order === "asc" ? "ascending" : "descending") : "none",
    );
  }

  /** @param {string} key */
  #sort(key) {
    const again = this.sorting.sort === key;
    this.sortBy(key, again && this.sorting.order === "desc" ? "asc" : "desc", true);
  }

  /** @param {string} sort @param {"asc" | "desc"} order @param {boolean} [ask] for the rows at once */
  sortBy(sort, order, ask = false) {
    this.sorting = { sort, order };
    for (const cell of this.head.querySelectorAll("[data-key]"))
      this.#markSorting(/** @type {HTMLElement} */ (cell));
    this.toTop();
    if (ask) this.options.onWindow();
  }

  #scrolled() {
    const first = Math.max(0, Math.floor(this.scroller.scrollTop / ROW_PX) - SPARE_ROWS);
    if (Math.abs(first - this.first) < SPARE_ROWS / 2 && first !== 0) return;
    if (first === this.first) return;
    this.first = first;
    this.options.onWindow();
  }

  /**
   * Shows what the store has.
   * @param {import("./store.js").Table} table
   * @param {number} sub the subscription that it answers
   */
  draw(table, sub) {
    this.rows = table.rows;
    this.#total = table.total;
    const answered = this.#asked && sub >= this.#asked.sub;
    const focused = this.#focused
      ? this.#offset + this.#pool.indexOf(/** @type {HTMLElement} */ (document.activeElement))
      : -1;
    if (this.#asked && answered) {
      this.#order = table.order;
      this.#offset = this.#asked.first;
      this.#asked = null;
    } else if (!this.#asked && !this.frozen) {
      this.#order = table.order;
    }
    setAttribute(this.element, "aria-rowcount", String(table.total + 1));
    const height = `${table.total * ROW_PX}px`;
    if (this.spacer.style.height !== height) this.spacer.style.height = height;
    const top = `translateY(${this.#offset * ROW_PX}px)`;
    if (this.body.style.transform !== top) this.body.style.transform = top;
    while (this.#pool.length < this.#order.length) this.#addRow();
    for (let i = 0; i < this.#pool.length; i++) {
      const row = i < this.#order.length ? table.rows.get(this.#order[i]) : undefined;
      this.#pool[i].hidden = row === undefined;
      if (row) this.#paint(this.#pool[i], row, this.#offset + i);
    }
    // The focus stays on its place in the table, whatever element that is now.
    const goal = this.#goal ?? focused;
    if (answered && goal >= 0 && this.#focusRow(goal)) this.#goal = null;
  }

  #addRow() {
    const element = h("div", {
      class: "tr",
      role: "row",
      tabindex: this.#pool.length === 0 ? 0 : -1,
    });
    this.options.columns.forEach((column, i) => {
      const kept = this.#kept[i] ? " keep" : "";
      element.append(h("div", { class: classes("td", column) + kept, role: "cell" }));
    });
    // What is seen is opened, also while other rows are on their way.
    const open = () => {
      const row = this.rows.get(Number(element.dataset.id)) ?? this.#painted.get(element);
      if (row) this.options.onOpen(row);
    };
    /** A control within the row acts for itself. @param {Event} event */
    const mine = (event) =>
      !(/** @type {Element} */ (event.target).closest("button, a, input, summary"));
    element.addEventListener("click", (event) => {
      if (mine(event)) open();
    });
    element.addEventListener("keydown", (event) => {
      if (!mine(event)) return;
      if (event.key === "Enter") open();
      else if (!this.#moveFocus(this.#pool.indexOf(element), event.key)) return;
      event.preventDefault();
    });
    this.#pool.push(element);
    this.body.append(element);
  }

  /** @param {number} from index in the pool @param {string} key */
  #moveFocus(from, key) {
    const page = Math.max(1, Math.floor(this.scroller.clientHeight / ROW_PX) - 1);
    const here = this.#offset + from;
    const wanted = {
      ArrowDown: here + 1,
      ArrowUp: here - 1,
      PageDown: here + page,
      PageUp: here - page,
      Home: 0,
      End: this.#total - 1,
    }[key];
    if (wanted === undefined) return false;
    const to = Math.min(this.#total - 1, Math.max(0, wanted));
    if (!this.#focusRow(to)) {
      // Its row has to come first; scrolling asks for it.
      this.#goal = to;
      this.scroller.scrollTop = to * ROW_PX - this.scroller.clientHeight / 2;
    }
    return true;
  }

  /** @param {number} index in the whole table @returns {boolean} whether there is an element for it */
  #focusRow(index) {
    const element = this.#pool[index - this.#offset];
    if (!element || element.hidden) return false;
    for (const other of this.#pool) other.tabIndex = -1;
    element.tabIndex = 0;
    element.focus();
    return true;
  }

  /** @param {HTMLElement} element @param {Record<string, any>} row @param {number} index */
  #paint(element, row, index) {
    this.#painted.set(element, row);
    setAttribute(element, "data-id", String(row.id));
    setAttribute(element, "aria-rowindex", String(index + 2));
    element.classList.toggle("ended", row.ended === true);
    for (let i = 0; i < this.options.columns.length; i++) {
      const column = this.options.columns[i];
      const cell = /** @type {HTMLElement} */ (element.children[i]);
      if (column.paint) column.paint(cell, row);
      else setText(cell, column.text ? column.text(row) : "");
      if (column.title) setAttribute(cell, "title", column.title(row));
    }
  }
}

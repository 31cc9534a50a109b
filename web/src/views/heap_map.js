// SPDX-License-Identifier: MIT
//
// heap_map: a live map of where blocks lie in the address space: cells, the
// way into them and back.

import { api } from "../api.js";
import { HeapGrid, hex } from "../charts/heap_grid.js";
import { h, setText } from "../dom.js";
import { bytes, count } from "../format.js";
import { occupancy } from "../occupancy.js";
import { button, card, Trouble } from "./parts.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {{from: number, to: number} | null} Range null: all of the heap */

const FIRST_CELL = 16 * 1024;
const LEAST_CELL = 16;
const INTO = 256; // a cell's parts
const MOST_CELLS = 4096;
const MOST_ROWS = 100_000;

export class HeapMap {
  /** @type {Range[]} the way to what is shown */
  #way = [null];
  #asked = 0;

  /** @param {App} app */
  constructor(app) {
    this.app = app;
    this.trouble = new Trouble();
    this.grid = new HeapGrid({
      onZoom: (cell) => this.#into(cell.begin),
      onLook: (text) => setText(this.looked, text),
    });
    this.path = h("span", { class: "chips" });
    this.summary = h("span", { class: "note", role: "status" });
    this.looked = h("p", { class: "note looked", "aria-live": "polite" });
    this.empty = h("p", {
      class: "empty",
      hidden: true,
      text: "No block is live. Here stands, cell by cell, where live blocks lie in the address space.",
    });
    this.cell = 0;
    this.element = card(
      "Heap map",
      {
        class: "heap-map",
        about:
          "Each cell is a part of the address space: the stronger its colour, the more of it is live blocks. Gaps without any are left out.",
      },
      [
        this.path,
        this.summary,
        h("span", { class: "gap" }),
        h("span", { class: "key occupancy" }, "0 – 100 % live"),
        button("Refresh", () => this.ask()),
      ],
      this.trouble.element,
      this.grid.canvas,
      this.looked,
      this.empty,
    );
  }

  /** @param {number} begin of a cell that is shown */
  #into(begin) {
    if (this.cell <= LEAST_CELL) return;
    this.#way.push({ from: begin, to: begin + this.cell });
    this.ask();
  }

  /** Back by one. False: all is shown. */
  out() {
    if (this.#way.length === 1) return false;
    this.#way.pop();
    this.ask();
    return true;
  }

  async ask() {
    const asked = ++this.#asked;
    const range = this.#way[this.#way.length - 1];
    const cell = range ? Math.max(LEAST_CELL, (range.to - range.from) / INTO) : FIRST_CELL;
    const within = range ? " AND address >= :from AND address < :to" : "";
    const session = this.app.store.session?.id;
    /** @param {string} sql @param {Record<string, number>} parameters */
    const query = (sql, parameters) =>
      api.post("query", {
        sql,
        parameters: { ...parameters, ...(range ?? {}) },
        session,
        limit: MOST_ROWS,
      });
    try {
      const [small, large] = await Promise.all([
        query(
          `SELECT address / :cell AS n, sum(size) AS bytes, count(*) AS blocks FROM allocations WHERE size <= :cell${within} GROUP BY n`,
          { cell },
        ),
        // One that begins before the range may reach into it.
        api.post("query", {
          sql: `SELECT address, size FROM allocations WHERE size > :cell${range ? " AND address < :to AND address + size > :from" : ""}`,
          parameters: { cell, ...(range ?? {}) },
          session,
          limit: MOST_ROWS,
        }),
      ]);
      if (asked === this.#asked) this.#take(small, large, cell, range);
    } catch (error) {
      if (asked === this.#asked) this.trouble.show(/** @type {Error} */ (error), "The map");
    }
  }

  /** @param {Record<string, any>} small @param {Record<string, any>} large @param {number} cell @param {Range} range */
  #take(small, large, cell, range) {
    this.trouble.show(null);
    const inside = large.rows.map((/** @type {[string, number]} */ [address, size]) => {
      const begin = Math.max(Number(address), range?.from ?? 0);
      const end = Math.min(Number(address) + size, range?.to ?? Number.POSITIVE_INFINITY);
      return [begin, end - begin];
    });
    const map = occupancy(
      small.rows.map((/** @type {number[]} */ [n, b, c]) => [n * cell, b, c]),
      inside,
      cell,
      MOST_CELLS,
      range,
    );
    this.cell = map.cell;
    const cells = map.areas.flatMap((area) => area.cells);
    this.empty.hidden = cells.length > 0;
    this.grid.canvas.hidden = cells.length === 0;
    this.grid.show(map.areas, map.cell);
    const live = cells.reduce((sum, c) => sum + c.bytes, 0);
    setText(
      this.summary,
      `${count(map.areas.length)} ${map.areas.length === 1 ? "area" : "areas"} · ${count(cells.length)} cells of ${bytes(map.cell)} · ${bytes(live)} live${
        small.truncated || large.truncated ? " · not all could be asked for" : ""
      }`,
    );
    setText(this.looked, "");
    this.path.replaceChildren(
      ...this.#way.map((way, i) =>
        button(
          way ? hex(way.from) : "all",
          () => {
            this.#way.length = i + 1;
            this.ask();
          },
          { class: "chip", "aria-current": i + 1 === this.#way.length ? "true" : undefined },
        ),
      ),
    );
  }

  restyle() {
    this.grid.draw();
  }
}

// SPDX-License-Identifier: MIT
//
// heat: numbers of many threads over time, a row for each, the last so many
// moments. Pure.

export const COLUMNS = 120;
export const STEP_S = 3; // as the trends of the server

/** @typedef {"live_bytes" | "alloc_bytes_rate" | "cpu"} Measure */
const MEASURES = /** @type {Measure[]} */ (["live_bytes", "alloc_bytes_rate", "cpu"]);

export class Heat {
  /** Moments that are known of, at most. */
  known = 20; // of a trend
  /** @type {Map<number, {row: Record<string, any>, values: Record<Measure, Float64Array>}>} */
  #threads = new Map();

  /** The next moment. @param {Record<string, any>[]} rows */
  push(rows) {
    const seen = new Set();
    this.known = Math.min(COLUMNS, this.known + 1);
    for (const row of rows) {
      seen.add(row.id);
      let thread = this.#threads.get(row.id);
      if (!thread) {
        thread = { row, values: this.#empty() };
        this.#threads.set(row.id, thread);
        this.#seed(thread.values.live_bytes, row.trend);
      }
      thread.row = row;
      for (const measure of MEASURES) {
        const values = thread.values[measure];
        values.copyWithin(0, 1);
        values[COLUMNS - 1] = row[measure] ?? Number.NaN;
      }
    }
    for (const id of this.#threads.keys()) if (!seen.has(id)) this.#threads.delete(id);
  }

  #empty() {
    return /** @type {Record<Measure, Float64Array>} */ (
      Object.fromEntries(MEASURES.map((m) => [m, new Float64Array(COLUMNS).fill(Number.NaN)]))
    );
  }

  /** What the server knows of before. @param {Float64Array} values @param {(number | null)[] | null} trend */
  #seed(values, trend) {
    (trend ?? []).forEach((value, i) => {
      values[COLUMNS - (trend ?? []).length + i] = value ?? Number.NaN;
    });
  }

  /**
   * Rows for a picture, the largest now first.
   * @param {Measure} measure
   * @param {number} most rows
   */
  rows(measure, most) {
    const all = [...this.#threads.values()].map(({ row, values }) => ({
      row,
      values: values[measure].subarray(COLUMNS - this.known),
    }));
    /** @param {Float64Array} values */
    const now = (values) => {
      const last = values[values.length - 1];
      return Number.isNaN(last) ? -1 : last;
    };
    all.sort((a, b) => now(b.values) - now(a.values) || a.row.id - b.row.id);
    const rows = all.slice(0, most);
    let highest = 0;
    for (const { values } of rows) for (const v of values) if (v > highest) highest = v;
    return { rows, highest, left: all.length - rows.length, known: this.known };
  }
}

// SPDX-License-Identifier: MIT
//
// ring: the last samples, by column, in typed arrays. Indices count all
// samples ever added, so that they stay valid while old ones are overwritten.
// Pure.

export class Ring {
  /** @param {string[]} columns @param {number} capacity */
  constructor(columns, capacity) {
    this.capacity = capacity;
    /** Seconds between samples, about: where more are missing, there is a gap. */
    this.step = 1;
    /** Samples ever added. */
    this.end = 0;
    /** Grows with every change. */
    this.changes = 0;
    /** @type {Record<string, Float64Array>} */
    this.columns = {};
    for (const name of columns) this.columns[name] = new Float64Array(capacity);
  }

  /** Index of the oldest sample that is kept. */
  get begin() {
    return Math.max(0, this.end - this.capacity);
  }

  clear() {
    this.end = 0;
    this.changes++;
  }

  /** @param {Record<string, number>} sample missing columns become NaN */
  push(sample) {
    const at = this.end % this.capacity;
    for (const name in this.columns) this.columns[name][at] = sample[name] ?? Number.NaN;
    this.end++;
    this.changes++;
  }

  /** @param {string} column @param {number} index */
  at(column, index) {
    if (index < this.begin || index >= this.end) return Number.NaN;
    return this.columns[column][index % this.capacity];
  }

  /** All columns of one that is kept. @param {number} index */
  sample(index) {
    /** @type {Record<string, number>} */
    const sample = {};
    for (const name in this.columns) sample[name] = this.columns[name][index % this.capacity];
    return sample;
  }

  /** The newest value. @param {string} column */
  last(column) {
    return this.at(column, this.end - 1);
  }

  /**
   * The first index whose `column` (which never falls) is at or above a value.
   * @param {string} column
   * @param {number} value
   */
  find(column, value) {
    let low = this.begin;
    let high = this.end;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.at(column, middle) < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The time of the sample at a time, or before. @param {number} t */
  timeAt(t) {
    // Half a millisecond: the time is such a sample's own.
    const at = this.at("t", Math.max(this.find("t", t + 5e-4) - 1, this.begin));
    return Number.isFinite(at) ? at : t;
  }

  /** Largest value in [from, to). @param {string} column @param {number} from @param {number} to */
  max(column, from, to) {
    let most = Number.NaN;
    const data = this.columns[column];
    for (let i = Math.max(from, this.begin); i < Math.min(to, this.end); i++) {
      const value = data[i % this.capacity];
      if (value > most || (Number.isNaN(most) && !Number.isNaN(value))) most = value;
    }
    return most;
  }
}

// SPDX-License-Identifier: MIT
//
// view: what time is shown: now, a moment of the past, or a range from A to B.
// It governs every page. Pure; readers ask, nobody is called.

export const WINDOWS = [
  { seconds: 30, label: "30 s" },
  { seconds: 60, label: "1 min" },
  { seconds: 300, label: "5 min" },
  { seconds: 600, label: "10 min" },
];

/**
 * A time of the ring as the server's `at`: to the end of its millisecond, since
 * the tick itself is somewhere in it.
 * @param {number} seconds of uptime
 */
function nanoseconds(seconds) {
  return Math.round(seconds * 1000) * 1e6 + 999_999;
}

export class View {
  constructor() {
    /** What charts show when there is no range, in seconds. */
    this.window = 60;
    /** @type {number | null} end of what is shown in uptime seconds; null: now */
    this.end = null;
    /** @type {number | null} where a range begins */
    this.begin = null;
    /** The moment was chosen; else the view has only been paused. */
    this.chosen = false;
    /** @type {number | null} crosshair, in seconds before the window's end, ≤ 0 */
    this.hover = null;
    /** Counts changes of what is shown. */
    this.version = 0;
  }

  /** @param {number} end @param {{begin?: number | null, chosen?: boolean}} [how] */
  stop(end, { begin = null, chosen = true } = {}) {
    this.end = end;
    this.begin = begin !== null && begin < end ? begin : null;
    this.chosen = chosen;
    this.version++;
  }

  resume() {
    this.end = null;
    this.begin = null;
    this.chosen = false;
    this.version++;
  }

  get paused() {
    return this.end !== null;
  }

  /** Length of what charts show. */
  get seconds() {
    return this.begin !== null && this.end !== null ? this.end - this.begin : this.window;
  }

  /** The moment as the server's `at`; null: now. */
  get at() {
    return this.end === null ? null : nanoseconds(this.end);
  }

  /** The range as the server's `from` and `to`; null: there is none. */
  get range() {
    if (this.begin === null || this.end === null) return null;
    return { from: nanoseconds(this.begin), to: nanoseconds(this.end) };
  }

  /** What of the past is shown, as parameters of the server; {}: now. */
  get past() {
    return this.range ?? (this.end === null ? {} : { at: this.at });
  }

  /** @param {import("./ring.js").Ring} ring */
  endOf(ring) {
    const last = ring.last("t");
    return this.end ?? (Number.isFinite(last) ? last : 0);
  }

  /** The last sample shown. @param {import("./ring.js").Ring} ring */
  endIndex(ring) {
    // Half a millisecond: the end is such a sample's own time.
    const after = ring.find("t", this.endOf(ring) + 5e-4);
    return Math.max(after - 1, ring.begin);
  }

  /** The index under the crosshair, or -1. @param {import("./ring.js").Ring} ring */
  hoverIndex(ring) {
    if (this.hover === null || ring.end === 0) return -1;
    const index = Math.min(ring.find("t", this.endOf(ring) + this.hover), ring.end - 1);
    return index >= ring.begin ? index : -1;
  }
}

// SPDX-License-Identifier: MIT
//
// view: what part of the time is shown: the last N seconds, live or stopped at
// a moment. Pure; readers ask, nobody is called.

export const WINDOWS = [
  { seconds: 30, label: "30 s" },
  { seconds: 60, label: "1 min" },
  { seconds: 300, label: "5 min" },
  { seconds: 600, label: "10 min" },
];

export class View {
  constructor() {
    this.seconds = 60;
    /** @type {number | null} end of the window in uptime seconds; null: now */
    this.end = null;
    /** @type {number | null} crosshair, in seconds before the window's end, ≤ 0 */
    this.hover = null;
  }

  get paused() {
    return this.end !== null;
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

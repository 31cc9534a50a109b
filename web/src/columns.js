// SPDX-License-Identifier: MIT
//
// columns: what the tables of threads and call sites show, and what each
// number means.

import { drawSpark, sparkCanvas } from "./charts/spark.js";
import {
  byteRate,
  bytes,
  clipMiddle,
  compact,
  count,
  duration,
  exactBytes,
  percent,
  perSecond,
  place,
  signedBytes,
} from "./format.js";

/** @typedef {import("./table.js").Column} Column */

const NAME_CHARS = 52;
export const STATES = /** @type {Record<string, string>} */ ({
  R: "running",
  S: "sleeping",
  D: "waiting for disk",
  T: "stopped",
  t: "traced",
  Z: "zombie",
  I: "idle",
  X: "ended",
  "?": "not known",
});

/** @param {HTMLElement} cell @param {Record<string, any>} row */
function paintSpark(cell, row) {
  let canvas = /** @type {HTMLCanvasElement | null} */ (cell.firstElementChild);
  if (!canvas) {
    canvas = sparkCanvas();
    cell.append(canvas);
  }
  drawSpark(canvas, row.trend);
}

/** @type {Column} */
const spark = {
  key: "trend",
  label: "Trend",
  help: "Live bytes over the last minute",
  class: "spark-cell",
  paint: paintSpark,
};

/** @type {Column[]} */
export const threadColumns = [
  {
    key: "name",
    label: "Thread",
    help: "Name given to the thread, and the kernel's number",
    sortable: true,
    class: "name",
    text: (r) => clipMiddle(r.name || "(no name)", 24),
    title: (r) => `${r.name} (thread ${r.tid})`,
  },
  {
    key: "tid",
    label: "TID",
    help: "The kernel's number of the thread",
    sortable: true,
    class: "num",
    text: (r) => String(r.tid),
  },
  {
    key: "state",
    label: "State",
    help: "As the kernel says, once a second",
    class: "state",
    text: (r) => STATES[r.state] ?? r.state,
  },
  {
    key: "cpu",
    label: "CPU",
    help: "Per cent of one core over the last second",
    sortable: true,
    class: "num",
    text: (r) => (r.cpu === null ? "–" : `${percent(r.cpu)} %`),
  },
  spark,
  {
    key: "live_bytes",
    label: "Live",
    help: "Requested bytes of blocks that this thread allocated and that nobody has freed",
    sortable: true,
    class: "num",
    text: (r) => bytes(r.live_bytes),
    title: (r) => exactBytes(r.live_bytes),
  },
  {
    key: "live_blocks",
    label: "Blocks",
    help: "Number of those blocks",
    sortable: true,
    class: "num",
    text: (r) => count(r.live_blocks),
  },
  {
    key: "alloc_bytes_rate",
    label: "Alloc rate",
    help: "Bytes allocated per second, over the last second",
    sortable: true,
    class: "num",
    text: (r) => byteRate(r.alloc_bytes_rate),
    title: (r) => `${exactBytes(r.alloc_bytes_rate)} per second`,
  },
  {
    key: "alloc_count_rate",
    label: "Allocs/s",
    help: "Allocations per second, over the last second",
    sortable: true,
    class: "num",
    text: (r) => perSecond(r.alloc_count_rate),
  },
  {
    key: "cross_frees",
    label: "Cross-thread frees",
    help: "Blocks of other threads that this thread has freed",
    sortable: true,
    class: "num",
    text: (r) => compact(r.cross_frees),
    title: (r) => count(r.cross_frees),
  },
];

/** @type {Column[]} */
export const siteColumns = [
  {
    key: "function",
    label: "Function",
    help: "The function that called the allocator",
    sortable: true,
    class: "name mono wide",
    text: (r) => clipMiddle(r.function, NAME_CHARS),
    title: (r) => `${r.function} (${r.module || "unknown module"})`,
  },
  {
    key: "file",
    label: "File and line",
    help: "Where, if the program has debug information",
    sortable: true,
    class: "place",
    text: (r) => place(r.file, r.line) || r.module,
    title: (r) => (r.file ? `${r.file}:${r.line}` : `no line known in ${r.module}`),
  },
  {
    key: "live_bytes",
    label: "Live",
    help: "Requested bytes of blocks allocated here that nobody has freed",
    sortable: true,
    class: "num",
    text: (r) => bytes(r.live_bytes),
    title: (r) => exactBytes(r.live_bytes),
  },
  {
    key: "delta_bytes",
    label: "Δ 1 min",
    help: "Live bytes now against one minute ago",
    sortable: true,
    class: "num",
    text: (r) => (r.delta_bytes > 0 ? "▲ " : "") + signedBytes(r.delta_bytes),
    title: (r) => exactBytes(r.delta_bytes),
  },
  spark,
  {
    key: "live_blocks",
    label: "Blocks",
    help: "Number of live blocks",
    sortable: true,
    class: "num",
    text: (r) => count(r.live_blocks),
  },
  {
    key: "alloc_bytes",
    label: "Total",
    help: "Bytes ever allocated here",
    sortable: true,
    class: "num",
    text: (r) => bytes(r.alloc_bytes),
    title: (r) => exactBytes(r.alloc_bytes),
  },
  {
    key: "alloc_count_rate",
    label: "Allocs/s",
    help: "Allocations per second, over the last second",
    sortable: true,
    class: "num",
    text: (r) => perSecond(r.alloc_count_rate),
  },
  {
    key: "free_count_rate",
    label: "Frees/s",
    help: "Frees per second of blocks from here, over the last second",
    sortable: true,
    class: "num",
    text: (r) => perSecond(r.free_count_rate),
  },
  {
    key: "mean_lifetime_ns",
    label: "Mean life",
    help: "Mean lifetime of the blocks freed so far; stamps are 0.5 ms apart",
    sortable: true,
    class: "num",
    text: (r) =>
      r.mean_lifetime_ns !== null && r.mean_lifetime_ns < 524288
        ? "<0.5 ms"
        : duration(r.mean_lifetime_ns),
  },
];

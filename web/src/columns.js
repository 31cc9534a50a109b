// SPDX-License-Identifier: MIT
//
// columns: what the tables of threads and call sites show, and what each
// number means.

import { drawSpark, sparkLine } from "./charts/spark.js";
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
  if (!cell.firstElementChild) cell.append(sparkLine());
  drawSpark(/** @type {Element} */ (cell.firstElementChild), row.trend);
}

/** @param {string} part @returns {Column} */
const spark = (part) => ({
  key: "trend",
  label: "Trend",
  explain: `${part}.trend`,
  class: "spark-cell",
  paint: paintSpark,
});

/** @type {Column[]} */
export const threadColumns = [
  {
    key: "name",
    label: "Thread",
    explain: "thread.name",
    width: "minmax(130px, 1.4fr)",
    keep: true,
    sortable: true,
    class: "name",
    text: (r) => clipMiddle(r.name || "(no name)", 24),
    title: (r) => `${r.name} (thread ${r.tid})`,
  },
  {
    key: "tid",
    label: "TID",
    explain: "thread.tid",
    width: "80px",
    sortable: true,
    class: "num",
    text: (r) => String(r.tid),
  },
  {
    key: "state",
    label: "State",
    explain: "thread.state",
    width: "112px",
    class: "state",
    text: (r) => STATES[r.state] ?? r.state,
  },
  {
    key: "cpu",
    label: "CPU",
    explain: "thread.cpu",
    width: "76px",
    sortable: true,
    class: "num",
    text: (r) => (r.cpu === null ? "–" : `${percent(r.cpu)} %`),
  },
  spark("thread"),
  {
    key: "live_bytes",
    label: "Live",
    explain: "thread.live_bytes",
    keep: true,
    sortable: true,
    class: "num",
    text: (r) => bytes(r.live_bytes),
    title: (r) => exactBytes(r.live_bytes),
  },
  {
    key: "live_blocks",
    label: "Blocks",
    explain: "thread.live_blocks",
    sortable: true,
    class: "num",
    text: (r) => count(r.live_blocks),
  },
  {
    key: "alloc_bytes_rate",
    label: "Alloc rate",
    explain: "thread.alloc_bytes_rate",
    width: "100px",
    keep: true,
    sortable: true,
    class: "num",
    text: (r) => byteRate(r.alloc_bytes_rate),
    title: (r) => `${exactBytes(r.alloc_bytes_rate)} per second`,
  },
  {
    key: "alloc_count_rate",
    label: "Allocs/s",
    explain: "thread.alloc_count_rate",
    width: "96px",
    sortable: true,
    class: "num",
    text: (r) => perSecond(r.alloc_count_rate),
  },
  {
    key: "cross_frees",
    label: "Cross-thread frees",
    explain: "thread.cross_frees",
    width: "160px",
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
    explain: "site.function",
    width: "minmax(220px, 2fr)",
    keep: true,
    sortable: true,
    class: "name mono wide",
    text: (r) => clipMiddle(r.function, NAME_CHARS),
    title: (r) => `${r.function} (${r.module || "unknown module"})`,
  },
  {
    key: "file",
    label: "File and line",
    explain: "site.file",
    width: "minmax(170px, 1.2fr)",
    sortable: true,
    class: "place",
    text: (r) => place(r.file, r.line) || r.module,
    title: (r) => (r.file ? `${r.file}:${r.line}` : `no line known in ${r.module}`),
  },
  {
    key: "live_bytes",
    label: "Live",
    explain: "site.live_bytes",
    keep: true,
    sortable: true,
    class: "num",
    text: (r) => bytes(r.live_bytes),
    title: (r) => exactBytes(r.live_bytes),
  },
  {
    key: "delta_bytes",
    label: "Δ 1 min",
    explain: "site.delta_bytes",
    width: "112px",
    keep: true,
    sortable: true,
    class: "num",
    text: (r) => (r.delta_bytes > 0 ? "▲ " : "") + signedBytes(r.delta_bytes),
    title: (r) => exactBytes(r.delta_bytes),
  },
  spark("site"),
  {
    key: "live_blocks",
    label: "Blocks",
    explain: "site.live_blocks",
    sortable: true,
    class: "num",
    text: (r) => count(r.live_blocks),
  },
  {
    key: "alloc_bytes",
    label: "Total",
    explain: "site.alloc_bytes",
    sortable: true,
    class: "num",
    text: (r) => bytes(r.alloc_bytes),
    title: (r) => exactBytes(r.alloc_bytes),
  },
  {
    key: "alloc_count_rate",
    label: "Allocs/s",
    explain: "site.alloc_count_rate",
    sortable: true,
    class: "num",
    text: (r) => perSecond(r.alloc_count_rate),
  },
  {
    key: "free_count_rate",
    label: "Frees/s",
    explain: "site.free_count_rate",
    sortable: true,
    class: "num",
    text: (r) => perSecond(r.free_count_rate),
  },
  {
    key: "mean_lifetime_ns",
    label: "Mean life",
    explain: "site.mean_lifetime_ns",
    width: "96px",
    sortable: true,
    class: "num",
    text: (r) =>
      r.mean_lifetime_ns !== null && r.mean_lifetime_ns < 524288
        ? "<0.5 ms"
        : duration(r.mean_lifetime_ns),
  },
];

/** @param {string} key @param {string} label @returns {Column} */
const bytesBetween = (key, label) => ({
  key,
  label,
  explain: `range.${key}`,
  width: "100px",
  keep: key !== "live_bytes",
  sortable: true,
  class: "num",
  text: (r) => bytes(r[key]),
  title: (r) => exactBytes(r[key]),
});

/** @param {string} key @param {string} label @returns {Column} */
const countBetween = (key, label) => ({
  key,
  label,
  explain: `range.${key}`,
  sortable: true,
  class: "num",
  text: (r) => count(r[key]),
});

/** What has happened from A to B. @param {boolean} sortable by the net @returns {Column[]} */
const between = (sortable) => [
  {
    key: "delta_bytes",
    label: "Net",
    explain: "range.net",
    width: "112px",
    keep: true,
    sortable,
    class: "num",
    text: (r) => signedBytes(r.alloc_bytes - r.free_bytes),
    title: (r) => exactBytes(r.alloc_bytes - r.free_bytes),
  },
  bytesBetween("alloc_bytes", "Allocated"),
  bytesBetween("free_bytes", "Freed"),
  countBetween("alloc_count", "Allocs"),
  countBetween("free_count", "Frees"),
  bytesBetween("live_bytes", "Live at B"),
];

export const siteRangeColumns = [
  ...siteColumns.filter((c) => ["function", "file"].includes(c.key)),
  ...between(true),
  ...siteColumns.filter((c) => c.key === "mean_lifetime_ns"),
];
export const threadRangeColumns = [
  ...threadColumns.filter((c) => ["name", "tid"].includes(c.key)),
  ...between(false),
  ...threadColumns.filter((c) => c.key === "cross_frees"),
];

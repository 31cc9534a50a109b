// SPDX-License-Identifier: MIT
//
// insights: sentences about the heap, each with its number, said only when
// true: what the engine has found, and what the numbers themselves say. Pure.

import { evidenceOf } from "./findings.js";
import { bytes, clipMiddle, count, percent, place } from "./format.js";

/**
 * @typedef {object} Insight
 * @property {string} id
 * @property {"warn" | "info"} kind
 * @property {string} title
 * @property {string} text
 * @property {string} [page] that says more
 * @property {Record<string, string | number>} [params] of that page
 */
/** @typedef {import("./store.js").Store} Store */
/** @typedef {import("./findings.js").Finding} Finding */

const MOST = 3; // more are not read

/** What to think of the numbers when not everything is captured. @param {any} stats @returns {Insight | null} */
function provenance(stats) {
  const { mode, interval, always_exact } = stats.capture;
  if (mode === "off")
    return {
      id: "mode",
      kind: "warn",
      title: "▲ Capture is off:",
      text: "the heap's numbers stand still.",
      page: "settings",
    };
  if (mode === "sampled")
    return {
      id: "mode",
      kind: "info",
      title: "ℹ Sampled:",
      text: `numbers are estimates, one sample for ${bytes(interval)}; live ${bytes(stats.heap.live_bytes)} ± ${bytes(stats.heap.live_bytes_error)} (95 %).`,
      page: "settings",
    };
  if (always_exact === false)
    return {
      id: "mode",
      kind: "info",
      title: "ℹ Exact again:",
      text: "before, not everything was captured: blocks of that time may be missing, or gone.",
    };
  return null;
}

/** @param {any} stats @returns {Insight | null} */
function dropped(stats) {
  const lost = stats.capture.dropped_allocs + stats.capture.dropped_frees;
  if (lost === 0) return null;
  return {
    id: "dropped",
    kind: "warn",
    title: "▲ Not everything was booked:",
    text: `${count(lost)} events could not be recorded; the numbers are too low by as much.`,
  };
}

/** @param {Finding} finding */
function siteName({ site }) {
  const where = site.file ? ` (${place(site.file, site.line)})` : "";
  return `${clipMiddle(site.function, 40)}${where}`;
}

/** @param {Finding[]} suspects @returns {Insight | null} */
function growth(suspects) {
  if (suspects.length === 0) return null;
  const [first] = suspects;
  const e = evidenceOf(first);
  const more = suspects.length - 1;
  return {
    id: "growth",
    kind: "warn",
    title: "▲ Growing:",
    text: `${siteName(first)} by ${bytes(e.bytes_per_s * 60)}/min, ${bytes(first.site.live_bytes)} live${more > 0 ? `; ${count(more)} ${more === 1 ? "site" : "sites"} more` : ""}.`,
    page: "leaks",
    params: { suspect: first.site.id },
  };
}

/** @param {Finding[]} found @returns {Insight | null} */
function lostBlocks(found) {
  if (found.length === 0) return null;
  const sums = found.map(evidenceOf);
  const total = sums.reduce((n, e) => n + e.lost_bytes, 0);
  const blocks = sums.reduce((n, e) => n + e.lost_blocks, 0);
  return {
    id: "lost",
    kind: "warn",
    title: "▲ Lost:",
    text: `no pointer leads to ${bytes(total)} in ${count(blocks)} blocks, most of them from ${siteName(found[0])}.`,
    page: "leaks",
  };
}

/** @param {Finding[]} found @returns {Insight | null} */
function churn(found) {
  if (found.length === 0) return null;
  const [first] = found;
  const e = evidenceOf(first);
  return {
    id: "churn",
    kind: "info",
    title: "ℹ Short-lived:",
    text: `${percent((e.temporary_count / e.free_count) * 100)} % of the ${count(e.free_count)} blocks that ${siteName(first)} has freed were gone before its thread's next allocation.`,
    page: "sites",
    params: { site: first.site.id },
  };
}

/** @param {Finding[]} found @returns {Insight | null} */
function reallocs(found) {
  if (found.length === 0) return null;
  const [first] = found;
  const e = evidenceOf(first);
  return {
    id: "realloc",
    kind: "info",
    title: "ℹ Small steps:",
    text: `${siteName(first)} has grown its buffers by ${count(e.realloc_count)} reallocations.`,
    page: "sites",
    params: { site: first.site.id },
  };
}

/** @param {Finding[]} violations @param {Finding[]} unknown @returns {Insight | null} */
function mistakes([violation], [unknown]) {
  if (violation)
    return {
      id: "violation",
      kind: "warn",
      title: "▲ Against its own annotations:",
      text: `${violation.text.split(";")[0]}.`,
      page: "timeline",
    };
  if (!unknown) return null;
  const who = unknown.thread
    ? clipMiddle(unknown.thread.name || `thread ${unknown.thread.tid}`, 24)
    : "the program";
  return {
    id: "unknown-frees",
    kind: "warn",
    title: "▲ Unknown frees:",
    text: `${who} has freed ${count(evidenceOf(unknown).unknown_frees)} addresses at which no block lives: freed twice, never allocated, or allocated before capture began.`,
    page: "timeline",
  };
}

/** @param {Store} store @returns {Insight | null} */
function gap({ stats, ended }) {
  if (!stats || stats.system.rss_bytes === null || ended) return null;
  const difference = stats.system.rss_bytes - stats.heap.live_bytes;
  if (difference <= 0) return null;
  const part = Math.round((difference / stats.system.rss_bytes) * 100);
  return {
    id: "gap",
    kind: "info",
    title: "ℹ RSS − heap:",
    text: `${bytes(difference)} (${part} % of RSS), ${bytes(stats.capture.store_bytes)} of it memscope's records.`,
    page: "heap",
  };
}

/**
 * @param {Store} store
 * @param {import("./findings.js").Findings} findings
 * @returns {Insight[]} weightiest first
 */
export function insights(store, findings) {
  const { stats } = store;
  if (!stats) return [];
  const said = [];
  for (const one of [
    dropped(stats),
    provenance(stats),
    mistakes(findings.of("violations"), findings.of("unknown_frees")),
    growth(findings.of("leak_suspects")),
    lostBlocks(findings.of("lost_blocks")),
    gap(store),
    churn(findings.of("temporary_churn")),
    reallocs(findings.of("realloc_growth")),
  ])
    if (one !== null && said.length < MOST) said.push(one);
  return said;
}

// SPDX-License-Identifier: MIT
//
// insights: sentences about the heap, each with its number, said only when
// true. Pure: looks at a store.

import { bytes, count, perSecond } from "./format.js";

/** @typedef {{id: string, kind: "warn" | "info", title: string, text: string, page?: string}} Insight */
/** @typedef {import("./store.js").Store} Store */

const GROWTH_SPAN_S = 300;
const GROWTH_LEAST_S = 30;
const BUCKET_S = 5;
const TREND_STEP_S = 3; // 20 of them are the last minute

/**
 * Growth of the heap's floor: a line through the least live bytes of each five
 * seconds, so that bursts that come and go do not count.
 * @param {import("./ring.js").Ring} ring
 * @returns {{perMinute: number, seconds: number, fit: number} | null}
 */
export function growth(ring) {
  const end = ring.last("t");
  if (!(end > 0)) return null;
  /** @type {Map<number, number>} */
  const floor = new Map();
  for (let i = ring.find("t", end - GROWTH_SPAN_S); i < ring.end; i++) {
    const bucket = Math.floor(ring.at("t", i) / BUCKET_S);
    const live = ring.at("live", i);
    const before = floor.get(bucket);
    if (before === undefined || live < before) floor.set(bucket, live);
  }
  const points = [...floor].map(([bucket, live]) => ({ x: bucket * BUCKET_S, y: live }));
  points.shift(); // the first is cut, and often the program's start
  const seconds = points.length < 2 ? 0 : points[points.length - 1].x - points[0].x;
  if (seconds < GROWTH_LEAST_S) return null;
  const mx = points.reduce((sum, p) => sum + p.x, 0) / points.length;
  const my = points.reduce((sum, p) => sum + p.y, 0) / points.length;
  const sxx = points.reduce((sum, p) => sum + (p.x - mx) ** 2, 0);
  const syy = points.reduce((sum, p) => sum + (p.y - my) ** 2, 0);
  const sxy = points.reduce((sum, p) => sum + (p.x - mx) * (p.y - my), 0);
  const fit = syy > 0 ? sxy ** 2 / (sxx * syy) : 0;
  return { perMinute: (sxy / sxx) * 60, seconds, fit };
}

/**
 * The site that makes up most of a growth, if one does. Its first steps do not
 * count: what a program sets up once is no growth.
 * @param {Record<string, any>[]} sites
 * @param {number} perMinute
 */
export function topGrower(sites, perMinute) {
  let best = null;
  let most = perMinute / 2;
  for (const site of sites) {
    const points = (site.trend ?? [])
      .map((/** @type {number | null} */ y, /** @type {number} */ x) => ({ x, y }))
      .filter((/** @type {{y: number | null}} */ p) => p.y !== null)
      .slice(1);
    if (points.length < 2) continue;
    const first = points[0];
    const last = points[points.length - 1];
    const rate = ((last.y - first.y) / ((last.x - first.x) * TREND_STEP_S)) * 60;
    if (rate > most) {
      most = rate;
      best = site;
    }
  }
  return best;
}

/** What to think of the numbers when not everything is captured. @param {any} stats @returns {Insight | null} */
function provenance(stats) {
  const { mode, interval, always_exact } = stats.capture;
  if (mode === "off")
    return {
      id: "mode",
      kind: "warn",
      title: "▲ Capture is off:",
      text: "the heap's numbers stand still.",
    };
  if (mode === "sampled")
    return {
      id: "mode",
      kind: "info",
      title: "ℹ Sampled:",
      text: `numbers are estimates, one sample for ${bytes(interval)}; live ${bytes(stats.heap.live_bytes)} ± ${bytes(stats.heap.live_bytes_error)} (95 %).`,
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

/** @param {Store} store @returns {Insight[]} */
export function insights(store) {
  /** @type {Insight[]} */
  const found = [];
  const stats = store.stats;
  if (!stats) return found;
  const lost = stats.capture.dropped_allocs + stats.capture.dropped_frees;
  if (lost > 0) {
    found.push({
      id: "dropped",
      kind: "warn",
      title: "▲ Not everything was booked:",
      text: `${count(lost)} events could not be recorded; the numbers are too low by as much.`,
    });
  }
  const mode = provenance(stats);
  if (mode) found.push(mode);
  const grown = growth(store.ring);
  if (grown && grown.fit > 0.8 && grown.perMinute > 256 * 1024) {
    const top = topGrower([...store.sites.rows.values()], grown.perMinute);
    const who = top ? `; most of it in ${top.function}` : "";
    const minutes =
      grown.seconds >= 90 ? `${Math.round(grown.seconds / 60)} min` : `${grown.seconds} s`;
    found.push({
      id: "growth",
      kind: "warn",
      title: "▲ Growing:",
      text: `by ${bytes(grown.perMinute)} a minute for ${minutes} now${who}.`,
      page: "sites",
    });
  }
  const frees = store.ring.last("freesRate");
  const share = stats.heap.free_count_total
    ? stats.heap.temporary_count_total / stats.heap.free_count_total
    : 0;
  if (frees > 1000 && share > 0.5) {
    found.push({
      id: "churn",
      kind: "info",
      title: "ℹ Short-lived:",
      text: `${Math.round(share * 100)} % of all blocks are freed before their thread's next allocation (${perSecond(frees)} frees).`,
      page: "sites",
    });
  }
  const gap = stats.system.rss_bytes - stats.heap.live_bytes;
  if (stats.system.rss_bytes !== null && gap > 0 && !store.ended) {
    const part = Math.round((gap / stats.system.rss_bytes) * 100);
    found.push({
      id: "gap",
      kind: "info",
      title: "ℹ RSS − heap:",
      text: `${bytes(gap)} (${part} % of RSS), ${bytes(stats.capture.store_bytes)} of it memscope's records.`,
    });
  }
  return found;
}

// SPDX-License-Identifier: MIT
//
// histograms: the server's fine buckets, put together as the page shows them.
// Every block stays counted. Pure.

import { duration } from "./format.js";

const SIZE_ENDS = [16, 32, 64, 128, 256, 512, 1024, 4096, 16384, 65536, 1048576];
const LIFETIME_BUCKETS = [0, 4, 7, 11, 14, 17, 20]; // 0.5 ms, 8.4 ms, 67 ms, 1.1 s, ...

/**
 * @param {number[]} edges upper ends of the buckets
 * @param {number[]} values
 * @param {number[]} ends wanted upper ends; one more bucket takes the rest
 */
export function regroup(edges, values, ends) {
  const sums = new Array(ends.length + 1).fill(0);
  for (let i = 0; i < edges.length; i++) {
    let at = 0;
    while (edges[i] > ends[at]) at++;
    sums[at] += values[i];
  }
  return sums;
}

/** 4K @param {number} n */
function short(n) {
  const units = ["", "K", "M", "G"];
  let unit = 0;
  let value = n;
  for (; value >= 1024; value /= 1024) unit++;
  return `${value}${units[unit]}`;
}

const SIZE_LABELS = [
  ...SIZE_ENDS.map((end) => `≤${short(end)}`),
  `>${short(SIZE_ENDS[SIZE_ENDS.length - 1])}`,
];

/** Two digits are enough on an axis. @param {number} ns */
function brief(ns) {
  if (ns < 1e6) return `${Number((ns / 1e6).toPrecision(1))} ms`;
  const [number, unit] = duration(ns).split(" ");
  return `${Number(Number(number).toPrecision(2))} ${unit}`;
}

/** @param {{edges: number[], live_bytes: number[]}} size */
export function sizeBars(size) {
  return {
    labels: SIZE_LABELS,
    values: regroup(size.edges, size.live_bytes, SIZE_ENDS),
  };
}

/** @param {{edges_ns: number[], count: number[]}} lifetime */
export function lifetimeBars(lifetime) {
  const ends = [];
  const labels = [];
  for (const bucket of LIFETIME_BUCKETS) {
    const end = lifetime.edges_ns[bucket];
    ends.push(end);
    labels.push(`<${brief(end)}`);
  }
  labels.push(`>${brief(ends[ends.length - 1])}`);
  return { labels, values: regroup(lifetime.edges_ns, lifetime.count, ends) };
}

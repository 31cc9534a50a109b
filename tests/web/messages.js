// SPDX-License-Identifier: MIT
//
// messages: what a server says, for tests: short, and as docs/PROTOCOL.md has it.

export const EPOCH = "0123456789abcdef";
export const MIB = 2 ** 20;

const TH = [
  "id",
  "tid",
  "name",
  "state",
  "live_bytes",
  "live_blocks",
  "alloc_bytes_rate",
  "alloc_count_rate",
  "cpu",
  "cross_frees",
  "alloc_bytes",
  "ended",
  "trend",
];
const SITE = [
  "id",
  "function",
  "file",
  "line",
  "module",
  "live_bytes",
  "live_blocks",
  "delta_bytes",
  "alloc_bytes",
  "alloc_count",
  "free_count",
  "alloc_count_rate",
  "free_count_rate",
  "mean_lifetime_ns",
  "address",
  "trend",
];

/** @param {Record<string, any>} [changes] */
export function session(changes = {}) {
  return {
    id: 1,
    pid: 4242,
    state: "running",
    primary: true,
    end_reason: null,
    exit_code: null,
    signal: null,
    epoch: EPOCH,
    start_ms: 1_700_000_000_000,
    uptime_ms: 1000,
    seq: 10,
    exe: "/usr/bin/demo",
    command: "demo --quiet",
    ...changes,
  };
}

/** @param {Record<string, any>} [changes] */
export function hello(changes = {}) {
  return {
    t: "hello",
    v: 1,
    server: "0.1.0",
    session: 1,
    sessions: [session()],
    epoch: EPOCH,
    pid: 4242,
    hz: 10,
    cores: 2,
    hist: { step_ms: 100, n: 6000 },
    cols: { core: [], th: TH, site: SITE },
    snapshots: [],
    ...changes,
  };
}

/** One tick each 100 ms: live, and bytes allocated until then. */
/** @param {number} seq @param {number} live @param {number} [allocated] */
export function sample(seq, live, allocated = live) {
  return [
    seq,
    seq * 100,
    live,
    live / 1024,
    live,
    allocated,
    allocated - live,
    allocated / 1024,
    0,
    live + MIB,
    1.5,
    20,
    7,
  ];
}

/** @param {Record<string, any>} [heap] @param {Record<string, any>} [more] */
export function stats(heap = {}, more = {}) {
  return {
    ended: false,
    system: { rss_bytes: 40 * MIB, cores: 2, thread_count: 7, threads_running: 1 },
    heap: {
      live_bytes: 0,
      live_blocks: 0,
      peak_bytes: 0,
      temporary_count_total: 0,
      free_count_total: 0,
      ...heap,
    },
    capture: { dropped_allocs: 0, dropped_frees: 0, store_bytes: 5 * MIB },
    threads: 7,
    sites: 6,
    ...more,
  };
}

/** @param {number} seq @param {number[][]} rows @param {Record<string, any>} [more] */
export function full(seq, rows, more = {}) {
  return {
    t: "full",
    seq,
    epoch: EPOCH,
    ts: seq * 100,
    core: { rows },
    stats: stats(),
    str: [],
    ...more,
  };
}

/** @param {number} base @param {number} seq @param {number[][]} rows @param {Record<string, any>} [more] */
export function delta(base, seq, rows, more = {}) {
  return { t: "d", base, seq, ts: seq * 100, core: { rows }, stats: stats(), str: [], ...more };
}

/** A site's row. @param {number} id @param {number} name @param {number} live @param {any} [trend] */
export function siteRow(id, name, live, trend = null) {
  return [id, name, 0, 12, 0, live, 1, 0, live, 1, 0, 0, 0, null, 0, trend];
}

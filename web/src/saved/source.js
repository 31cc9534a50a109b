// SPDX-License-Identifier: MIT
//
// source: the data of a report: one snapshot, which answers what a server would
// answer of it (docs/PROTOCOL.md). Pure.

import { ApiError } from "../api.js";
import { TEXTS } from "../protocol.js";
import { flameOf } from "./flame.js";
import { partOf } from "./parts.js";
import { cut } from "./window.js";

/** @typedef {Record<string, any>} Snapshot */
/** @typedef {import("../api.js").Source} Source */
/** @typedef {import("../api.js").Params} Params */

const CORE = [
  "seq",
  "t_ms",
  "live_bytes",
  "live_blocks",
  "peak_bytes",
  "alloc_bytes",
  "free_bytes",
  "alloc_count",
  "free_count",
  "rss_bytes",
  "cpu",
  "sys_cpu",
  "threads",
];
const LIMIT = 100;

/** The one sample that it has, in the order of CORE. @param {Snapshot} snapshot */
function sampleOf({ stats: { seq, uptime_ns, heap, system } }) {
  return [
    seq,
    uptime_ns / 1e6,
    heap.live_bytes,
    heap.live_blocks,
    heap.peak_bytes,
    heap.alloc_bytes_total,
    heap.free_bytes_total,
    heap.alloc_count_total,
    heap.free_count_total,
    system.rss_bytes,
    system.process_cpu,
    system.cpu_usage,
    system.thread_count,
  ];
}

/** All samples that it has, one at least. @param {Snapshot} snapshot @returns {number[][]} */
function historyOf(snapshot) {
  const { history } = snapshot;
  if (!history?.length) return [sampleOf(snapshot)];
  return history.map((/** @type {number[]} */ [seq, uptime, ...sums]) => [
    seq,
    Math.floor(uptime / 1e5) / 10,
    ...sums,
  ]);
}

/** @param {Snapshot} snapshot */
function headOf({ id, name, cause, time_ms, session, stats, sites, threads }) {
  return {
    id,
    name,
    cause,
    imported: true,
    time_ms,
    session: session.id,
    epoch: session.epoch,
    seq: stats.seq,
    pid: session.pid,
    live_bytes: stats.heap.live_bytes,
    live_blocks: stats.heap.live_blocks,
    rss_bytes: stats.system.rss_bytes,
    sites: sites.length,
    threads: threads.length,
  };
}

/** @param {Record<string, any>[]} rows */
function columnsOf(rows) {
  return Object.keys(rows[0] ?? { id: 0 });
}

/** @implements {Source} */
export class SavedSource {
  saved = true;
  /** @type {(message: Record<string, any>) => void} */
  #onMessage = () => {};
  #snapshot;
  #session;

  /** @param {Snapshot} snapshot */
  constructor(snapshot) {
    this.#snapshot = snapshot;
    this.#session = { ...snapshot.session, state: "saved", primary: true };
    this.#session.seq = snapshot.stats.seq;
  }

  /** @type {Source["open"]} */
  open(onMessage, onState) {
    this.#onMessage = onMessage;
    // As from afar: whoever opens it is ready then.
    queueMicrotask(() => {
      onState("open", 0);
      onMessage(this.#hello());
    });
  }

  #hello() {
    const { threads, sites, stats } = this.#snapshot;
    const session = this.#session;
    return {
      t: "hello",
      v: 1,
      session: session.id,
      sessions: [session],
      epoch: session.epoch,
      pid: session.pid,
      exe: session.exe,
      command: session.command,
      start_ms: session.start_ms,
      state: "saved",
      hz: 10,
      cores: stats.system.cores,
      hist: { step_ms: 100, n: 6000 },
      cols: {
        core: CORE,
        th: columnsOf(threads),
        site: columnsOf(sites),
      },
      snapshots: [headOf(this.#snapshot)],
    };
  }

  /** @param {string} text */
  send(text) {
    const m = JSON.parse(text);
    if (m.t === "sub" && m.hz !== 0) queueMicrotask(() => this.#onMessage(this.#full(m)));
    if (m.t === "cmd")
      queueMicrotask(() =>
        this.#onMessage({ t: "res", id: m.id, ok: false, message: "this is a saved report" }),
      );
    return true;
  }

  /** @param {Record<string, any>} sub */
  #full(sub) {
    const { stats, threads, sites, histograms } = this.#snapshot;
    /** @type {Map<string, number>} */
    const texts = new Map();
    /** @param {string} text */
    const number = (text) => {
      if (!texts.has(text)) texts.set(text, texts.size + 1);
      return texts.get(text);
    };
    /** @param {Record<string, any>[]} all @param {Record<string, any> | undefined} wanted */
    const table = (all, wanted) => {
      if (!wanted || wanted.n === 0) return undefined;
      const part = cut(all, { ...wanted, offset: wanted.off ?? 0, limit: wanted.n });
      return {
        total: part.total,
        sum: part.sum,
        order: part.rows.map((row) => row.id),
        rows: part.rows.map((row) =>
          columnsOf(all).map((name) => (TEXTS.has(name) ? number(row[name]) : row[name])),
        ),
      };
    };
    const th = table(threads, sub.th);
    const site = table(sites, sub.site);
    return {
      t: "full",
      sub: sub.sub,
      seq: stats.seq,
      epoch: this.#session.epoch,
      ts: stats.uptime_ns / 1e6,
      core: { rows: historyOf(this.#snapshot) },
      stats,
      ...(th && { th }),
      ...(site && { site }),
      ...(sub.hist && { hist: histograms }),
      str: [...texts].map(([text, id]) => [id, text]),
    };
  }

  /** @type {Source["request"]} */
  async request(method, path, params) {
    const answer = method === "GET" ? this.#answer(path, params) : undefined;
    if (answer === undefined) throw new ApiError(409, "not_kept", "A report does not have it.");
    return answer;
  }

  href() {
    return null;
  }

  /** @param {string} path @param {Params} params undefined: it has none */
  #answer(path, params) {
    const snapshot = this.#snapshot;
    const { stats } = snapshot;
    const cutOf = { session: this.#session.id, epoch: this.#session.epoch, seq: stats.seq };
    const past = [params.at, params.seq].some((v) => v !== undefined && v !== null);
    if (path === "flame") return this.#flame(params, cutOf);
    if (past) return undefined;
    switch (path) {
      case "sessions":
        return { sessions: [this.#session] };
      case "stats":
        return stats;
      case "histograms":
        return snapshot.histograms;
      case "threads":
      case "sites":
        return { ...cutOf, ...this.#table(snapshot[path], params) };
      case "history":
        return {
          session: cutOf.session,
          epoch: cutOf.epoch,
          step_ms: { "1s": 1000, "10s": 10000 }[String(params.step)] ?? 100,
          columns: CORE,
          rows: historyOf(snapshot).filter(([seq]) => seq > Number(params.since ?? 0)),
        };
      case "modules":
        return {
          rows: snapshot.modules.map((/** @type {any} */ m) => ({ ...m, symbols: "unknown" })),
        };
      case "snapshots":
        return { snapshots: [headOf(snapshot)] };
      case `snapshots/${snapshot.id}`:
        return snapshot;
      default:
        return partOf(snapshot, path, cutOf, params);
    }
  }

  /** @param {Record<string, any>[]} rows @param {any} params */
  #table(rows, params) {
    return cut(rows, {
      ...params,
      min: Number(params.min ?? 0),
      offset: Number(params.offset ?? 0),
      limit: Number(params.limit ?? LIMIT),
    });
  }

  /** @param {Params} params @param {Record<string, any>} cutOf */
  #flame(params, cutOf) {
    const { at = "now", from } = params;
    const of = `snapshot:${this.#snapshot.id}`;
    if (from || (at !== "now" && at !== of)) return undefined;
    return {
      ...cutOf,
      snapshot: at === of ? this.#snapshot.id : null,
      ...flameOf(this.#snapshot, {
        weight: String(params.weight ?? "live_bytes"),
        byLine: params.by === "line",
        inverted: params.order === "callees",
        least: Number(params.min ?? 0),
      }),
    };
  }
}

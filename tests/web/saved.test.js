// SPDX-License-Identifier: MIT

import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiError } from "../../web/src/api.js";
import { flameOf } from "../../web/src/saved/flame.js";
import { SavedSource } from "../../web/src/saved/source.js";
import { cut } from "../../web/src/saved/window.js";
import { Store } from "../../web/src/store.js";

/** @param {string} name @param {number} live @param {Record<string, any>} [more] */
function site(name, live, more = {}) {
  return { function: name, file: "", module: "demo", live_bytes: live, live_blocks: 1, ...more };
}

/** main calls a and b, and b the inlined c; one stack is damaged. */
function snapshot() {
  /** @param {string} name @param {any[]} [inlined] */
  const frame = (name, inlined = []) => ({
    module: 1,
    function: name,
    file: "x.c",
    line: name.length,
    inlined_into: inlined,
  });
  /** @param {number} node @param {number} bytes */
  const stack = (node, bytes) => ({
    node,
    live_bytes: bytes,
    live_blocks: 1,
    alloc_bytes: 2 * bytes,
    alloc_count: 2,
  });
  return {
    id: 3,
    name: "x",
    cause: "request",
    time_ms: 5000,
    session: { id: 7, epoch: "e", pid: 1, state: "ended", command: "demo" },
    stats: {
      seq: 9,
      uptime_ns: 2e9,
      heap: { live_bytes: 31, live_blocks: 3 },
      system: { rss_bytes: 100, cores: 2 },
    },
    histograms: { size: {} },
    modules: [{ path: "/usr/bin/demo" }],
    threads: [{ id: 1, name: "demo", live_bytes: 31, live_blocks: 3, state: "S", ended: false }],
    sites: [site("a", 10, { id: 1 }), site("c", 20, { id: 2 })],
    frames: [
      frame("main"),
      frame("a"),
      frame("c", [{ function: "b", file: "y.c", line: 4 }]),
      frame("never"),
    ],
    nodes: [
      [0, 1],
      [1, 2],
      [1, 3],
      [1, 4],
    ],
    stacks: [stack(2, 10), stack(3, 20), stack(0, 1), stack(4, 0)].map((s, i) =>
      i === 3 ? { ...s, live_blocks: 0 } : s,
    ),
  };
}

const NOW = { weight: "live_bytes", byLine: false, inverted: false, least: 0 };

/** @param {ReturnType<typeof flameOf>} flame */
function lines(flame) {
  return flame.nodes.frame.map(
    (f, i) =>
      `${" ".repeat(flame.nodes.depth[i])}${flame.frames.function[f]} ${flame.nodes.total[i]}`,
  );
}

test("a flame graph begins with the callers, the heaviest first", () => {
  const flame = flameOf(snapshot(), NOW);
  assert.deepEqual(lines(flame), ["main 30", " b 20", "  c 20", " a 10", "(damaged stack) 1"]);
  assert.equal(flame.total, 31);
  assert.equal(flame.count, 3);
  assert.equal(flame.frames.module[0], "demo");
});

test("inverted, it begins with what has allocated", () => {
  const flame = flameOf(snapshot(), { ...NOW, inverted: true });
  assert.deepEqual(lines(flame), [
    "c 20",
    " b 20",
    "  main 20",
    "a 10",
    " main 10",
    "(damaged stack) 1",
  ]);
});

test("what is below the least share is hidden, and counted", () => {
  const flame = flameOf(snapshot(), { ...NOW, least: 0.5 });
  assert.deepEqual(lines(flame), ["main 30", " b 20", "  c 20"]);
  assert.equal(flame.hidden_nodes, 2);
  assert.equal(flame.hidden_total, 11);
});

test("a window is filtered, sorted and cut; what is pinned comes first", () => {
  const rows = [
    site("alpha", 5, { id: 1, mean_lifetime_ns: null }),
    site("Beta", 9, { id: 2, mean_lifetime_ns: 4 }),
    site("gamma", 5, { id: 3, mean_lifetime_ns: 1, module: "libc" }),
  ];
  const all = { offset: 0, limit: 9 };
  /** @param {Record<string, any>} wanted */
  const ids = (wanted) => cut(rows, { ...all, ...wanted }).rows.map((r) => r.id);
  assert.deepEqual(ids({ order: "desc" }), [2, 1, 3]);
  assert.deepEqual(ids({ sort: "name", order: "asc" }), [1, 2, 3]);
  assert.deepEqual(ids({ sort: "mean_lifetime_ns", order: "asc" }), [1, 3, 2]);
  assert.deepEqual(ids({ q: "BET" }), [2]);
  assert.deepEqual(ids({ q: "libc" }), [3]);
  assert.deepEqual(ids({ module: "libc", pin: [1] }), [1, 3]);
  assert.deepEqual(ids({ min: 6 }), [2]);
  assert.deepEqual(ids({ order: "desc", offset: 1, limit: 1 }), [1]);
  assert.deepEqual(cut(rows, { ...all, q: "a", min: 6 }).sum, { live_bytes: 9, live_blocks: 1 });
});

test("a store that hears a saved source has what the snapshot has", async () => {
  const source = new SavedSource(snapshot());
  const store = new Store();
  source.open(
    (m) => store.apply(m),
    () => {},
  );
  await Promise.resolve();
  assert.equal(store.session?.state, "saved");
  const table = { sort: "live_bytes", order: "desc", q: "", off: 0, n: 10 };
  source.send(JSON.stringify({ t: "sub", sub: 4, hz: 10, th: table, site: table, hist: true }));
  await Promise.resolve();
  assert.equal(store.sub, 4);
  assert.equal(store.stats?.heap.live_bytes, 31);
  assert.equal(store.ring.last("live"), 31);
  assert.deepEqual(store.sites.order, [2, 1]);
  assert.equal(store.sites.rows.get(2)?.function, "c");
  assert.equal(store.threads.rows.get(1)?.name, "demo");
});

test("what a report has beside its picture is answered as a server would", async () => {
  const rest = [10, 1, 10, 0, 0, 1, 0, 100, null, null, 1];
  const source = new SavedSource({
    ...snapshot(),
    history: [
      [3, 1.25e8, ...rest],
      [9, 2e9, ...rest],
    ],
    findings: [
      { analyzer: "leak_suspects", site: 2, thread: 0, evidence: [] },
      { analyzer: "hot_spots", site: 1, thread: 1, evidence: [] },
    ],
    leak_scan: { state: "done", number: 1, sums: {}, total: 1 },
    leak_rows: [{ kind: "definite" }],
    groups: [
      { kind: "task", id: 1 },
      { kind: "pool", id: 1 },
    ],
    types: [{ name: "T" }],
    variables: [],
    measured_types: { vtables: true },
    measured_rows: [{ name: "M" }],
  });
  /** @param {string} path @param {Record<string, any>} [params] */
  const ask = (path, params = {}) => source.request("GET", path, params);
  assert.deepEqual((await ask("history", {})).rows[0].slice(0, 3), [3, 125, 10]);
  assert.equal((await ask("history", { since: 3 })).rows.length, 1);
  const { findings } = await ask("analysis");
  assert.equal(findings[0].site.function, "c");
  assert.equal(findings[0].thread, null);
  assert.equal(findings[1].thread.name, "demo");
  assert.equal((await ask("leaks")).findings.length, 1);
  assert.equal((await ask("leakscan")).rows[0].kind, "definite");
  const tasks = await ask("tasks");
  assert.deepEqual([tasks.rows.length, tasks.scopes.length, tasks.pools.length], [1, 0, 1]);
  assert.equal((await ask("types")).measured.rows[0].name, "M");
});

test("what a report does not have is said to be not kept", async () => {
  const source = new SavedSource(snapshot());
  const asked = await source.request("GET", "sites", { limit: 1 });
  assert.deepEqual([asked.total, asked.rows.length], [2, 1]);
  assert.equal((await source.request("GET", "flame", { at: "snapshot:3" })).snapshot, 3);
  for (const [method, path, params] of [
    ["GET", "allocations", {}],
    ["GET", "analysis", {}],
    ["GET", "leakscan", {}],
    ["GET", "tasks", {}],
    ["GET", "types", {}],
    ["GET", "stats", { at: 5 }],
    ["GET", "flame", { from: "snapshot:3", to: "now" }],
    ["POST", "query", {}],
  ])
    await assert.rejects(
      source.request(method, path, params),
      (e) => e instanceof ApiError && e.code === "not_kept",
    );
});

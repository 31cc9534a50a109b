// SPDX-License-Identifier: MIT
//
// The messages that the server's own test builds (tests/server/test_golden.c),
// read by the page.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { decode } from "../../web/src/protocol.js";
import { Store } from "../../web/src/store.js";

const FOLDER = new URL("../server/golden/", import.meta.url);

/** @param {string} name @returns {Record<string, any>} */
function golden(name) {
  const message = decode(readFileSync(new URL(`${name}.json`, FOLDER), "utf8"));
  assert.ok(message, name);
  return message;
}

/** @param {...string} names */
function told(...names) {
  const store = new Store();
  const acks = names.map((name) => store.apply(golden(name)));
  return { store, acks };
}

test("each file is one message of a known type", () => {
  const types = readdirSync(FOLDER).map((file) => golden(file.replace(".json", "")).t);
  assert.deepEqual([...new Set(types)].sort(), [
    "bye",
    "d",
    "full",
    "hb",
    "hello",
    "res",
    "session",
  ]);
});

test("the hello names the process and the columns", () => {
  const { store, acks } = told("hello");
  assert.deepEqual(acks, [false]);
  assert.equal(store.epoch, "0123456789abcdef");
  assert.equal(store.session?.pid, 4242);
  assert.equal(store.ended, false);
  assert.equal(store.columns.site[0], "id");
  assert.equal(store.hello?.cols.core.length, 13);
});

test("a full and a delta make the picture of the second tick", () => {
  const { store, acks } = told("hello", "full", "d", "hb");
  assert.deepEqual(acks, [false, true, true, false]);
  assert.deepEqual([store.seq, store.sub, store.lost], [2, 7, false]);
  assert.equal(store.stats?.heap.live_bytes, 3130);
  assert.deepEqual(
    [0, 1].map((i) => [store.ring.at("seq", i), store.ring.at("t", i), store.ring.at("live", i)]),
    [
      [1, 0.1, 1100],
      [2, 0.2, 3130],
    ],
  );
  assert.equal(store.ring.last("rss"), 2 ** 20);
  const rows = store.sites.order.map((id) => store.sites.rows.get(id));
  assert.deepEqual(
    rows.map((row) => [row?.address, row?.live_bytes, row?.live_blocks]),
    [
      ["0x4010", 2100, 2],
      ["0x4020", 1000, 1],
      ["0x4030", 30, 1],
    ],
  );
  assert.equal(store.sites.total, 3);
  // The delta left it out: it is what it was.
  assert.equal(rows[1]?.trend.length, 20);
  const thread = store.threads.rows.get(store.threads.order[0]);
  assert.deepEqual([thread?.tid, thread?.live_bytes, thread?.alloc_bytes], [101, 3130, 3130]);
  const sizes = store.histograms?.size;
  assert.equal(sizes.live_bytes.length, sizes.edges.length);
  assert.ok(store.monitor);
});

test("answers, the end of a session and of the server", () => {
  const { store, acks } = told("hello", "full", "res", "res_failed", "session", "bye");
  assert.deepEqual(acks, [false, true, false, false, false, false]);
  assert.deepEqual(
    store.snapshots.map((s) => [s.id, s.name, s.cause]),
    [[1, "before", "request"]],
  );
  assert.equal(store.sessions.length, 1);
  assert.equal(store.bye, "exit");
  assert.equal(store.ended, true);
});

// SPDX-License-Identifier: MIT

import assert from "node:assert/strict";
import { test } from "node:test";
import { siteColumns, threadColumns } from "../../web/src/columns.js";

const SITE = {
  id: 1,
  function: "tree_build",
  file: "/src/demo/tree.c",
  line: 27,
  module: "demo",
  live_bytes: 294_840,
  live_blocks: 4095,
  delta_bytes: -1024,
  alloc_bytes: 2 ** 24,
  alloc_count: 9,
  free_count: 8,
  alloc_count_rate: 8190,
  free_count_rate: 0,
  mean_lifetime_ns: 7e8,
  address: "0x55",
  trend: null,
};
const THREAD = {
  id: 1,
  tid: 77,
  name: "",
  state: "S",
  live_bytes: 100,
  live_blocks: 1,
  alloc_bytes_rate: null,
  alloc_count_rate: null,
  cpu: null,
  cross_frees: 23_200,
  alloc_bytes: 5,
  ended: false,
  trend: null,
};

/** @param {import("../../web/src/table.js").Column[]} columns @param {Record<string, any>} row */
function texts(columns, row) {
  return Object.fromEntries(columns.filter((c) => c.text).map((c) => [c.key, c.text?.(row)]));
}

test("a site's row reads as it is", () => {
  assert.deepEqual(texts(siteColumns, SITE), {
    function: "tree_build",
    file: "demo/tree.c:27",
    live_bytes: "288 KiB",
    delta_bytes: "−1.00 KiB",
    live_blocks: "4,095",
    alloc_bytes: "16.0 MiB",
    alloc_count_rate: "8,190/s",
    free_count_rate: "0/s",
    mean_lifetime_ns: "700 ms",
  });
});

test("growth has a triangle, not only a colour", () => {
  assert.equal(texts(siteColumns, { ...SITE, delta_bytes: 2048 }).delta_bytes, "▲ +2.00 KiB");
});

test("a lifetime below the stamps' distance is said to be so", () => {
  assert.equal(texts(siteColumns, { ...SITE, mean_lifetime_ns: 1000 }).mean_lifetime_ns, "<0.5 ms");
  assert.equal(texts(siteColumns, { ...SITE, mean_lifetime_ns: null }).mean_lifetime_ns, "–");
});

test("what is not known of a thread is a dash", () => {
  const row = texts(threadColumns, THREAD);
  assert.equal(row.name, "(no name)");
  assert.equal(row.state, "sleeping");
  assert.equal(row.cpu, "–");
  assert.equal(row.alloc_bytes_rate, "–");
  assert.equal(row.alloc_count_rate, "–");
});

test("the exact bytes are in the title", () => {
  const live = siteColumns.find((c) => c.key === "live_bytes");
  assert.equal(live?.title?.(SITE), "294,840 bytes");
});

test("the server sorts by what can be sorted", () => {
  // As server/wire/tables.c and docs/PROTOCOL.md have them.
  const known = new Set([
    "name",
    "tid",
    "cpu",
    "live_bytes",
    "live_blocks",
    "alloc_bytes_rate",
    "alloc_count_rate",
    "cross_frees",
    "function",
    "file",
    "delta_bytes",
    "alloc_bytes",
    "free_count_rate",
    "mean_lifetime_ns",
  ]);
  for (const column of [...threadColumns, ...siteColumns]) {
    if (column.sortable) assert.ok(known.has(column.key), column.key);
  }
});

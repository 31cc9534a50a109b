// SPDX-License-Identifier: MIT

import assert from "node:assert/strict";
import { test } from "node:test";
import { lifetimeBars, regroup, sizeBars } from "../../web/src/histograms.js";

const EDGES = Array.from({ length: 48 }, (_, i) => 2 ** i);

/** @param {number[]} values */
function sum(values) {
  return values.reduce((a, b) => a + b, 0);
}

test("each bucket is counted in one bar, none is lost", () => {
  const values = EDGES.map((_, i) => 3 ** (i % 5));
  const size = sizeBars({ edges: EDGES, live_bytes: values });
  assert.equal(sum(size.values), sum(values));
  assert.equal(size.values.length, size.labels.length);
  const ns = EDGES.map((e) => e * 524_288);
  const life = lifetimeBars({ edges_ns: ns, count: values });
  assert.equal(sum(life.values), sum(values));
  assert.equal(life.values.length, life.labels.length);
});

test("a bucket goes to the bar whose end it does not pass", () => {
  assert.deepEqual(regroup([8, 16, 17, 64, 65], [1, 2, 4, 8, 16], [16, 64]), [3, 12, 16]);
});

test("labels are short", () => {
  const { labels } = sizeBars({ edges: EDGES, live_bytes: EDGES.map(() => 0) });
  assert.equal(labels[0], "≤16");
  assert.equal(labels.at(-1), ">1M");
  const life = lifetimeBars({ edges_ns: EDGES.map((e) => e * 524_288), count: EDGES.map(() => 0) });
  assert.deepEqual(life.labels, [
    "<0.5 ms",
    "<8.4 ms",
    "<67 ms",
    "<1.1 s",
    "<8.6 s",
    "<1.1 min",
    "<9.2 min",
    ">9.2 min",
  ]);
});

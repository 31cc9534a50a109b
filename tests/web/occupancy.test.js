// SPDX-License-Identifier: MIT

import assert from "node:assert/strict";
import { test } from "node:test";
import { layout, occupancy } from "../../web/src/occupancy.js";

const K = 1024;

test("cells hold what lies in them, near ones are one area", () => {
  const { cell, areas } = occupancy(
    [
      [100 * K, 500, 2],
      [103 * K, 1024, 1],
      [900 * K, 10, 1],
    ],
    [],
    K,
    1000,
  );
  assert.equal(cell, K);
  assert.deepEqual(
    areas.map((a) => [a.begin, a.cells.map((c) => c.bytes)]),
    [
      [100 * K, [500, 0, 0, 1024]],
      [900 * K, [10]],
    ],
  );
  assert.deepEqual(areas[0].cells[3], { begin: 103 * K, bytes: 1024, blocks: 1 });
});

test("a block larger than a cell fills all that it covers, and counts once", () => {
  const { areas } = occupancy([], [[10 * K + 256, 2 * K]], K, 1000);
  assert.deepEqual(
    areas[0].cells.map((c) => [c.bytes, c.blocks]),
    [
      [768, 1],
      [1024, 0],
      [256, 0],
    ],
  );
});

test("too many cells become larger ones, and nothing is lost", () => {
  const small = /** @type {[number, number, number][]} */ (
    Array.from({ length: 1000 }, (_, i) => [i * K, 100, 1])
  );
  const { cell, areas } = occupancy(small, [], K, 100);
  assert.equal(cell, 16 * K);
  const cells = areas.flatMap((a) => a.cells);
  assert.ok(cells.length <= 100);
  assert.equal(
    cells.reduce((sum, c) => sum + c.bytes, 0),
    100_000,
  );
});

test("a range shows its empty cells as well", () => {
  const { areas } = occupancy([[4096, 8, 1]], [], 16, 1000, { from: 4096, to: 4096 + 256 });
  assert.equal(areas.length, 1);
  assert.equal(areas[0].cells.length, 16);
  assert.equal(areas[0].cells[1].begin, 4112);
});

test("each area begins a line", () => {
  const { areas } = occupancy(
    [
      [0, 1, 1],
      [K, 1, 1],
      [2 * K, 1, 1],
      [500 * K, 1, 1],
    ],
    [],
    K,
    1000,
  );
  const { placed, lines } = layout(areas, 2);
  assert.deepEqual(
    placed.map((p) => [p.x, p.y]),
    [
      [0, 0],
      [1, 0],
      [0, 1],
      [0, 2],
    ],
  );
  assert.equal(lines, 3);
});

// SPDX-License-Identifier: MIT

import assert from "node:assert/strict";
import { test } from "node:test";
import { changesBetween, changesOf, statusOf, sumsOf } from "../../web/src/compare.js";

test("a row is new, grown, shrunk, gone or the same", () => {
  assert.deepEqual(
    [
      statusOf(0, 5),
      statusOf(2, 5),
      statusOf(5, 2),
      statusOf(5, 0),
      statusOf(5, 5),
      statusOf(0, 0),
    ],
    ["new", "grown", "shrunk", "gone", "same", "same"],
  );
});

test("rows of the server: the largest change first, and all of them add up", () => {
  const row = (/** @type {string} */ name, /** @type {number} */ a, /** @type {number} */ b) => ({
    function: name,
    live_bytes: [a, b, b - a],
    live_blocks: [1, 3, 2],
  });
  const changes = changesOf([row("x", 10, 12), row("y", 100, 40), row("z", 7, 7), row("w", 0, 30)]);
  assert.deepEqual(
    changes.map((c) => [c.name, c.bytes, c.status]),
    [
      ["y", -60, "shrunk"],
      ["w", 30, "new"],
      ["x", 2, "grown"],
      ["z", 0, "same"],
    ],
  );
  assert.deepEqual(sumsOf(changes), { more: 32, less: -60, bytes: -28, blocks: 8, same: 1 });
});

test("two tables of one session: what is in one only is new or gone", () => {
  const row = (/** @type {number} */ id, /** @type {number} */ live_bytes) => ({
    id,
    function: `f${id}`,
    live_bytes,
    live_blocks: live_bytes / 10,
  });
  const changes = changesBetween([row(1, 50), row(2, 20)], [row(2, 30), row(3, 40)]);
  assert.deepEqual(
    changes.map((c) => [c.name, c.a, c.b, c.bytes, c.blocks, c.status]),
    [
      ["f1", 50, 0, -50, -5, "gone"],
      ["f3", 0, 40, 40, 4, "new"],
      ["f2", 20, 30, 10, 1, "grown"],
    ],
  );
});

// SPDX-License-Identifier: MIT

import assert from "node:assert/strict";
import { test } from "node:test";
import { changesOf, statusOf, sumsOf } from "../../web/src/compare.js";

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

// SPDX-License-Identifier: MIT

import assert from "node:assert/strict";
import { test } from "node:test";
import { staleSeconds } from "../../web/src/staleness.js";

test("three seconds without a message are too many", () => {
  assert.equal(staleSeconds(3000, 100), 0);
  assert.equal(staleSeconds(3001, 100), 3);
  assert.equal(staleSeconds(12345, 0), 12);
});

test("who is read less often may be silent for five ticks", () => {
  assert.equal(staleSeconds(9000, 2000), 0);
  assert.equal(staleSeconds(10000, 2000), 0);
  assert.equal(staleSeconds(10001, 2000), 10);
});

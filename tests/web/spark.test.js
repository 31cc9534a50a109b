// SPDX-License-Identifier: MIT

import assert from "node:assert/strict";
import { test } from "node:test";
import { sparkPath } from "../../web/src/charts/spark.js";

test("the largest is on top, zero below, the first left and the last right", () => {
  assert.equal(sparkPath([0, 50, 100]), "M1.0 18.0L36.0 10.0L71.0 2.0");
});

test("what is not known leaves no point, and one point is no line", () => {
  assert.equal(sparkPath([null, 10, 10]), "M36.0 2.0L71.0 2.0");
  assert.equal(sparkPath([null, 10]), "");
  assert.equal(sparkPath(null), "");
});

// SPDX-License-Identifier: MIT

import assert from "node:assert/strict";
import { test } from "node:test";
import { Ring } from "../../web/src/ring.js";
import { View } from "../../web/src/view.js";

/** @param {number} capacity @param {number} samples one each second, v = 10 t */
function filled(capacity, samples) {
  const ring = new Ring(["t", "v"], capacity);
  for (let t = 0; t < samples; t++) ring.push({ t, v: t * 10 });
  return ring;
}

test("an empty ring has no values", () => {
  const ring = filled(4, 0);
  assert.equal(ring.begin, 0);
  assert.equal(ring.end, 0);
  assert.ok(Number.isNaN(ring.last("t")));
  assert.ok(Number.isNaN(ring.max("v", 0, 10)));
});

test("indices count all samples, and stay valid while old ones are overwritten", () => {
  const ring = filled(4, 10);
  assert.deepEqual([ring.begin, ring.end], [6, 10]);
  assert.equal(ring.at("v", 6), 60);
  assert.equal(ring.last("v"), 90);
  assert.ok(Number.isNaN(ring.at("v", 5)), "overwritten");
  assert.ok(Number.isNaN(ring.at("v", 10)), "not yet there");
});

test("a column that a sample lacks is not known", () => {
  const ring = new Ring(["t", "v"], 4);
  ring.push({ t: 1 });
  assert.ok(Number.isNaN(ring.last("v")));
});

test("find gives the first sample at or after a value, across the wrap", () => {
  const ring = filled(4, 10);
  assert.equal(ring.find("t", 7), 7);
  assert.equal(ring.find("t", 7.5), 8);
  assert.equal(ring.find("t", -1), 6, "the oldest kept");
  assert.equal(ring.find("t", 100), 10, "none");
});

test("max looks at what is kept of a range", () => {
  const ring = filled(4, 10);
  assert.equal(ring.max("v", 0, 8), 70);
  assert.equal(ring.max("v", 7, 100), 90);
  ring.push({ t: 10 });
  assert.equal(ring.max("v", 7, 11), 90, "what is not known does not count");
});

test("clear forgets all", () => {
  const ring = filled(4, 10);
  ring.clear();
  assert.equal(ring.end, 0);
  assert.ok(Number.isNaN(ring.at("v", 0)));
});

test("the view ends at the newest sample, or where it was stopped", () => {
  const ring = filled(8, 8);
  const view = new View();
  assert.equal(view.endOf(ring), 7);
  assert.equal(view.endIndex(ring), 7);
  view.end = 3;
  assert.ok(view.paused);
  ring.push({ t: 8 });
  assert.equal(view.endOf(ring), 3);
  assert.equal(view.endIndex(ring), 3);
  view.end = 3.5;
  assert.equal(view.endIndex(ring), 3, "the last sample that is shown, not the next");
});

test("the crosshair is told from the end of the view", () => {
  const ring = filled(8, 8);
  const view = new View();
  assert.equal(view.hoverIndex(ring), -1);
  view.hover = -2;
  assert.equal(view.hoverIndex(ring), 5);
  view.hover = 0;
  assert.equal(view.hoverIndex(ring), 7);
});

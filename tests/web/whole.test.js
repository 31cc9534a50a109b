// SPDX-License-Identifier: MIT

import assert from "node:assert/strict";
import { test } from "node:test";
import { Store } from "../../web/src/store.js";
import { View } from "../../web/src/view.js";
import { Whole } from "../../web/src/whole.js";
import { delta, full, hello, sample } from "./messages.js";

/** @param {Whole} whole */
function times(whole) {
  const { ring } = whole;
  return Array.from({ length: ring.end - ring.begin }, (_, i) => ring.at("t", ring.begin + i));
}

test("one of a second is kept, and when there are too many every second one goes", () => {
  const whole = new Whole(["t"], 8);
  for (let tick = 1; tick < 80; tick++) whole.add({ t: tick / 10 });
  assert.deepEqual(times(whole), [0.1, 1, 2, 3, 4, 5, 6, 7]);
  for (let tick = 80; tick <= 1000; tick++) whole.add({ t: tick / 10 });
  assert.equal(whole.step, 16);
  assert.equal(times(whole)[0], 0.1, "it begins with the start");
  assert.ok(times(whole).every((t, i, all) => i === 0 || t - all[i - 1] >= 15));
  assert.ok((times(whole).at(-1) ?? 0) >= 1000 / 10 - 16);
});

test("what was before comes before, once", () => {
  const whole = new Whole(["t"], 100);
  for (let t = 50; t < 60; t++) whole.add({ t });
  whole.addBefore([5, 15, 25, 35, 45, 50, 51].map((t) => ({ t })));
  assert.deepEqual(times(whole).slice(0, 7), [5, 15, 25, 35, 45, 50, 51]);
  assert.equal(times(whole).length, 15);
});

/** A page that was opened late: the last ten minutes, then the history. */
function opened() {
  const store = new Store();
  store.apply(hello());
  const rows = [];
  for (let seq = 12_001; seq <= 18_000; seq++) rows.push(sample(seq, seq));
  store.apply(full(18_000, rows));
  const late = store.beginsLate;
  const history = [];
  for (let seq = 1; seq <= 18_000; seq += 10) history.push(sample(seq, seq === 4001 ? 1e9 : seq));
  store.addHistory(history);
  return { store, late };
}

test("F3: the strip has the whole session, and a moment before the last ten minutes is shown", () => {
  const { store, late } = opened();
  assert.equal(late, true);
  assert.equal(store.beginsLate, false);
  const strip = store.ringFrom(0);
  assert.equal(strip.at("seq", strip.begin), 1);
  assert.equal(strip.last("t") > 1799, true);
  const view = new View();
  assert.equal(store.ringOf(view), store.ring, "now: all samples");
  view.stop(store.timeAt(500));
  const ring = store.ringOf(view);
  assert.notEqual(ring, store.ring);
  assert.ok(Math.abs(ring.at("t", view.endIndex(ring)) - 500) <= 1.1);
  assert.equal(store.peakTime("live"), 400.1, "the peak is before the last ten minutes");
  view.stop(store.timeAt(1790));
  assert.equal(store.ringOf(view), store.ring);
});

test("a young session is shown in all its samples", () => {
  const store = new Store();
  store.apply(hello());
  store.apply(full(3, [sample(1, 1), sample(2, 2), sample(3, 3)]));
  assert.equal(store.beginsLate, false);
  assert.equal(store.ringFrom(0), store.ring);
  store.apply(delta(3, 5, [sample(4, 4), sample(5, 5)]));
  assert.equal(store.ringFrom(0), store.ring);
});

test("what is held goes on when the last ten minutes move on", () => {
  const store = new Store();
  store.apply(hello());
  store.apply(full(1, [sample(1, 1)]));
  for (let seq = 2; seq <= 9000; seq++) store.apply(delta(seq - 1, seq, [sample(seq, seq)]));
  assert.equal(store.ringFrom(0).at("seq", 0), 1);
  assert.ok(store.ring.at("seq", store.ring.begin) > 3000);
});

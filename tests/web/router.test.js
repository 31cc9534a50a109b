// SPDX-License-Identifier: MIT

import assert from "node:assert/strict";
import { test } from "node:test";
import { parseRoute, routeTo } from "../../web/src/router.js";
import { View } from "../../web/src/view.js";

test("an address names a page and its parameters", () => {
  assert.deepEqual(parseRoute(""), { id: "", params: {} });
  assert.deepEqual(parseRoute("#/sites"), { id: "sites", params: {} });
  assert.deepEqual(parseRoute("#/sites?q=a%20b&site=12"), {
    id: "sites",
    params: { q: "a b", site: "12" },
  });
  assert.deepEqual(parseRoute("#/flame?q=a?b&x").params, { q: "a?b", x: "" });
});

test("what is made of a page and parameters reads the same", () => {
  for (const params of [{}, { q: "<b>&=?#/%", at: "1.5" }, { name: "ü 世 \u202e" }])
    assert.deepEqual(parseRoute(routeTo("flame", params)), { id: "flame", params });
});

test("what is empty or off is left out, what is on is 1", () => {
  assert.equal(routeTo("flame", { q: "", at: null, x: undefined, y: false }), "#/flame");
  assert.equal(routeTo("flame", { inverted: true, n: 0 }), "#/flame?inverted=1&n=0");
});

test("the time shown: now, a moment, a range, and now again", () => {
  const view = new View();
  assert.deepEqual([view.at, view.range, view.paused], [null, null, false]);
  view.stop(12.3);
  assert.equal(view.at, 12_300_999_999, "to the end of its millisecond");
  assert.deepEqual([view.range, view.seconds, view.chosen], [null, 60, true]);
  view.stop(12.3, { begin: 2.3 });
  assert.deepEqual(view.range, { from: 2_300_999_999, to: 12_300_999_999 });
  assert.equal(view.seconds, 10);
  view.stop(12.3, { begin: 12.3 });
  assert.equal(view.range, null, "no range without a length");
  const { version } = view;
  view.resume();
  assert.deepEqual([view.at, view.range, view.paused, view.chosen], [null, null, false, false]);
  assert.equal(view.version, version + 1);
});

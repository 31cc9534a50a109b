// SPDX-License-Identifier: MIT

import assert from "node:assert/strict";
import { test } from "node:test";
import { axisBytes, axisCount, axisPercent } from "../../web/src/format.js";
import { nextScale } from "../../web/src/scale.js";

const FORMATS = { bytes: axisBytes, count: axisCount, percent: axisPercent };
const LABEL = /^[\d.,]+\s?(B|KiB|MiB|GiB|TiB|PiB|%|K|M|G)?$/;

test("every label of every axis is round and short", () => {
  for (const kind of /** @type {const} */ (["bytes", "count", "percent"])) {
    for (const most of [2, 4]) {
      const end = kind === "percent" ? 1e4 : 1e14; // of a hundred cores
      for (let highest = 0.01; highest < end; highest *= 1.07) {
        const { max, step } = nextScale(highest, null, kind, most);
        assert.ok(max >= highest, `${kind} ${highest} is above ${max}`);
        const steps = max / step;
        assert.ok(
          Number.isInteger(steps) && steps >= 2 && steps <= most,
          `${kind} ${highest}: ${steps} steps`,
        );
        for (let i = 0; i <= steps; i++) {
          const label = FORMATS[kind](i * step);
          assert.match(label, LABEL);
          assert.ok(label.length <= 7, `"${label}" of ${kind} ${highest}`);
          const digits = label.replace(/\D/g, "").replace(/^0+|0+$/g, "");
          assert.ok(digits.length <= 3 || kind === "bytes", `"${label}" has idle digits`);
        }
      }
    }
  }
});

test("no more is left empty than needed", () => {
  for (let highest = 4096; highest < 1e12; highest *= 1.1) {
    const { max } = nextScale(highest, null, "bytes");
    assert.ok(max <= 1.5 * highest, `${highest} on an axis to ${max}`);
  }
});

test("an axis grows at once", () => {
  const before = nextScale(100, null, "count");
  const after = nextScale(before.max + 1, before, "count");
  assert.ok(after.max > before.max);
});

test("an axis shrinks late, and is the same object while it serves", () => {
  const before = nextScale(30 * 2 ** 20, null, "bytes");
  assert.equal(before.max, 32 * 2 ** 20);
  assert.equal(nextScale(17 * 2 ** 20, before, "bytes"), before);
  assert.equal(nextScale(15 * 2 ** 20, before, "bytes").max, 16 * 2 ** 20);
});

test("nothing at all still has an axis", () => {
  for (const kind of /** @type {const} */ (["bytes", "count", "percent"])) {
    const { max, step } = nextScale(0, null, kind);
    assert.ok(max > 0 && step > 0);
  }
});

test("blocks are whole", () => {
  for (let highest = 0; highest < 40; highest++) {
    assert.ok(Number.isInteger(nextScale(highest, null, "count").step), `at ${highest}`);
  }
});

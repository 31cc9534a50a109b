// SPDX-License-Identifier: MIT

import assert from "node:assert/strict";
import { test } from "node:test";
import * as f from "../../web/src/format.js";

/** @param {(n: any) => string} format @param {[any, string][]} cases */
function holds(format, cases) {
  for (const [value, text] of cases) assert.equal(format(value), text, `of ${value}`);
}

test("bytes have binary units and three significant digits", () => {
  holds(f.bytes, [
    [0, "0 B"],
    [1, "1 B"],
    [1008, "1008 B"],
    [1023, "1023 B"],
    [1024, "1.00 KiB"],
    [10_000, "9.77 KiB"],
    [10_239, "10.0 KiB"],
    [102_400, "100 KiB"],
    [1_048_575, "1.00 MiB"],
    [16 * 2 ** 20, "16.0 MiB"],
    [233.4 * 2 ** 20, "233 MiB"],
    [3 * 2 ** 30, "3.00 GiB"],
    [2 ** 53, "8.00 PiB"],
  ]);
});

test("what is not known is a dash, never 0", () => {
  for (const format of [
    f.bytes,
    f.signedBytes,
    f.count,
    f.compact,
    f.perSecond,
    f.byteRate,
    f.percent,
    f.duration,
    f.clock,
  ]) {
    for (const value of [null, undefined, Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.equal(format(/** @type {any} */ (value)), "–", `${format.name} of ${value}`);
    }
  }
  assert.equal(f.exactBytes(null), "not known");
  assert.deepEqual(f.bytesParts(null), ["–", ""]);
});

test("a minus is a true minus, and a change has a sign", () => {
  holds(f.signedBytes, [
    [0, "±0 B"],
    [5 * 2 ** 20, "+5.00 MiB"],
    [-5 * 2 ** 20, "−5.00 MiB"],
  ]);
  holds(f.count, [
    [-12_345, "−12,345"],
    [1_344_941, "1,344,941"],
  ]);
  holds(f.compact, [[-1_344_941, "−1.34M"]]);
});

test("counts are grouped, large ones compact", () => {
  holds(f.compact, [
    [9999, "9,999"],
    [10_000, "10.0K"],
    [999_600, "1.00M"],
    [1_344_941, "1.34M"],
    [2.5e9, "2.50G"],
  ]);
});

test("rates keep a digit below ten", () => {
  holds(f.perSecond, [
    [0, "0/s"],
    [0.25, "0.3/s"],
    [9.94, "9.9/s"],
    [10, "10/s"],
    [136_500, "137K/s"],
  ]);
  assert.equal(f.byteRate(1536), "1.50 KiB/s");
});

test("durations take the unit that fits", () => {
  holds(f.duration, [
    [12, "12 ns"],
    [1_200, "1.20 µs"],
    [524_288, "524 µs"],
    [1_200_000, "1.20 ms"],
    [59_990_000_000, "1.00 min"],
    [3600e9, "1.00 h"],
    [3 * 86_400e9, "3.00 d"],
  ]);
  holds(f.clock, [
    [0, "00:00:00"],
    [3_723_999, "01:02:03"],
    [100 * 3_600_000, "100:00:00"],
  ]);
});

test("labels of an axis have no idle digits", () => {
  holds(f.axisBytes, [
    [0, "0 B"],
    [512 * 1024, "512 KiB"],
    [1.5 * 2 ** 20, "1.5 MiB"],
    [32 * 2 ** 20, "32 MiB"],
    [100 * 2 ** 20, "100 MiB"],
  ]);
  holds(f.axisCount, [
    [0, "0"],
    [500, "500"],
    [5000, "5K"],
    [2500, "2.5K"],
    [10_000, "10K"],
    [1_500_000, "1.5M"],
  ]);
  holds(f.axisPercent, [
    [0, "0 %"],
    [2.5, "2.5 %"],
    [100, "100 %"],
  ]);
});

test("names are clipped in the middle, so that equal beginnings stay apart", () => {
  assert.equal(f.clipMiddle("short", 10), "short");
  const one = f.clipMiddle(`std::vector<${"x".repeat(200)}>::push_back`, 24);
  const two = f.clipMiddle(`std::vector<${"x".repeat(200)}>::pop_back`, 24);
  assert.equal(Array.from(one).length, 24);
  assert.match(one, /^std::vec.*….*push_back$/);
  assert.notEqual(one, two);
  // Characters beyond 16 bits are not cut in two.
  assert.doesNotMatch(f.clipMiddle("😀".repeat(40), 9), /[\uD800-\uDBFF](?![\uDC00-\uDFFF])/);
});

test("a place is the end of its path, with the line if there is one", () => {
  assert.equal(f.place("/usr/src/demo/cache.c", 29), "demo/cache.c:29");
  assert.equal(f.place("cache.c", 0), "cache.c");
  assert.equal(f.place("", null), "");
});

test("an instant has as many digits of a second as are asked for", () => {
  assert.equal(f.instant(0, 2), "00:00:00.00");
  assert.equal(f.instant(2.54, 2), "00:00:02.54");
  assert.equal(f.instant(59.9996, 3), "00:00:59.999"); // not yet 60.000
  assert.equal(f.instant(3661.0005, 3), "01:01:01.000");
});

// SPDX-License-Identifier: MIT
//
// What the page says of a leak scan.

import assert from "node:assert/strict";
import { test } from "node:test";

import { confidenceText } from "../../web/src/findings.js";
import { suppression } from "../../web/src/frames.js";
import { scanText } from "../../web/src/views/lost.js";
import { reasonOf } from "../../web/src/views/suspects.js";

const none = { blocks: 0, bytes: 0 };
const sums = {
  definite: none,
  indirect: none,
  possible: none,
  reachable: { blocks: 12, bytes: 400 },
  suppressed: none,
  unconfirmed: none,
};
const done = { state: "done", blind_threads: 0, sums };

test("a scan without leaks says so", () => {
  assert.equal(scanText(done), "No block is lost; 0 possibly; 12 can be reached.");
});

test("definite and indirect leaks are lost; the rest is said as well", () => {
  const text = scanText({
    ...done,
    blind_threads: 2,
    sums: {
      ...sums,
      definite: { blocks: 1, bytes: 1024 },
      indirect: { blocks: 1500, bytes: 1024 },
      suppressed: { blocks: 3, bytes: 9 },
    },
  });
  assert.match(text, /^2\.00 KiB in 1,501 blocks are lost; /);
  assert.match(text, /3 of the lost are suppressed; the registers of 2 threads/);
});

test("a scan that is not done says what it is", () => {
  assert.match(scanText({ state: "none" }), /Not scanned/);
  assert.match(scanText({ state: "running" }), /Scanning/);
  assert.match(scanText({ state: "failed", failure: "no memory" }), /failed: no memory\./);
});

test("a confidence is never rounded up to certainty", () => {
  assert.equal(confidenceText(1), "> 99.99 %");
  assert.equal(confidenceText(0.9995), "99.95 %");
  assert.equal(confidenceText(null), "unknown");
});

test("why a site is suspected", () => {
  const e = { growth_bytes: 3 * 2 ** 20, span_s: 33, steps_up: 10, steps_down: 1 };
  assert.equal(
    reasonOf(e, { alloc_count: 400, free_count: 0, mean_lifetime_ns: null }),
    "It has grown by 3.00 MiB in 33.0 s: of 11 steps 10 went up, 1 down; none of its 400 blocks was ever freed.",
  );
  assert.match(
    reasonOf(e, { alloc_count: 400, free_count: 100, mean_lifetime_ns: 2e9 }),
    /; 25 % of its 400 blocks have been freed, after 2\.00 s on average\.$/,
  );
  assert.match(reasonOf(e, undefined), /1 down\.$/);
});

test("a suppression names the function without its parameters", () => {
  assert.equal(suppression({ function: "cache::put(Key, Blob)" }), "leak:cache::put");
  assert.equal(suppression({ function: "leak" }), "leak:leak");
});

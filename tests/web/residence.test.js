// SPDX-License-Identifier: MIT

import assert from "node:assert/strict";
import { test } from "node:test";
import { heapParts, residentParts } from "../../web/src/residence.js";

test("the parts of the resident memory add up to it", () => {
  const known = residentParts({
    total_bytes: 1000,
    heap_bytes: 500,
    mapped_bytes: 100,
    stack_bytes: 50,
    code_bytes: 150,
    file_bytes: 50,
    shared_bytes: 20,
    store_bytes: 80,
    other_bytes: 50,
  });
  assert.equal(
    known?.parts.reduce((sum, p) => sum + p.bytes, 0),
    1000,
  );
  assert.equal(known?.parts.find((p) => p.key === "heap")?.share, 0.5);
});

test("nothing is known of a process that has ended", () => {
  assert.equal(residentParts({ total_bytes: null }), null);
  assert.equal(residentParts(null), null);
  assert.equal(heapParts([{ resident_bytes: null }]), null);
});

test("the heap's parts add up, also where blocks were never written", () => {
  const parts = heapParts([
    { requested_bytes: 900, usable_bytes: 950, resident_bytes: 4096, empty_bytes: 0 },
    // A large block of which one page was touched.
    { requested_bytes: 1e6, usable_bytes: 1_000_448, resident_bytes: 4096, empty_bytes: 0 },
    { requested_bytes: 0, usable_bytes: 0, resident_bytes: 8192, empty_bytes: 8192 },
  ]);
  assert.deepEqual(
    parts?.parts.map((p) => [p.key, p.bytes]),
    [
      ["requested", 900 + 4096],
      ["rounding", 50],
      ["free", 3146],
      ["empty", 8192],
    ],
  );
  assert.equal(
    parts?.parts.reduce((sum, p) => sum + p.bytes, 0),
    parts?.resident,
  );
});

test("an allocator whose sizes are not known rounds nothing", () => {
  const parts = heapParts([{ requested_bytes: 100, usable_bytes: null, resident_bytes: 4096 }]);
  assert.equal(parts?.parts[1].bytes, 0);
});

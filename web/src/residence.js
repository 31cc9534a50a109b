// SPDX-License-Identifier: MIT
//
// residence: where the resident memory of a process is, in parts that add up.
// Pure.

/** @typedef {{key: string, label: string, bytes: number, share: number}} Part share of the whole, 0 to 1 */

// In the order in which they are drawn: what is the program's own first.
const PARTS = /** @type {[string, string][]} */ ([
  ["heap", "Heap of malloc"],
  ["mapped", "Mapped by the program"],
  ["stack", "Stacks of threads"],
  ["code", "Code"],
  ["file", "Files otherwise"],
  ["shared", "Shared memory"],
  ["store", "Memscope's records"],
  ["other", "Unexplained"],
]);

/**
 * @param {Record<string, number | null> | null} resident as `GET /api/v1/mappings` has it
 * @returns {{total: number, parts: Part[]} | null} null: not known
 */
export function residentParts(resident) {
  const total = resident?.total_bytes;
  if (!resident || typeof total !== "number") return null;
  const parts = PARTS.map(([key, label]) => {
    const bytes = resident[`${key}_bytes`] ?? 0;
    return { key, label, bytes, share: total > 0 ? bytes / total : 0 };
  });
  return { total, parts };
}

/**
 * What of the heap's resident memory is what, in parts that add up to it.
 * @param {Record<string, any> | null} all sums over all areas
 */
export function heapParts(all) {
  if (!all || typeof all.resident_bytes !== "number") return null;
  const { requested_bytes: requested, usable_bytes: usable, resident_bytes: resident } = all;
  const given = typeof usable === "number" ? Math.max(usable, requested) : requested;
  const empty = all.empty_bytes ?? 0;
  // A block that was never written is requested and not resident: then no more is explained.
  const touched = Math.min(requested, resident - empty);
  const rounding = Math.min(given - requested, resident - empty - touched);
  return {
    resident,
    parts: [
      { key: "requested", label: "asked for by the program", bytes: touched },
      { key: "rounding", label: "rounded up by the allocator", bytes: rounding },
      {
        key: "free",
        label: "free, between live blocks",
        bytes: resident - empty - touched - rounding,
      },
      { key: "empty", label: "free, in pages of its own", bytes: empty },
    ],
  };
}

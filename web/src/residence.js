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
 * @param {Record<string, any>[]} areas
 */
export function heapParts(areas) {
  const sums = { requested: 0, rounding: 0, free: 0, empty: 0, resident: 0 };
  for (const area of areas) {
    const { requested_bytes: requested, usable_bytes: usable, resident_bytes: resident } = area;
    if (typeof resident !== "number") return null;
    const given = typeof usable === "number" ? Math.max(usable, requested) : requested;
    const empty = Math.min(area.empty_bytes ?? 0, resident);
    // What was asked for and never written is not resident.
    const touched = Math.min(requested, resident - empty);
    const rounding = Math.min(given - requested, resident - empty - touched);
    sums.requested += touched;
    sums.rounding += rounding;
    sums.free += resident - empty - touched - rounding;
    sums.empty += empty;
    sums.resident += resident;
  }
  return {
    resident: sums.resident,
    parts: [
      { key: "requested", label: "asked for by the program", bytes: sums.requested },
      { key: "rounding", label: "rounded up by the allocator", bytes: sums.rounding },
      { key: "free", label: "free, between live blocks", bytes: sums.free },
      { key: "empty", label: "free, in pages of its own", bytes: sums.empty },
    ],
  };
}

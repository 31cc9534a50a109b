// SPDX-License-Identifier: MIT
//
// thread_groups: threads put together by what their names have in common, or
// by their state. Pure.

/** @typedef {Record<string, any>} Row */

/** worker-17 -> worker-* @param {string} name */
export function namePattern(name) {
  return name.replace(/\d+/g, "*") || "(no name)";
}

const SUMMED = [
  "live_bytes",
  "live_blocks",
  "alloc_bytes_rate",
  "alloc_count_rate",
  "cpu",
  "cross_frees",
  "alloc_bytes",
];

/**
 * @param {Row[]} threads
 * @param {(thread: Row) => string} keyOf
 * @returns {Row[]} a row for each key: `name`, `count`, `ended`, sums; null when no thread has the number
 */
export function grouped(threads, keyOf) {
  /** @type {Map<string, Row>} */
  const groups = new Map();
  for (const thread of threads) {
    const key = keyOf(thread);
    let group = groups.get(key);
    if (!group) {
      group = { id: groups.size, name: key, count: 0, ended_count: 0 };
      groups.set(key, group);
    }
    group.count++;
    if (thread.ended) group.ended_count++;
    for (const name of SUMMED) {
      const value = thread[name];
      if (typeof value === "number") group[name] = (group[name] ?? 0) + value;
      else group[name] ??= null;
    }
  }
  return [...groups.values()];
}

// SPDX-License-Identifier: MIT
//
// window: what a server would give of a table: filtered, sorted, cut. Pure.

/** @typedef {Record<string, any>} Row */
/**
 * @typedef {object} Wanted by the names of docs/PROTOCOL.md
 * @property {string} [sort]
 * @property {string} [order] "asc" or "desc"
 * @property {string} [q]
 * @property {number} [min] live bytes at least
 * @property {string} [module]
 * @property {string} [threads] "all", "alive" or "running"
 * @property {number[]} [pin] ids that come first and always match
 * @property {number} offset
 * @property {number} limit
 */

const SEARCHED = ["name", "function", "file", "module"];

/** @param {Row} row @param {Wanted} wanted */
function matches(row, wanted) {
  const { q = "", min = 0, module = "", threads = "all" } = wanted;
  if (module !== "" && row.module !== module) return false;
  if (row.live_bytes < min) return false;
  if (threads === "alive" && row.ended) return false;
  if (threads === "running" && row.state !== "R") return false;
  const part = q.toLowerCase();
  return part === "" || SEARCHED.some((name) => row[name]?.toLowerCase().includes(part));
}

/** Unknown is below everything; texts go by their letters. @param {any} a @param {any} b */
function compare(a, b) {
  if (a === null || b === null) return Number(a !== null) - Number(b !== null);
  if (typeof a === "string") {
    const [x, y] = [a.toLowerCase(), b.toLowerCase()];
    return x < y ? -1 : Number(x > y);
  }
  return a - b;
}

/**
 * @param {Row[]} rows
 * @param {Wanted} wanted
 * @returns {{total: number, sum: {live_bytes: number, live_blocks: number}, rows: Row[]}}
 */
export function cut(rows, wanted) {
  const pinned = new Set(wanted.pin ?? []);
  const kept = rows.filter((row) => pinned.has(row.id) || matches(row, wanted));
  const column = wanted.sort || "live_bytes";
  // "name" is the first text of either table.
  const field = column === "name" && kept[0]?.name === undefined ? "function" : column;
  const sign = wanted.order === "asc" ? 1 : -1;
  kept.sort(
    (a, b) =>
      Number(pinned.has(b.id)) - Number(pinned.has(a.id)) ||
      sign * compare(a[field], b[field]) ||
      a.id - b.id,
  );
  const sum = { live_bytes: 0, live_blocks: 0 };
  for (const row of kept) {
    sum.live_bytes += row.live_bytes;
    sum.live_blocks += row.live_blocks;
  }
  return {
    total: kept.length,
    sum,
    rows: kept.slice(wanted.offset, wanted.offset + wanted.limit),
  };
}

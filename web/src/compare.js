// SPDX-License-Identifier: MIT
//
// compare: two pictures of the heap, A and B, row by row. Pure.

/** @typedef {"new" | "grown" | "shrunk" | "gone" | "same"} Status */
/**
 * @typedef {object} Change
 * @property {string} name
 * @property {string} [file]
 * @property {number} [line]
 * @property {string} [module]
 * @property {number} a live bytes
 * @property {number} b
 * @property {number} bytes b - a
 * @property {number} blocks
 * @property {Status} status
 */

/** @param {number} a @param {number} b @returns {Status} */
export function statusOf(a, b) {
  if (a === b) return "same";
  if (a === 0) return "new";
  if (b === 0) return "gone";
  return b > a ? "grown" : "shrunk";
}

/** Largest change first, then by name. @param {Change} x @param {Change} y */
function byChange(x, y) {
  return Math.abs(y.bytes) - Math.abs(x.bytes) || (x.name < y.name ? -1 : 1);
}

/**
 * Rows of `GET /api/v1/diff`, sites or threads.
 * @param {Record<string, any>[]} rows
 * @returns {Change[]}
 */
export function changesOf(rows) {
  return rows
    .map((row) => {
      const [a, b, bytes] = row.live_bytes;
      return {
        name: row.function ?? row.name,
        file: row.file,
        line: row.line,
        module: row.module,
        a,
        b,
        bytes,
        blocks: row.live_blocks[2],
        status: statusOf(a, b),
      };
    })
    .sort(byChange);
}

/** @param {Change[]} changes */
export function sumsOf(changes) {
  const sums = { more: 0, less: 0, bytes: 0, blocks: 0, same: 0 };
  for (const { bytes, blocks, status } of changes) {
    if (bytes > 0) sums.more += bytes;
    else sums.less += bytes;
    sums.bytes += bytes;
    sums.blocks += blocks;
    if (status === "same") sums.same++;
  }
  return sums;
}

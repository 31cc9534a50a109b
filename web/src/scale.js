// SPDX-License-Identifier: MIT
//
// scale: round ends for a y axis, that grow at once and shrink late. Steps are
// chosen so that every label between has few digits. Pure.

import { unitsName } from "./format.js";

/** @typedef {"bytes" | "count" | "percent"} Kind */
/** @typedef {{max: number, step: number}} Scale */

const KEEP_ABOVE = 0.5; // a lower picture than this part of the axis is enlarged
const LEAST = { bytes: 256, count: 1, percent: 2.5 };
// Bytes by powers of two: 512 KiB, 1 MiB, 1.5 MiB. The half between is round
// only for two steps.
const BINARY = [1];
const BINARY_OF_TWO = [1, 1.5];
const DECIMAL = [1, 2, 2.5, 5];
const WHOLE = [1, 2, 5]; // 2.5 blocks there are not

/**
 * The least step of which at most `most` reach `highest`.
 * @param {number} highest
 * @param {number} most
 * @param {Kind} kind
 */
function stepFor(highest, most, kind) {
  const wanted = Math.max(highest / most, LEAST[kind]);
  const binary = kind === "bytes" && unitsName() === "binary";
  const base = binary ? 2 : 10;
  // One power too low, against rounding in the logarithm.
  let power = base ** (Math.floor(Math.log(wanted) / Math.log(base)) - 1);
  for (; ; power *= base) {
    const factors = !binary
      ? kind === "count" && power < 10
        ? WHOLE
        : DECIMAL
      : most === 2
        ? BINARY_OF_TWO
        : BINARY;
    for (const factor of factors) if (power * factor >= wanted) return power * factor;
  }
}

/**
 * @param {number} highest largest value in view
 * @param {Scale | null} before
 * @param {Kind} kind
 * @param {number} [most] steps
 * @returns {Scale} `before` itself when it still serves
 */
export function nextScale(highest, before, kind, most = 4) {
  if (before && highest <= before.max && highest >= KEEP_ABOVE * before.max) return before;
  const step = stepFor(highest, most, kind);
  // Two steps always: an axis that ends at its only label looks cut.
  const max = step * Math.max(2, Math.ceil(highest / step));
  return before && before.max === max ? before : { max, step };
}

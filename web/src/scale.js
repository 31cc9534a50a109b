// SPDX-License-Identifier: MIT
//
// scale: round ends for a y axis, that grow at once and shrink late. Pure.

/** @typedef {"bytes" | "count" | "percent"} Kind */
/** @typedef {{max: number, step: number}} Scale */

const BINARY = [1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 6, 8];
const DECIMAL = [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10];

/**
 * The next round number at or above a value.
 * @param {number} value
 * @param {Kind} kind
 */
export function roundUp(value, kind) {
  if (!(value > 0)) return kind === "percent" ? 10 : kind === "bytes" ? 1024 : 10;
  if (kind === "bytes") {
    const power = 2 ** Math.floor(Math.log2(value));
    const low = power / 8 >= 1 ? power / 8 : 1;
    for (let base = low; ; base *= 2) {
      for (const step of BINARY) if (base * step >= value && base * step >= 4) return base * step;
    }
  }
  const power = 10 ** Math.floor(Math.log10(value));
  for (const step of DECIMAL) if (power * step >= value) return power * step;
  return power * 10;
}

/**
 * @param {number} highest largest value in view
 * @param {Scale | null} before
 * @param {Kind} kind
 * @returns {Scale} `before` itself when it still serves
 */
export function nextScale(highest, before, kind) {
  if (before && highest <= before.max && highest >= 0.6 * 0.8 * before.max) return before;
  // 4 steps, each a round number: 64 MiB, 128 MiB, ...
  const step = roundUp((highest * 1.02) / 4, kind);
  const max = step * 4;
  return before && before.max === max ? before : { max, step };
}

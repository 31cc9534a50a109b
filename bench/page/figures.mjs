// SPDX-License-Identifier: MIT
//
// figures: what becomes of many measurements.

/** @param {number[]} list @param {number} part 0.5: the median */
export function quantile(list, part) {
  const sorted = [...list].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))];
}

/** @param {number[]} list @returns {{median: number, p95: number, most: number, count: number}} */
export function spread(list) {
  return {
    median: quantile(list, 0.5),
    p95: quantile(list, 0.95),
    most: Math.max(...list),
    count: list.length,
  };
}

/** The median of the ratios of pairs. @param {number[]} these @param {number[]} those */
export function ratio(these, those) {
  return quantile(
    these.map((value, i) => value / those[i]),
    0.5,
  );
}

/**
 * The slope of the line that fits best, and its standard error.
 * @param {number[]} values one a step
 * @returns {{perStep: number, error: number}}
 */
export function slope(values) {
  const n = values.length;
  const meanX = (n - 1) / 2;
  const meanY = values.reduce((a, b) => a + b, 0) / n;
  let up = 0;
  let down = 0;
  values.forEach((y, x) => {
    up += (x - meanX) * (y - meanY);
    down += (x - meanX) ** 2;
  });
  const perStep = down > 0 ? up / down : 0;
  const left = values.reduce((sum, y, x) => sum + (y - meanY - perStep * (x - meanX)) ** 2, 0);
  return { perStep, error: n > 2 ? Math.sqrt(left / (n - 2) / down) : Number.NaN };
}

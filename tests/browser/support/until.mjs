// SPDX-License-Identifier: MIT

// What has not happened then never will.
export const PATIENCE_MS = Number(process.env.MEMSCOPE_PATIENCE_MS ?? 60_000);
const EVERY_MS = 25;

/**
 * Polls until something is so, and gives it.
 * @template T
 * @param {string} what
 * @param {() => T | Promise<T>} condition
 * @param {number} [patience]
 * @returns {Promise<NonNullable<T>>}
 */
export async function until(what, condition, patience = PATIENCE_MS) {
  const end = performance.now() + patience;
  for (;;) {
    const value = await condition();
    if (value) return /** @type {NonNullable<T>} */ (value);
    if (performance.now() > end) throw new Error(`waited ${patience / 1000} s in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
  }
}

// SPDX-License-Identifier: MIT
//
// acting: how long a reader waits for other rows of a table.

import { until } from "./until.mjs";

/**
 * From the click or the key, as the page is told of it, until a frame has
 * other rows, in ms.
 * @param {import("playwright-core").Page} page
 * @param {() => Promise<void>} act
 * @returns {Promise<number>}
 */
export async function timeToRows(page, act) {
  await page.evaluate(() => {
    const w = /** @type {any} */ (window);
    const shown = () =>
      [...document.querySelectorAll(".tbody .tr:not([hidden])")]
        .map((row) => row.getAttribute("data-id"))
        .join();
    const before = shown();
    w.painted = null;
    const acted = new AbortController();
    const begin = () => {
      acted.abort(); // the other listener's time has passed as well
      const began = performance.now();
      const look = () => {
        if (shown() !== before) w.painted = performance.now() - began;
        else requestAnimationFrame(look);
      };
      look();
    };
    const first = { capture: true, signal: acted.signal };
    addEventListener("pointerdown", begin, first);
    addEventListener("keydown", begin, first);
  });
  await act();
  return until("other rows", () => page.evaluate(() => /** @type {any} */ (window).painted));
}

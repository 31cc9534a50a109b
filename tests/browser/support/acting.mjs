// SPDX-License-Identifier: MIT
//
// acting: how long a reader waits for other rows of a table.

import { until } from "./until.mjs";

/**
 * From the click or the key, as the page is told of it, until the frame with
 * other rows has been laid out, painted and handed to the compositor, in ms.
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
      // No frames are asked for: they would take the time that is measured.
      const observer = new MutationObserver(() => {
        if (shown() === before) return;
        observer.disconnect();
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => {
          w.painted = performance.now() - began;
        };
        port2.postMessage(null); // comes when this frame is done
      });
      observer.observe(document, { subtree: true, childList: true, attributes: true });
    };
    const first = { capture: true, signal: acted.signal };
    addEventListener("pointerdown", begin, first);
    addEventListener("keydown", begin, first);
  });
  await act();
  return until("other rows", () => page.evaluate(() => /** @type {any} */ (window).painted));
}

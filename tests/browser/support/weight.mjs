// SPDX-License-Identifier: MIT
//
// weight: what a page holds, once all that it holds no more has been
// collected.

/**
 * @param {import("playwright-core").Page} page
 * @returns {Promise<() => Promise<{heap: number, nodes: number, listeners: number}>>}
 */
export async function scales(page) {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send("Performance.enable");
  await cdp.send("HeapProfiler.enable");
  return async () => {
    await cdp.send("HeapProfiler.collectGarbage");
    const { metrics } = await cdp.send("Performance.getMetrics");
    const of = (/** @type {string} */ name) => metrics.find((m) => m.name === name)?.value ?? 0;
    return {
      heap: of("JSHeapUsedSize"),
      nodes: of("Nodes"),
      listeners: of("JSEventListeners"),
    };
  };
}

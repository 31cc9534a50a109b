// SPDX-License-Identifier: MIT
//
// screenshots: pictures of every page of the dashboard, of a demo that has run
// for a while: light, dark and on a phone, into docs/pictures. The README shows
// them. usage: screenshots.mjs [OUTPUT_DIR [PAGE...]]

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { DEMO, Memscope } from "../tests/browser/support/memscope.mjs";
import { launch, open, PHONE, WIDE } from "../tests/browser/support/page.mjs";
import { until } from "../tests/browser/support/until.mjs";

const SETTLED_MS = 1500; // tables and charts have come
const [output = new URL("../docs/pictures", import.meta.url).pathname, ...only] =
  process.argv.slice(2);

/** Pages that need more than their name to show what they can. */
/** @type {Record<string, string>} */
const ADDRESSES = {
  snapshots: "snapshots?a=1&b=2",
  leaks: "leaks",
  flame: "flame",
};

/** @param {Memscope} memscope @param {string} name */
async function snapshot(memscope, name) {
  await fetch(new URL("/api/v1/snapshots", memscope.url), {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ name }),
  });
}

/** What makes a page worth a look. @param {import("playwright-core").Page} page @param {string} id */
async function prepare(page, id) {
  await page.waitForTimeout(SETTLED_MS);
  if (id === "leaks") {
    await page.click(".suspects tr[data-id] button");
    await page.click(".scan");
    await page.waitForSelector(".leaks tr[data-stack], .scan-said:has-text('No block')");
    await page.waitForSelector(".suspects ol.stack");
  }
  if (id === "query") await page.keyboard.press("Control+Enter");
  await page.waitForTimeout(SETTLED_MS);
}

await mkdir(output, { recursive: true });
const [browser, memscope] = await Promise.all([launch(), Memscope.start([DEMO, "--quiet"])]);
try {
  const ticks = (/** @type {number} */ n) =>
    until(`${n} ticks have gone by`, async () => (await memscope.api("stats")).seq >= n, 300_000);
  await ticks(150);
  await snapshot(memscope, "before load");
  await ticks(500);
  await snapshot(memscope, "after load");
  for (const [kind, options] of /** @type {const} */ ([
    ["light", { viewport: WIDE }],
    ["phone", { viewport: PHONE }],
    ["dark", { viewport: WIDE, scheme: "dark" }],
  ])) {
    const first = await open(browser, memscope.url, options);
    const ids = await first.page.$$eval("nav a[data-page]", (all) =>
      all.map((a) => /** @type {HTMLElement} */ (a).dataset.page ?? ""),
    );
    await first.close();
    for (const id of ids.filter((one) => only.length === 0 || only.includes(one))) {
      const { page, problems, close } = await open(
        browser,
        `${memscope.url}#/${ADDRESSES[id] ?? id}`,
        options,
      );
      await prepare(page, id);
      await page.screenshot({ path: join(output, `${id}-${kind}.png`) });
      for (const problem of await problems()) console.error(`${id}, ${kind}: ${problem}`);
      await close();
    }
  }
} finally {
  await memscope.stop();
  await browser.close();
}

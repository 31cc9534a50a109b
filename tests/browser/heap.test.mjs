// SPDX-License-Identifier: MIT
//
// The heap map, and the parts of the resident memory.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { DEMO, Memscope } from "./support/memscope.mjs";
import { launch, open, picture } from "./support/page.mjs";
import { number } from "./support/rows.mjs";
import { until } from "./support/until.mjs";

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {Memscope} holds exactly what it says */
let still;
before(async () => {
  [browser, still] = await Promise.all([launch(), Memscope.start([DEMO, "--steps"])]);
});
after(async () => {
  await browser?.close();
  await Promise.all([still?.stop()]);
});

test("F15: the parts of the resident memory add up; the map goes into a cell and back", async () => {
  const { page, close, problems } = await open(browser, `${still.url}#/heap`);
  const parts = await until("the parts are there", async () => {
    const all = await page.$$eval("[data-part]", (list) =>
      list.map((e) => Number(e.getAttribute("data-bytes"))),
    );
    return all.length === 8 && all[0] > 0 && all;
  });
  const total = await page.$eval(".resident .note", (e) => e.getAttribute("title"));
  assert.equal(
    parts.reduce((a, b) => a + b, 0),
    number(total ?? ""),
  );
  await page.waitForSelector(".heap-parts b");
  const sums = await page.$$eval(".heap-parts b", (all) => all.map((e) => e.title));
  const exact = sums.map(number);
  assert.equal(
    exact.slice(0, -1).reduce((a, b) => a + b, 0),
    exact.at(-1),
  );
  const grid = page.locator(".heap-grid[data-cells]");
  const cell = Number(await grid.getAttribute("data-cell-bytes"));
  const { heap } = await still.api("stats");
  const live = await page.textContent(".heap-map .note");
  assert.match(live ?? "", /cells of 16\.0 KiB/);
  assert.ok(heap.live_bytes > 0);
  await grid.focus();
  await page.keyboard.press("End");
  await until("a cell is told of", async () =>
    /^0x[0-9a-f]+ to 0x.* live in \d+ blocks/.test(
      (await page.textContent(".heap-map .looked")) ?? "",
    ),
  );
  await page.keyboard.press("Enter");
  await page.waitForSelector(`.heap-grid[data-cell-bytes="${cell / 256}"]`);
  await picture(page, "heap-map");
  await page.keyboard.press("Escape");
  await page.waitForSelector(`.heap-grid[data-cell-bytes="${cell}"]`);
  assert.deepEqual(await problems(), []);
  await close();
});

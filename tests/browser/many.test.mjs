// SPDX-License-Identifier: MIT
//
// Tables of very many rows: 100,000 call sites, 2,000 threads.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { timeToRows } from "./support/acting.mjs";
import { Memscope, target } from "./support/memscope.mjs";
import { launch, open } from "./support/page.mjs";
import { until } from "./support/until.mjs";

const SITES = 100_000;
const THREADS = 2000;

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {Memscope} */
let sites;
/** @type {Memscope} */
let threads;
before(async () => {
  [browser, sites, threads] = await Promise.all([
    launch(),
    Memscope.start([target("many_sites")]),
    Memscope.start([target("many_threads"), String(THREADS)]),
  ]);
});
after(async () => {
  await browser?.close();
  await Promise.all([sites?.stop(), threads?.stop()]);
});

/** @param {number[]} list */
function median(list) {
  return [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
}

test("check 21: 100,000 call sites are sorted, searched and scrolled to their end", async (t) => {
  await until("all sites are known", async () => (await sites.api("sites?limit=1")).total >= SITES);
  const { total } = await sites.api("sites?limit=1");
  const { page, close, problems } = await open(browser, `${sites.url}#/sites`);
  await until(
    "all are counted",
    async () => Number(await page.getAttribute(".table", "aria-rowcount")) === total + 1,
  );
  const sorts = [];
  for (const key of ["function", "live_bytes", "function", "live_bytes", "live_bytes"])
    sorts.push(await timeToRows(page, () => page.click(`.th[data-key='${key}'] button`)));
  t.diagnostic(
    `sort click to paint: median ${median(sorts).toFixed(0)} ms, most ${Math.max(...sorts).toFixed(0)} ms`,
  );
  await page.$eval(".scroller", (e) => {
    e.scrollTop = e.scrollHeight;
  });
  await until(
    "the last row",
    async () =>
      (await page.$$eval(".tbody .tr:not([hidden])", (rows) =>
        Math.max(...rows.map((row) => Number(row.getAttribute("aria-rowindex")))),
      )) ===
      total + 1,
  );
  assert.ok((await page.locator(".tr").count()) <= 80);
  await page.focus(".search");
  // Every digit leaves fewer: place_7, place_73, …
  await page.keyboard.type("place_");
  await until("its first", async () =>
    /^place_/.test((await page.textContent(".tbody .tr .name")) ?? ""),
  );
  const keys = [];
  for (const digit of "7391") keys.push(await timeToRows(page, () => page.keyboard.press(digit)));
  t.diagnostic(`search key to paint: ${keys.map((k) => k.toFixed(0)).join(", ")} ms`);
  await until(
    "what has it in its name",
    async () => Number(await page.getAttribute(".table", "aria-rowcount")) === 1 + 11,
  );
  assert.deepEqual(await problems(), []);
  await close();
});

test("check 7: 2,000 threads: few elements, exact sums, grouped, and as a heat map", async (t) => {
  await until(
    "all threads hold their block",
    async () => (await threads.api("threads?limit=1")).total >= THREADS + 1,
  );
  const { page, close, problems } = await open(browser, `${threads.url}#/threads`);
  await until(
    "all are counted",
    async () => Number(await page.getAttribute(".table", "aria-rowcount")) >= THREADS + 2,
  );
  assert.ok((await page.locator(".tr").count()) <= 80);
  const words = await until("the sum", async () =>
    /Σ ([\d.]+) MiB live/.exec((await page.textContent(".page .note")) ?? ""),
  );
  assert.ok(Math.abs(Number(words[1]) / ((THREADS * 102_400) / 2 ** 20) - 1) < 0.02, words[0]);
  await page.selectOption("select[aria-label='Shown']", "heat");
  await page.waitForSelector(`.heat-map[data-rows]`);
  const rows = Number(await page.getAttribute(".heat-map", "data-rows"));
  t.diagnostic(`${rows} rows in the heat map`);
  assert.ok(rows >= 2000);
  await page.selectOption("select[aria-label='Shown']", "name");
  await page.waitForSelector(".table[aria-label='Groups of threads'] .tbody .tr:not([hidden])");
  assert.deepEqual(await problems(), []);
  await close();
});

// SPDX-License-Identifier: MIT
//
// The page of call sites: its drawer, its filters, its file, its past.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { DEMO, Memscope } from "./support/memscope.mjs";
import { full, launch, open } from "./support/page.mjs";
import { cells, number, rowsWhere } from "./support/rows.mjs";
import { until } from "./support/until.mjs";

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {Memscope} goes on */
let demo;
/** @type {Memscope} holds exactly what it says */
let still;
before(async () => {
  [browser, demo, still] = await Promise.all([
    launch(),
    Memscope.start([DEMO, "--quiet"]),
    Memscope.start([DEMO, "--steps"]),
  ]);
});
after(async () => {
  await browser?.close();
  await Promise.all([demo?.stop(), still?.stop()]);
});

test("F10: the drawer of a call site has its stack, sizes, lifetimes and threads", async () => {
  const account = await still.account();
  const { page, close } = await open(browser, `${still.url}#/sites`);
  await page.click(".tr .name:text-is('cache_store')");
  await page.waitForSelector(".drawer .stacks li .name:text-is('cache_store')");
  await until("its callers have names", async () => {
    const stack = await page.$$eval(".drawer .stacks details[open] li .name", (all) =>
      all.map((e) => e.textContent),
    );
    return stack[0] === "cache_store" && stack[1] === "cache_main";
  });
  // The line of source that allocates, marked among its neighbours.
  await page.waitForSelector(".drawer .source .here:has-text('malloc')");
  await page.waitForSelector(".drawer td button:text-is('cache')");
  // check 14: the bars are all of it.
  const sum = (/** @type {string} */ id) =>
    page.$eval(`#chart-${id} canvas`, (e) => Number(e.getAttribute("data-sum")));
  assert.equal(await sum("site-sizes"), account.cache.live_bytes);
  assert.equal(await sum("site-lifetimes"), account.cache.free_count);
  assert.match((await page.textContent(".drawer .detail > .note")) ?? "", /^Oldest live block: 0x/);
  // From here to its thread, and on to what the thread holds.
  await page.click(".drawer td button:text-is('cache')");
  await page.waitForSelector(".drawer h2:text-is('cache')");
  await page.waitForSelector(".drawer td button:text-is('cache_store')");
  await page.click(".drawer a:text-is('Its live blocks')");
  const blocks = await rowsWhere(page, "Live blocks", (rows) => rows.length > 10);
  assert.ok(blocks.every((b) => b.thread.text === "cache" && b.site.text === "cache_store"));
  await until("the sums are the account's", async () =>
    (await page.textContent(".page .note"))?.startsWith(
      `${account.cache.live_blocks.toLocaleString("en-US")} blocks`,
    ),
  );
  await close();
});

test("check 14: the overview's bars sum up to live bytes and frees", async () => {
  const { page, close } = await open(browser, still.url);
  await full(page);
  const { heap } = await still.api("stats");
  const { lifetime } = await still.api("histograms");
  const sum = (/** @type {string} */ id) =>
    page.$eval(`#chart-${id} canvas`, (e) => Number(e.getAttribute("data-sum")));
  await until("sizes", async () => (await sum("sizes")) === heap.live_bytes);
  assert.equal(
    await sum("lifetimes"),
    lifetime.count.reduce((/** @type {number} */ a, /** @type {number} */ b) => a + b, 0),
  );
  await close();
});

test("check 9, F9, F19: a search leaves exactly its rows, says their part of all, and is in the address", async () => {
  const account = await still.account();
  const { page, close } = await open(browser, `${still.url}#/sites?q=cache_store`);
  const [row, ...rest] = await rowsWhere(page, "Call sites", (rows) => rows.length === 1);
  assert.equal(rest.length, 0);
  assert.equal(number(row.live_bytes.title), account.cache.live_bytes);
  const words = await until("the sum is said", async () =>
    /Σ (.*) = ([\d.]+) % of (.*) live/.exec((await page.textContent(".page .note")) ?? ""),
  );
  const { heap } = await still.api("stats");
  const part = (account.cache.live_bytes / heap.live_bytes) * 100;
  assert.ok(Math.abs(Number(words[2]) - part) < 0.6, `${words[0]}, ${part}`);
  // The filters hold together, and are in the address.
  await page.fill(".search", "");
  await page.selectOption("select[aria-label='Live bytes at least']", "1048576");
  const { total } = await still.api("sites?min=1048576");
  await rowsWhere(page, "Call sites", (rows) => rows.length === total);
  assert.match(page.url(), /#\/sites\?min=1048576$/);
  await page.selectOption("select[aria-label='Module']", "demo");
  await until("in the address", () => /module=demo/.test(page.url()));
  await page.reload();
  await rowsWhere(page, "Call sites", (rows) => rows.length === total);
  assert.equal(await page.inputValue("select[aria-label='Module']"), "demo");
  await close();
});

test("F20: a table is saved as it is filtered, with exact numbers", async () => {
  const account = await still.account();
  const { page, close } = await open(browser, `${still.url}#/sites?q=session_leak`);
  await rowsWhere(page, "Call sites", (rows) => rows.length === 1);
  const [saved] = await Promise.all([
    page.waitForEvent("download"),
    page.click(".page button:text-is('CSV')"),
  ]);
  const text = await readFile(await saved.path(), "utf8");
  const [names, row, end] = text.split("\r\n").map((line) => line.split(","));
  assert.equal(row[names.indexOf("function")], "session_leak");
  assert.equal(row[names.indexOf("live_bytes")], String(account.leaker.live_bytes));
  assert.deepEqual(end, [""]);
  await close();
});

test("F3: tables show a past moment as the server has it, and go back to now", async () => {
  const { page, close } = await open(browser, `${demo.url}#/sites?q=session_leak`);
  await rowsWhere(page, "Call sites", (rows) => rows.length === 1);
  const moment = (await demo.api("stats")).uptime_ns;
  await until("some seconds", async () => (await demo.api("stats")).uptime_ns > moment + 2e9);
  await page.goto(`${demo.url}#/sites?q=session_leak&at=${moment / 1e9}`);
  const then = await until("rows of then", async () => {
    const words = (await page.textContent(".page .note")) ?? "";
    const [row] = await cells(page, "Call sites");
    return words.includes("as of") && row?.live_bytes.title && number(row.live_bytes.title);
  });
  // The moment is that of the nearest sample.
  const at = await page.evaluate(() => /at=([\d.]+)/.exec(location.hash)?.[1]);
  const past = await demo.api(`sites?q=session_leak&at=${Math.round(Number(at) * 1e9)}`);
  assert.ok(Math.abs(then - past.rows[0].live_bytes) <= 30_000, `${then}`);
  assert.ok((await demo.api("sites?q=session_leak")).rows[0].live_bytes > then);
  await page.keyboard.press("n");
  await until("now again", async () => {
    const [row] = await cells(page, "Call sites");
    return row && number(row.live_bytes.title) > then;
  });
  await close();
});

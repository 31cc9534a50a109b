// SPDX-License-Identifier: MIT
//
// The past, row by row: what a program did in a range, its call sites at a
// moment, expressions to search by, and the difference to now.

import assert from "node:assert/strict";
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Memscope, target } from "./support/memscope.mjs";
import { launch, open } from "./support/page.mjs";
import { until } from "./support/until.mjs";

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {Memscope} does as it is told, and has a space in its name */
let memscope;
/** @type {string} */
let folder;
let id = 0;
let begin = 0; // seconds of uptime: 10 blocks live
let end = 0; // 50 others
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "memscope of tests "));
  const program = join(folder, "takes orders");
  await copyFile(target("orders"), program);
  [browser, memscope] = await Promise.all([launch(), Memscope.start([program])]);
  await until("it takes orders", () => memscope.said.includes("ready"));
  await memscope.order("take 10");
  begin = await seen(10);
  await memscope.order("drop");
  await memscope.order("take 50");
  end = await seen(50);
});
after(async () => {
  await browser?.close();
  await memscope?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** When so many blocks are seen. @param {number} blocks */
async function seen(blocks) {
  const [row] = await until("the blocks are seen", async () => {
    const { rows } = await memscope.api("sites?q=orders_take");
    return rows[0]?.live_blocks === blocks && rows;
  });
  id = row.id;
  return (await memscope.api("stats")).uptime_ns / 1e9;
}

/** Without a source file that is not there any more. @param {string[]} problems */
function others(problems) {
  return problems.filter((problem) => !problem.includes("/api/v1/source?"));
}

/** @param {import("playwright-core").Page} page @param {string} name */
function fact(page, name) {
  return page.textContent(`.drawer dt:has-text("${name}") + dd`);
}

/** @param {import("playwright-core").Page} page */
function names(page) {
  return page.locator(".tbody .tr:not([hidden]) .c-function").allTextContents();
}

test("a range: what was allocated, freed and the net, of each row and its stacks", async () => {
  const { page, problems, close } = await open(
    browser,
    `${memscope.url}#/sites?q=orders_take&from=${begin}&to=${end}`,
  );
  await page.waitForSelector(".tbody .tr:not([hidden]) .c-free_bytes");
  const cells = await page.$$eval(".tbody .tr:not([hidden]) .td", (all) =>
    all.map((cell) => cell.getAttribute("title") ?? cell.textContent),
  );
  assert.deepEqual(cells.slice(2, 8), [
    "4,000 bytes",
    "5,000 bytes",
    "1,000 bytes",
    "50",
    "10",
    "5,000 bytes",
  ]);
  await page.click(".tbody .tr:not([hidden])");
  await until("the drawer has the range", async () =>
    /^\+3\.91 KiB$/.test((await fact(page, "Net in the range")) ?? ""),
  );
  assert.equal(await fact(page, "Allocated in the range"), "5,000 bytes in 50 blocks");
  assert.equal(await fact(page, "Freed in the range"), "1,000 bytes in 10 blocks");
  await page.waitForSelector(".drawer .numbers:has-text('+3.91 KiB; 4.88 KiB in 50 blocks live')");
  await page.waitForSelector(".drawer:has-text('not kept of the past')");
  assert.deepEqual(others(await problems()), []);
  await close();
});

test("a moment: the drawer has the stacks of then, and of now when the time goes on", async () => {
  const { page, problems, close } = await open(
    browser,
    `${memscope.url}#/sites?site=${id}&at=${begin}`,
  );
  await page.waitForSelector(".drawer .numbers:has-text('1000 B in 10 blocks live')");
  assert.equal(await fact(page, "Live"), "1,000 bytes in 10 blocks");
  assert.equal(await page.locator(".drawer .chart:visible").count(), 0);
  await page.keyboard.press("n");
  await page.waitForSelector(".drawer .numbers:has-text('4.88 KiB in 50 blocks live')");
  assert.equal(await fact(page, "Live"), "5,000 bytes in 50 blocks");
  assert.deepEqual(others(await problems()), []);
  await close();
});

test("F9: between slashes an expression is searched for; what is wrong with it is said", async () => {
  const { page, problems, close } = await open(browser, `${memscope.url}#/sites`);
  await page.fill(".page-site .search", "/^orders_t[a-l]ke$/");
  await until("one matches", async () => String(await names(page)) === "orders_take");
  await page.fill(".page-site .search", "/^rders/");
  await page.waitForSelector(".empty:has-text('Nothing is like this')");
  assert.equal(await page.isVisible(".page-site .warn"), false);
  await page.fill(".page-site .search", "/(/");
  await page.waitForSelector(".page-site .warn:has-text('/(/: Unmatched')");
  await page.fill(".page-site .search", "ders_ta");
  await until("one matches", async () => String(await names(page)) === "orders_take");
  assert.equal(await page.isVisible(".page-site .warn"), false);
  // Of the past it is asked for by another way.
  await page.goto(`${memscope.url}#/sites?q=${encodeURIComponent("/(/")}&at=${begin}`);
  await page.waitForSelector(".page-site .warn:has-text('Unmatched')");
  assert.deepEqual(
    (await problems()).filter((p) => !p.includes("400")),
    [],
  );
  await close();
});

test("F12: from a moment of the past to now, by call site, flame graph and histograms", async () => {
  const { page, problems, close } = await open(browser, `${memscope.url}#/snapshots?at=${begin}`);
  await page.click('tr[data-ref^="at:"] input[name="compare-a"]');
  await page.click('tr[data-ref="now"] input[name="compare-b"]');
  await page.waitForSelector('.diff .totals[data-bytes="4000"]');
  assert.equal(await page.textContent(".diff tbody .mono"), "orders_take");
  await page.click("#tab-flame");
  await page.waitForSelector(".diff .icicle[data-drawn]");
  await page.click("#tab-histograms");
  await page.waitForSelector("#chart-diff-sizes:visible");
  await page.click("#tab-sites");
  // Chosen again, it is now again.
  await memscope.order("take 5");
  await seen(55);
  await page.click("button:has-text('Compare A with now')");
  await page.waitForSelector('.diff .totals[data-bytes="4500"]');
  assert.deepEqual(others(await problems()), []);
  await close();
});

test("the program's name is whole, with the space in it", async () => {
  const { page, close } = await open(browser, memscope.url);
  await page.waitForSelector(".program:text-is('takes orders')");
  await close();
});

// SPDX-License-Identifier: MIT
//
// The flame graph: it adds up, at every moment, and can be read without a
// mouse and without a picture.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { DEMO, Memscope } from "./support/memscope.mjs";
import { launch, open, PHONE, pillSays } from "./support/page.mjs";
import { until } from "./support/until.mjs";

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {Memscope} holds exactly what it says */
let still;
/** @type {Memscope} goes on */
let lively;
before(async () => {
  [browser, still, lively] = await Promise.all([
    launch(),
    Memscope.start([DEMO, "--steps"]),
    Memscope.start([DEMO, "--quiet"]),
  ]);
  await still.account();
  await until("names are known", async () => (await still.api("flame")).unnamed === 0);
  await until("ten seconds are kept", async () => (await lively.api("stats")).seq > 100);
  await until("names are known", async () => (await lively.api("flame")).unnamed === 0);
});
after(async () => {
  await browser?.close();
  await Promise.all([still?.stop(), lively?.stop()]);
});

/** @param {import("playwright-core").Page} page @param {string} [kind] @returns {Promise<number>} */
function total(page, kind = "plain") {
  return until(`a graph of kind ${kind} is shown`, () =>
    page.evaluate((kind) => {
      const page = /** @type {HTMLElement | null} */ (document.querySelector(".flame"));
      const drawn = page?.querySelector(".icicle")?.getAttribute("data-drawn");
      return page?.dataset.kind === kind && Number(drawn) > 0 && Number(page.dataset.total);
    }, kind),
  );
}

/** @param {import("playwright-core").Page} page */
function said(page) {
  return page.textContent(".flame-said");
}

/** Rows of the table, as name and exact numbers. @param {import("playwright-core").Page} page */
async function functions(page) {
  await page.click('button:text-is("View as table")');
  const rows = await page.$$eval(".flame-table tbody tr", (all) =>
    all.map((row) => ({
      name: row.querySelector("button")?.textContent ?? "",
      exact: [...row.querySelectorAll("td[title]")].map((td) =>
        Number(td.getAttribute("title")?.replace(/[^\d-]/g, "")),
      ),
    })),
  );
  await page.click('button:text-is("View as graph")');
  return rows;
}

test("check 10, F17: the root is the live heap, functions are what the program says, search agrees", async () => {
  const { page, close, problems } = await open(browser, `${still.url}#/flame`);
  const { heap } = await still.api("stats");
  await until("the root is the live heap", async () => (await total(page)) === heap.live_bytes);
  // F17: what is too small for the picture is said, and can be had.
  assert.match(
    (await page.textContent(".hidden-nodes")) ?? "",
    /^\d+ nodes below 0.05 % are not shown: /,
  );
  await page.click('button:text-is("Show them")');
  await until("everything is shown", async () => (await page.textContent(".hidden-nodes")) === "");
  const rows = await functions(page);
  const account = await still.account();
  for (const [purpose, held] of Object.entries(account)) {
    if (purpose === "total" || held.live_bytes === 0) continue;
    const row = rows.find((one) => one.name === held.function);
    assert.deepEqual(row?.exact, [held.live_bytes, held.live_bytes], held.function);
    await page.fill(".flame .search", `^${held.function}$`);
    await until(
      `${held.function} is found with its bytes`,
      async () =>
        (await page.getAttribute(".flame [data-weight][role=status]", "data-weight")) ===
        String(held.live_bytes),
    );
  }
  assert.match(page.url(), /q=%5E/, "the address has what is looked for");
  await page.fill(".flame .search", "[");
  await page.waitForSelector('.flame .search[aria-invalid="true"]');
  assert.deepEqual(await problems(), []);
  await close();
});

test("check 10, F11: keys go from node to node, children fit their parent, Enter zooms, Esc returns", async () => {
  const { page, close } = await open(browser, `${still.url}#/flame`);
  const all = await total(page);
  const flame = await still.api("flame?min=0.0005");
  const nodes = flame.nodes.frame.map((/** @type {number} */ f, /** @type {number} */ i) => ({
    name: flame.frames.function[f],
    depth: flame.nodes.depth[i],
    total: flame.nodes.total[i],
  }));
  const roots = nodes.filter((/** @type {any} */ n) => n.depth === 0);
  assert.ok(
    roots.reduce((/** @type {number} */ sum, /** @type {any} */ n) => sum + n.total, 0) <= all,
  );
  await page.focus(".icicle");
  await page.keyboard.press("ArrowDown");
  await until("the heaviest root is said", async () =>
    (await said(page))?.startsWith(`${roots[0].name}: total`),
  );
  await page.keyboard.press("ArrowDown");
  const child = nodes[1];
  await until("its heaviest child is said", async () =>
    (await said(page))?.startsWith(`${child.name}: total`),
  );
  await page.keyboard.press("Enter");
  assert.deepEqual(await page.locator(".crumbs button").allTextContents(), [
    "all",
    roots[0].name,
    child.name,
  ]);
  await page.keyboard.press("Escape");
  assert.deepEqual(await page.locator(".crumbs button").allTextContents(), ["all"]);
  await pillSays(page, /^Live/);
  await page.mouse.move(700, 300);
  const box = await page.locator(".icicle").first().boundingBox();
  assert.ok(box);
  await page.mouse.move(box.x + 20, box.y + 30);
  await page.waitForSelector(".flame-tip:visible");
  assert.match((await page.textContent(".flame-tip")) ?? "", /total.*of all.*self.*blocks/);
  await page.mouse.click(box.x + 20, box.y + 30);
  await until("a click zooms", async () => (await page.locator(".crumbs button").count()) === 2);
  await close();
});

test("F11: callers and callees, inverted, by line, other weights; all in the address", async () => {
  const { page, close } = await open(browser, `${still.url}#/flame?q=tree_build`);
  await total(page);
  await page.focus(".icicle");
  await page.keyboard.press("ArrowDown");
  await page.click('button:text-is("Callers and callees")');
  await page.waitForSelector(".between:visible");
  assert.equal(await page.locator(".between .icicle").count(), 2);
  await page.keyboard.press("Escape");
  await page.waitForSelector(".between", { state: "hidden" });
  await page.click('button:text-is("Invert")');
  await page.click('button:text-is("By line")');
  await page.click('button:text-is("Live blocks")');
  const { heap } = await still.api("stats");
  await until("blocks are shown", async () => (await total(page)) === heap.live_blocks);
  assert.match(page.url(), /weight=live_blocks&by=line&inverted=1&q=tree_build$/);
  await page.reload();
  await until("blocks are shown again", async () => (await total(page)) === heap.live_blocks);
  await page.waitForSelector('button:text-is("Invert")[aria-pressed="true"]');
  await close();
});

test("F3: the graph of any moment, of what came in a range, and of what it changed", async () => {
  const m = lively;
  const { page, close } = await open(browser, `${m.url}#/flame`);
  await total(page);
  await page.focus(".strip");
  for (let i = 0; i < 2; i++) await page.keyboard.press("ArrowLeft"); // 30 s or the beginning
  await pillSays(page, /^Past/);
  await page.keyboard.press("End");
  await until(
    "its last moment is shown",
    async () => Number(await page.getAttribute(".strip", "aria-valuenow")) >= 10,
  );
  await page.goto(`${m.url}#/flame?from=4&to=9`);
  await pillSays(page, /^Range/);
  const changed = await total(page, "diff");
  const at = (/** @type {number} */ s) => s * 1e9 + 999_999;
  const wanted = await m.api(`flame?from=${at(4)}&to=${at(9)}`);
  await until(
    "B is the heap of its moment",
    async () => (await total(page, "diff")) === wanted.total,
  );
  assert.ok(changed > 0);
  assert.match(
    (await page.textContent(".flame .what")) ?? "",
    /^[+−±].*→.*blue less, orange more$/,
  );
  await page.click('button:text-is("Allocated bytes")');
  const bytes = await m.api(`flame?weight=alloc_bytes&from=${at(4)}&to=${at(9)}`);
  await until(
    "what came between is shown",
    async () => (await total(page, "range")) === bytes.total - bytes.from.total,
  );
  await page.keyboard.press("n");
  await pillSays(page, /^Live/);
  await close();
});

test("a graph of now follows the program, and holds still while one points at it", async () => {
  const { page, close } = await open(browser, `${lively.url}#/flame`);
  await total(page);
  const seq = async () => Number(await page.getAttribute(".flame", "data-seq"));
  const first = await seq();
  await until("a newer one is drawn", async () => (await seq()) > first);
  await page.keyboard.press(" ");
  await pillSays(page, /^Paused/);
  const paused = await until("the moment of the pause is drawn", async () => {
    const end = Number(await page.getAttribute(".strip", "data-last-seq"));
    const now = await seq();
    return end >= now && now;
  });
  await until(
    "some seconds go by",
    async () => Number(await page.getAttribute(".strip", "data-last-seq")) > paused + 40,
  );
  assert.ok((await seq()) <= paused + 10, "it has not moved on");
  await close();
});

test("F11: exports of what is shown", async () => {
  const { page, close } = await open(browser, `${still.url}#/flame`);
  await total(page);
  const [file] = await Promise.all([
    page.waitForEvent("download"),
    page.click('.exports a:text-is("collapsed")'),
  ]);
  const lines = (await readFile(await file.path(), "utf8")).trim().split("\n");
  const sum = lines.reduce((n, line) => n + Number(line.split(" ").pop()), 0);
  assert.equal(sum, (await still.api("stats")).heap.live_bytes);
  const [picture] = await Promise.all([
    page.waitForEvent("download"),
    page.click('.exports button:text-is("PNG")'),
  ]);
  assert.equal((await readFile(await picture.path())).subarray(1, 4).toString(), "PNG");
  await close();
});

test("on a phone what is done to the graph stands in one line", async () => {
  const { page, close } = await open(browser, `${still.url}#/flame`, { viewport: PHONE });
  await total(page);
  const tops = await page.$$eval(".flame .bar > button", (all) =>
    all.map((button) => button.getBoundingClientRect().top),
  );
  assert.equal(tops.length, 3);
  assert.equal(new Set(tops).size, 1, `${tops}`);
  await close();
});

// SPDX-License-Identifier: MIT
//
// The tables of threads and call sites: exact numbers, search, order, many
// rows, the keyboard.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { DEMO, Memscope, target } from "./support/memscope.mjs";
import { full, go, launch, open, picture } from "./support/page.mjs";
import { hold } from "./support/rows.mjs";
import { until } from "./support/until.mjs";

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {Memscope} holds exactly what it says */
let still;
/** @type {Memscope} goes on */
let lively;
/** @type {Memscope} a thousand threads */
let many;
before(async () => {
  [browser, still, lively, many] = await Promise.all([
    launch(),
    Memscope.start([DEMO, "--steps"]),
    Memscope.start([DEMO, "--quiet"]),
    Memscope.start([target("many_threads")]),
  ]);
});
after(async () => {
  await browser?.close();
  await Promise.all([still?.stop(), lively?.stop(), many?.stop()]);
});

/** @param {import("playwright-core").Page} page */
function rows(page) {
  return page.$$eval(".tbody .tr:not([hidden])", (all) =>
    all.map((row) => {
      const cell = (/** @type {string} */ c) => row.querySelector(`.c-${c}`);
      return {
        id: /** @type {HTMLElement} */ (row).dataset.id,
        index: Number(row.getAttribute("aria-rowindex")),
        name: (cell("function") ?? cell("name"))?.textContent ?? "",
        live: cell("live_bytes")?.getAttribute("title"),
        blocks: Number(cell("live_blocks")?.textContent?.replaceAll(",", "")),
        place: cell("file")?.textContent,
      };
    }),
  );
}

/** @param {number} n */
function exact(n) {
  return `${n.toLocaleString("en-US")} bytes`;
}

/** @param {import("playwright-core").Page} page @param {(all: Awaited<ReturnType<typeof rows>>) => boolean} fits @param {string} what */
async function rowsWhere(page, what, fits) {
  return until(what, async () => {
    const all = await rows(page);
    return fits(all) && all;
  });
}

test("each function of the demo has exactly the bytes and blocks that the demo says", async () => {
  const account = await still.account();
  const { page, close } = await open(browser, `${still.url}#/sites`);
  for (const [purpose, held] of Object.entries(account)) {
    if (purpose === "total") continue;
    const all = await rowsWhere(page, `${held.function} holds ${held.live_bytes}`, (all) =>
      all.some(
        (row) =>
          row.name === held.function &&
          row.live === exact(held.live_bytes) &&
          row.blocks === held.live_blocks,
      ),
    );
    assert.match(all.find((row) => row.name === held.function)?.place ?? "", /^demo\/\w+\.c:\d+$/);
  }
  await picture(page, "sites");
  await close();
});

test("each thread has its name, and the bytes that it allocated", async () => {
  const account = await still.account();
  const { page, close } = await open(browser, `${still.url}#/threads`);
  const all = await rowsWhere(page, "all threads are there", (all) => all.length === 7);
  assert.deepEqual(all.map((row) => row.name).sort(), [
    "burst",
    "cache",
    "consumer",
    "demo",
    "leaker",
    "producer",
    "recursion",
  ]);
  const live = Object.fromEntries(all.map((row) => [row.name, row.live]));
  assert.equal(live.cache, exact(account.cache.live_bytes));
  assert.equal(live.leaker, exact(account.leaker.live_bytes));
  assert.equal(live.burst, exact(account.burst.live_bytes));
  assert.equal(
    live.producer,
    exact(account.queue.live_bytes),
    "the producer's messages that nobody freed",
  );
  assert.equal(live.recursion, exact(account.recursion.live_bytes));
  assert.equal(live.consumer, exact(0));
  const freed = await page.getAttribute(
    ".tr:has(.name:text-is('consumer')) .c-cross_frees",
    "title",
  );
  assert.equal(freed, String(account.queue.free_count));
  await picture(page, "threads");
  await close();
});

test("search leaves what has the text in its name, file or module", async () => {
  const { page, close } = await open(browser, `${still.url}#/sites`);
  await rowsWhere(page, "all sites are there", (all) => all.length >= 6);
  await page.fill(".search", "LEAK");
  const [one] = await rowsWhere(page, "one is left", (all) => all.length === 1);
  assert.equal(one.name, "session_leak");
  await until("it is said", async () =>
    /^1 matches · Σ .* = [\d.]+ % of .* live$/.test((await page.textContent(".page .note")) ?? ""),
  );
  await page.fill(".search", "tree.c");
  await rowsWhere(
    page,
    "found by its file",
    (all) => all.length === 1 && all[0].name === "tree_build",
  );
  await page.fill(".search", "nothing has this");
  await page.waitForSelector('.empty:text("Nothing is like this.")');
  await page.fill(".search", "");
  await rowsWhere(page, "all are back", (all) => all.length >= 6);
  await close();
});

test("a click on a head sorts, another turns the order, and it is said", async () => {
  const { page, close } = await open(browser, `${still.url}#/sites`);
  await rowsWhere(page, "all sites are there", (all) => all.length >= 6);
  const falls = (/** @type {number[]} */ n) => n.every((x, i) => i === 0 || n[i - 1] >= x);
  await page.click('.th[data-key="live_blocks"] button');
  await page.waitForSelector('.th[data-key="live_blocks"][aria-sort="descending"]');
  await rowsWhere(
    page,
    "most blocks first",
    (all) =>
      all[0].name === "cache_store" &&
      all[1].name === "tree_build" &&
      falls(all.map((r) => r.blocks)),
  );
  await page.click('.th[data-key="live_blocks"] button');
  await page.waitForSelector('.th[data-key="live_blocks"][aria-sort="ascending"]');
  await rowsWhere(
    page,
    "fewest first",
    (all) => falls(all.map((r) => r.blocks).reverse()) && all.at(-1)?.name === "cache_store",
  );
  assert.equal(await page.getAttribute('.th[data-key="live_bytes"]', "aria-sort"), "none");
  await close();
});

test("F8: the order stays while the pointer is on the rows", async () => {
  const { page, close } = await open(browser, `${lively.url}#/sites`);
  await rowsWhere(page, "all sites are there", (all) => all.length >= 6);
  const order = async () =>
    (await lively.api("sites?sort=live_bytes")).rows.map((/** @type {any} */ row) =>
      String(row.id),
    );
  await hold(page);
  const before = (await rows(page)).map((row) => row.id);
  // The burst comes and goes: the true order changes twice at least.
  const seen = new Set();
  await until("the true order has changed", async () => {
    seen.add((await order()).join());
    assert.deepEqual(
      (await rows(page)).map((row) => row.id),
      before,
    );
    return seen.size >= 2;
  });
  await page.mouse.move(5, 5);
  await page.waitForSelector(".frozen", { state: "hidden" });
  await until(
    "the order goes on",
    async () => (await rows(page)).map((row) => row.id).join() !== before.join(),
  );
  await close();
});

test("a thousand threads: few rows in the page, each of them in reach", async (t) => {
  await until(
    "all threads hold their block",
    async () => (await many.api("threads?limit=1")).total >= 1001,
  );
  const { total } = await many.api("threads?limit=1");
  const { page, close, problems } = await open(browser, `${many.url}#/threads`);
  await until(
    "all are counted",
    async () => Number(await page.getAttribute(".table", "aria-rowcount")) === total + 1,
  );
  await rowsWhere(
    page,
    "the first are shown",
    (all) => all.length > 20 && all[0].index === 2 && all[1].live === exact(102_400),
  );
  assert.ok((await page.locator(".tr").count()) <= 80);
  await page.$eval(".scroller", (e) => {
    e.scrollTop = e.scrollHeight;
  });
  await rowsWhere(page, "the last is shown", (all) => all.at(-1)?.index === total + 1);
  const last = (await rows(page)).at(-1);
  const [lowest] = (await many.api(`threads?sort=live_bytes&limit=1&offset=${total - 1}`)).rows;
  assert.equal(last?.id, String(lowest.id));
  const box = await page.locator(".tbody .tr:not([hidden])").last().boundingBox();
  const frame = await page.locator(".scroller >> visible=true").boundingBox();
  assert.ok(box && frame && box.y + box.height <= frame.y + frame.height + 1, "it is in sight");
  await page.$eval(".scroller", (e) => {
    e.scrollTop = 0;
    for (let y = 0; y < e.scrollHeight; y += 400) e.scrollTop = y; // wild, and faster than the server is asked
    e.scrollTop = 500 * 30;
  });
  await rowsWhere(
    page,
    "the middle is shown",
    (all) => all[0].index > 400 && all[0].index < 510 && (all.at(-1)?.index ?? 0) > 515,
  );
  const count = await page.locator(".tr").count();
  t.diagnostic(`${total} threads, ${count} row elements`);
  assert.ok(count <= 80);
  assert.deepEqual(await problems(), []);
  await close();
});

test("the keyboard walks the rows, opens one, and comes back to it", async () => {
  const { page, close } = await open(browser, `${many.url}#/threads`);
  await rowsWhere(page, "rows are shown", (all) => all.length > 20);
  const at = () =>
    page.evaluate(() => Number(document.activeElement?.getAttribute("aria-rowindex")));
  await page.focus(".search");
  await until("Tab reaches the rows", async () => {
    await page.keyboard.press("Tab");
    return (await at()) === 2;
  });
  await page.keyboard.press("ArrowDown");
  assert.equal(await at(), 3);
  await page.keyboard.press("ArrowUp");
  assert.equal(await at(), 2);
  await page.keyboard.press("PageDown");
  const page1 = await at();
  assert.ok(page1 > 10, `row ${page1}`);
  // Beyond what was asked for at first: the focus goes on through new rows.
  for (let i = 0; i < 6; i++) {
    const before = await at();
    await page.keyboard.press("PageDown");
    await until("further down", async () => (await at()) > before);
  }
  assert.ok((await at()) > 100, `row ${await at()}`);
  await page.keyboard.press("End");
  await until(
    "the very last",
    async () => (await at()) === Number(await page.getAttribute(".table", "aria-rowcount")),
  );
  await page.keyboard.press("Home");
  await until("the very first", async () => (await at()) === 2);
  await page.keyboard.press("ArrowDown");
  const far = await at();
  await page.keyboard.press("Enter");
  await page.waitForSelector(".drawer:visible");
  assert.match((await page.textContent(".drawer dl")) ?? "", /102,400 bytes in 1 blocks/);
  await page.keyboard.press("Escape");
  await page.waitForSelector(".drawer", { state: "hidden" });
  assert.equal(await at(), far, "the focus is back");
  await close();
});

test("a row's drawer says all that is known, exactly, and follows", async () => {
  const { page, close } = await open(browser, `${lively.url}#/sites`);
  await hold(page);
  await page.click(".tr .name:text-is('session_leak')");
  await page.waitForSelector('.drawer h2:text-is("session_leak")');
  const live = async () =>
    Number(
      (await page.textContent(".drawer"))?.match(/([\d,]+) bytes in/)?.[1].replaceAll(",", ""),
    );
  const before = await live();
  assert.equal(before % 10_000, 0, "sessions of 10,000 bytes");
  await until("it grows", async () => (await live()) > before);
  await close();
});

test("what comes to lie under the pointer after a click is not explained unasked", async () => {
  const { page, close } = await open(browser, `${lively.url}#/sites`);
  await page.click(".tbody .tr >> nth=0");
  await page.waitForSelector(".drawer .stacks li");
  await page.waitForTimeout(1000); // for whatever the pointer is over now
  assert.ok(await page.isHidden("#tip"));
  await page.keyboard.press("Escape");
  assert.ok(await page.isHidden(".drawer"), "one Escape closes it");
  await page.hover("[data-explain]:visible");
  await page.waitForSelector("#tip:visible");
  await close();
});

test("pause stops the tables; what one asks for then still comes", async () => {
  const { page, close } = await open(browser, lively.url);
  await full(page);
  await page.click("#pause");
  await go(page, "sites");
  await rowsWhere(page, "the rows are shown all the same", (all) => all.length >= 6);
  const text = () => page.textContent(".tbody");
  const { seq } = await lively.api("stats");
  await until("half a second on", async () => (await lively.api("stats")).seq > seq + 5);
  const before = await text();
  await until("two seconds on", async () => {
    assert.equal(await text(), before);
    return (await lively.api("stats")).seq > seq + 25;
  });
  await page.fill(".search", "leak");
  await rowsWhere(page, "it is found", (all) => all.length === 1 && all[0].name === "session_leak");
  await close();
});

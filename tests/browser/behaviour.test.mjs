// SPDX-License-Identifier: MIT
//
// What a user does: pause, keys, theme, snapshots.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { DEMO, Memscope } from "./support/memscope.mjs";
import { full, go, held, launch, open, pill, pillSays, tiles } from "./support/page.mjs";
import { until } from "./support/until.mjs";

/** @type {Memscope} */
let memscope;
/** @type {import("playwright-core").Browser} */
let browser;
before(async () => {
  [browser, memscope] = await Promise.all([launch(), Memscope.start([DEMO, "--quiet"])]);
});
after(async () => {
  await browser?.close();
  await memscope?.stop();
});

/** @param {import("playwright-core").Page} page */
async function newSamples(page) {
  return Number(
    (await pill(page))?.match(/Paused · ([\d,]+) new samples/)?.[1].replace(",", "") ?? Number.NaN,
  );
}

/** @param {import("playwright-core").Page} page */
function noticeOf(page) {
  return page.textContent(".notice");
}

test("check 16, F4: pause stops every text of the tiles while samples go on to be counted", async () => {
  const { page, close } = await open(browser, memscope.url);
  await full(page);
  await page.click("#pause");
  await pillSays(page, /^Paused · /);
  const before = await tiles(page);
  const other = await page.textContent("#top-sites tbody");
  for (let seen = 0; seen < 40; seen = await newSamples(page)) {
    assert.deepEqual(await tiles(page), before);
    assert.equal(await page.textContent("#top-sites tbody"), other);
  }
  assert.equal(await page.textContent("#pause span"), "▶ Resume");
  await page.click("#pause");
  await pillSays(page, /^Live/);
  await until("the tiles go on", async () => (await tiles(page))[0].seq >= before[0].seq + 40);
  const { first, last, samples } = await held(page);
  assert.equal(last - first + 1, samples, "no sample is missing");
  await close();
});

test("F3: a stopped view shows the numbers of its moment", async () => {
  const { page, close } = await open(browser, memscope.url);
  await full(page);
  await page.focus(".strip");
  await until("three seconds are held", async () => (await held(page)).samples > 30);
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("ArrowLeft");
  await pillSays(page, /^Past/);
  const [heap] = await tiles(page);
  assert.equal(heap.value, (await memscope.api(`stats?seq=${heap.seq}`)).heap.live_bytes);
  assert.ok(heap.seq < (await held(page)).last - 9);
  await page.keyboard.press("Escape");
  await pillSays(page, /^Live/);
  await close();
});

test("check 23: keys: pages, pause, window, search, help; none while typing", async () => {
  const { page, close } = await open(browser, memscope.url);
  await full(page);
  for (const [key, id] of [
    ["2", "threads"],
    ["3", "sites"],
    ["5", "leaks"],
    ["6", "snapshots"],
    ["1", "overview"],
  ]) {
    await page.keyboard.press(key);
    await page.waitForSelector(`nav a[data-page="${id}"][aria-current="page"]`);
  }
  await page.keyboard.press(" ");
  await pillSays(page, /^Paused/);
  await page.keyboard.press(" ");
  await pillSays(page, /^Live/);
  await page.keyboard.press("]");
  await page.waitForSelector('[data-seconds="300"][aria-pressed="true"]');
  await page.keyboard.press("[");
  await page.waitForSelector('[data-seconds="60"][aria-pressed="true"]');
  await page.keyboard.press("?");
  await page.waitForSelector("dialog[open]");
  await page.keyboard.press("Escape");
  await page.waitForSelector("dialog[open]", { state: "hidden" });
  await page.keyboard.press("/");
  await page.waitForSelector(".page-site .search:focus");
  await page.keyboard.type("1s ");
  assert.equal(await page.inputValue(".page-site .search"), "1s ");
  assert.match((await pill(page)) ?? "", /^Live/);
  assert.equal((await memscope.api("snapshots")).snapshots.length, 0, "s took no snapshot");
  await page.keyboard.press("Escape");
  await page.keyboard.press("1");
  await page.waitForSelector('nav a[data-page="overview"][aria-current="page"]');
  await close();
});

test("F6: the arrows move one crosshair through all charts", async () => {
  const { page, close } = await open(browser, memscope.url);
  await full(page);
  await page.click("#pause");
  await pillSays(page, /^Paused/);
  const before = Number(await page.getAttribute("#chart-cpu", "data-seq"));
  await page.focus("#chart-memory canvas");
  await page.keyboard.press("ArrowLeft");
  const seq = await until("every legend tells of one moment before", async () => {
    const seqs = await page.$$eval(".chart[data-seq]", (all) =>
      all.map((e) => Number(e.getAttribute("data-seq"))),
    );
    return seqs.length === 4 && seqs.every((seq) => seq === seqs[0] && seq < before) && seqs[0];
  });
  const [from, to] = await Promise.all([seq, before].map((n) => memscope.api(`stats?seq=${n}`)));
  // A second, or what came next: ticks can be late.
  const ago = (to.uptime_ns - from.uptime_ns) / 1e9;
  assert.ok(ago > 0 && ago < 1.01, `${ago} s ago`);
  await close();
});

test("check 22, F18: the theme follows the system until one is chosen, and the choice stays", async () => {
  const { page, close } = await open(browser, memscope.url);
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await ground();
  await page.emulateMedia({ colorScheme: "dark" });
  const dark = await ground();
  assert.notEqual(dark, light);
  await page.click("#theme");
  assert.equal(await ground(), light, "light is chosen, against the system");
  await page.reload();
  assert.equal(await ground(), light, "after a reload too");
  await page.waitForSelector('#theme[aria-label="Theme: light"]');
  await page.keyboard.press("t");
  assert.equal(await ground(), dark);
  await page.keyboard.press("t");
  await page.waitForSelector('#theme[aria-label="Theme: auto"]');
  await page.emulateMedia({ colorScheme: "light" });
  assert.equal(await ground(), light, "auto again");
  await close();
});

/** @param {import("playwright-core").Page} page @param {number} id */
async function download(page, id) {
  const [file] = await Promise.all([
    page.waitForEvent("download"),
    page.click(`.snapshots tr[data-id="${id}"] a:text-is("JSON")`),
  ]);
  return JSON.parse(await readFile(await file.path(), "utf8"));
}

test("F13: snapshots: by button, by key and by name; downloaded, they add up; deleted, they are gone", async () => {
  const { page, close, problems } = await open(browser, memscope.url);
  await full(page);
  await page.click("#take-snapshot");
  await until("it is said", async () => /Kept as/.test((await noticeOf(page)) ?? ""));
  await page.keyboard.press("s");
  await go(page, "snapshots");
  await until(
    "both are listed",
    async () => (await page.locator(".snapshots tr[data-id]").count()) === 2,
  );
  await page.fill('.snapshots input[type="text"]', "before <b>load</b>");
  await page.keyboard.press("Enter");
  await until(
    "the third is listed",
    async () => (await page.locator(".snapshots tr[data-id]").count()) === 3,
  );
  assert.equal(
    await page.locator(".snapshots tr[data-id] .name").nth(2).textContent(),
    "before <b>load</b>",
  );
  const { snapshots } = await memscope.api("snapshots");
  assert.equal(snapshots.length, 3);
  for (const head of snapshots) {
    const whole = await download(page, head.id);
    const sum = (/** @type {any[]} */ rows) => rows.reduce((n, row) => n + row.live_bytes, 0);
    assert.equal(whole.format, "memscope-snapshot");
    assert.equal(whole.stats.heap.live_bytes, head.live_bytes);
    assert.equal(sum(whole.sites), head.live_bytes);
    assert.equal(sum(whole.threads), head.live_bytes);
    const row = page.locator(`.snapshots tr[data-id="${head.id}"] td`);
    assert.equal(
      await row.nth(6).getAttribute("title"),
      `${head.live_bytes.toLocaleString("en-US")} bytes`,
    );
  }
  const remove = `.snapshots tr[data-id="${snapshots[0].id}"] button`;
  await page.click(remove);
  assert.equal(await page.textContent(remove), "Really?");
  await memscope.api(`snapshots/${snapshots[0].id}`); // it is still there
  await page.click(remove);
  await until(
    "it is gone from the list",
    async () => (await page.locator(".snapshots tr[data-id]").count()) === 2,
  );
  await assert.rejects(memscope.api(`snapshots/${snapshots[0].id}`), /404/);
  assert.deepEqual(await problems(), []);
  await close();
});

test("a snapshot that another page took is listed when one looks", async () => {
  const { page, close } = await open(browser, memscope.url);
  await full(page);
  await fetch(new URL("/api/v1/snapshots", memscope.url), {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ name: "from elsewhere" }),
  });
  await go(page, "snapshots");
  await page.waitForSelector('.snapshots td:text-is("from elsewhere")');
  await close();
});

test("F3: the peak is found, and now again", async () => {
  const { page, close } = await open(browser, memscope.url);
  await full(page);
  await page.click('.session button:text-is("Peak heap")');
  await pillSays(page, /^Past/);
  await page.click('.session button:text-is("Now")');
  await pillSays(page, /^Live/);
  await close();
});

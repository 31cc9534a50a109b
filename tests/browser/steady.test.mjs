// SPDX-License-Identifier: MIT
//
// A page that stays open: it does not grow, and what it has missed it does not
// make up for.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { DEMO, Memscope } from "./support/memscope.mjs";
import { full, go, held, launch, open, PAGES, tiles } from "./support/page.mjs";
import { until } from "./support/until.mjs";
import { inventory, scales } from "./support/weight.mjs";

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

/** @param {import("playwright-core").Page} page @param {number} many */
async function ticks(page, many) {
  const { last } = await held(page);
  await until(`${many} ticks`, async () => (await held(page)).last >= last + many);
}

const ROUND = 40; // ticks

/** @param {number[]} three */
const middle = (three) => [...three].sort((a, b) => a - b)[1];

test("check 19: ticks leave nothing behind", async (t) => {
  const { page, close } = await open(browser, memscope.url);
  await full(page);
  await ticks(page, 20);
  const weigh = await scales(page);
  const list = await inventory(page);
  const all = [];
  for (let i = 0; i < 6; i++) {
    all.push({ ...(await weigh()), ...(await list()) });
    await ticks(page, ROUND);
  }
  t.diagnostic(
    all
      .map(
        (one) =>
          `${(one.heap / 1024).toFixed(0)} KiB, ${one.objects}, ${one.nodes}, ${one.listeners}`,
      )
      .join("; "),
  );
  // A sentence that comes or goes is no growth: three rounds that left one of them at each tick would be.
  for (const [what, room] of /** @type {const} */ ([
    ["objects", 1.5 * ROUND],
    ["nodes", 30],
    ["listeners", 5],
  ])) {
    const list = all.map((one) => one[what]);
    const grown = middle(list.slice(3)) - middle(list.slice(0, 3));
    assert.ok(grown <= room, `${what}: ${list}`);
  }
  await close();
});

test("check 19: walks through the pages leave nothing behind", async (t) => {
  const { page, close } = await open(browser, memscope.url);
  await full(page);
  const weigh = await scales(page);
  const all = [];
  for (let round = 0; round < 4; round++) {
    for (const id of PAGES) await go(page, id);
    await go(page, "overview");
    await ticks(page, 2);
    all.push((await weigh()).listeners);
  }
  t.diagnostic(`listeners: ${all}`);
  // Pages are made once; rows of tables come as they are first needed. What is
  // left behind by a walk would be so by each.
  const grown = all.slice(1).map((n, i) => n - all[i]);
  assert.ok(Math.min(...grown) <= 0, `listeners: ${all}`);
  await close();
});

// A page that is looked at cannot be frozen by the protocol: its process stands
// still, and messages come meanwhile.
/** @param {import("playwright-core").Browser} of @param {NodeJS.Signals} signal */
async function stand(of, signal) {
  const cdp = await of.newBrowserCDPSession();
  const { processInfo } = await cdp.send("SystemInfo.getProcessInfo");
  for (const { type, id } of processInfo) if (type === "renderer") process.kill(id, signal);
  await cdp.detach();
}

test("check 19: a page that was frozen has every sample, and does not paint each of them", async (t) => {
  const { page, close } = await open(browser, memscope.url);
  await full(page);
  await page.evaluate(() => {
    const tile = /** @type {Element} */ (document.querySelector("#tile-heap"));
    const w = /** @type {any} */ (window);
    w.shown = [];
    new MutationObserver(() => w.shown.push(Number(tile.getAttribute("data-seq")))).observe(tile, {
      attributeFilter: ["data-seq"],
    });
  });
  await stand(browser, "SIGSTOP");
  const { seq } = await memscope.api("stats");
  await until("three seconds on", async () => (await memscope.api("stats")).seq > seq + 30);
  const missed = (await memscope.api("stats")).seq;
  await stand(browser, "SIGCONT");
  await until("it has caught up", async () => (await tiles(page))[0].seq >= missed);
  // The strip, which tells what is held, is not drawn with every tick.
  await until("the strip as well", async () => (await held(page)).last >= missed);
  const { first, last, samples } = await held(page);
  assert.equal(last - first + 1, samples, "no sample is missing");
  // Two messages may have been on their way; what came later is in one.
  const shown = await page.evaluate(() => /** @type {any} */ (window).shown);
  const late = shown.filter((/** @type {number} */ tick) => tick > seq && tick <= missed);
  t.diagnostic(`${missed - seq} ticks were missed, ${late.length} of them were painted`);
  assert.ok(late.length <= 5, `${late}`);
  await close();
});

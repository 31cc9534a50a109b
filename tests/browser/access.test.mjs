// SPDX-License-Identifier: MIT
//
// For everybody, and safe: axe, widths, hostile names, nothing from elsewhere.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { DEMO, Memscope } from "./support/memscope.mjs";
import { full, go, launch, open, PAGES, PHONE, picture, pillSays, WIDE } from "./support/page.mjs";
import { until } from "./support/until.mjs";

const require = createRequire(new URL("../../web/package.json", import.meta.url));
const axe = require("axe-core");
// Whatever is not about colours is the same in another theme.
const OF_COLOURS = ["color-contrast", "link-in-text-block"];
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

/** @type {Memscope} */
let memscope;
/** @type {import("playwright-core").Browser} */
let browser;
before(async () => {
  [browser, memscope] = await Promise.all([launch(), Memscope.start([DEMO, "--quiet"])]);
  await fetch(new URL("/api/v1/snapshots", memscope.url), {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ name: "a snapshot with a rather long name, as somebody may give it" }),
  });
});
after(async () => {
  await browser?.close();
  await memscope?.stop();
});

// What is there when a page has what it shows.
const CONTENT = /** @type {Record<string, string[]>} */ ({
  threads: [".tbody .tr:not([hidden]) >> nth=5"],
  sites: [".tbody .tr:not([hidden]) >> nth=5"],
  allocations: [".tbody .tr:not([hidden]) >> nth=5"],
  flame: [".icicle[data-drawn]"],
  leaks: [".suspects tr[data-id], .suspects .empty:visible"],
  tasks: [".tasks .empty:visible"],
  snapshots: [".snapshots tbody tr"],
  timeline: [".lanes[data-count]", '.table[aria-label="Last events"] .tr >> nth=5'],
  heap: ["[data-part=heap][data-bytes]", ".heap-grid[data-cells]", ".heap-parts b"],
  query: [".result .tbody .tr:not([hidden])", ".schema details"],
  settings: ["[data-fact=ticks]:not(:empty)", ".settings dd:text('memscope.v1')"],
});

/** Goes to a page and waits for what it shows. */
/** @param {import("playwright-core").Page} page @param {string} id */
async function settled(page, id) {
  await go(page, id);
  if (id === "overview") await full(page);
  for (const selector of CONTENT[id] ?? []) await page.waitForSelector(selector);
}

/** @param {import("playwright-core").Page} page @param {{type: string, values: string[]}} runOnly */
async function violations(page, runOnly) {
  // By the debugger's way, which the policy allows; it stays while the page does.
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axe.source);
  const result = await page.evaluate(
    (only) =>
      /** @type {any} */ (window).axe.run(document, { runOnly: only, resultTypes: ["violations"] }),
    runOnly,
  );
  return result.violations.flatMap((/** @type {any} */ v) =>
    v.nodes.map((/** @type {any} */ n) => `${v.id}: ${n.target} ${n.failureSummary}`),
  );
}

/** By all rules in the light, by those of colours in the dark. */
/** @param {import("playwright-core").Page} page @param {string} what */
async function flawless(page, what) {
  const all = await violations(page, { type: "tag", values: TAGS });
  assert.deepEqual(all, [], `${what}, light`);
  await page.emulateMedia({ colorScheme: "dark" });
  const dark = await violations(page, { type: "rule", values: OF_COLOURS });
  assert.deepEqual(dark, [], `${what}, dark`);
  await page.emulateMedia({ colorScheme: "light" });
}

test("check 22: axe finds nothing on any page, in either theme", async () => {
  const { page, close, problems } = await open(browser, memscope.url);
  for (const id of PAGES) {
    await settled(page, id);
    await flawless(page, id);
  }
  await go(page, "flame");
  await page.focus(".icicle");
  await page.keyboard.press("ArrowDown");
  await page.click('button:text-is("Callers and callees")');
  await page.waitForSelector(".between:visible");
  await flawless(page, "callers and callees");
  await page.keyboard.press("Escape");
  await page.click('button:text-is("View as table")');
  await page.waitForSelector(".flame-table tbody tr");
  await flawless(page, "the flame graph as a table");
  await go(page, "sites");
  await page.click(".tbody .tr >> nth=0");
  await page.waitForSelector(".drawer .stacks li").catch(async (/** @type {Error} */ error) => {
    const there = await page.locator("aside.drawer").allTextContents();
    throw new Error(`${error.message}, but: ${there}`);
  });
  await flawless(page, "the drawer");
  await page.keyboard.press("Escape");
  await page.keyboard.press("?");
  await page.waitForSelector("dialog[open]");
  await flawless(page, "the help");
  await page.keyboard.press("Escape");
  await page.keyboard.press("1");
  await page.keyboard.press(" ");
  await until("paused", async () => /Paused/.test((await page.textContent(".pill")) ?? ""));
  await flawless(page, "paused");
  await page.keyboard.press(" ");
  memscope.child.kill("SIGSTOP");
  await pillSays(page, /^Stale/);
  await flawless(page, "stale");
  memscope.child.kill("SIGCONT");
  await pillSays(page, /^Live/);
  // A source file may have gone since the program was built.
  const wrong = (await problems()).filter((problem) => !/\/api\/v1\/source\?/.test(problem));
  assert.deepEqual(wrong, []);
  await close();
});

/** @param {import("playwright-core").Page} page */
function extent(page) {
  return page.evaluate(() => {
    const e = document.documentElement;
    return {
      scrollWidth: e.scrollWidth,
      width: e.clientWidth,
      scrollHeight: e.scrollHeight,
      height: e.clientHeight,
    };
  });
}

test("check 24: the overview fits 1440x900 without a scroll bar", async () => {
  const { page, close } = await open(browser, memscope.url, { viewport: WIDE });
  await full(page);
  const e = await extent(page);
  assert.equal(e.scrollHeight, e.height);
  assert.equal(e.scrollWidth, e.width);
  await close();
});

test("check 24: at 390 pixels no page has to be scrolled sideways", async () => {
  const { page, close } = await open(browser, memscope.url, { viewport: PHONE });
  for (const id of PAGES) {
    await settled(page, id);
    const e = await extent(page);
    assert.equal(e.scrollWidth, e.width, id);
    await picture(page, `phone-${id}`);
  }
  await go(page, "sites");
  await page.keyboard.press("p");
  await pillSays(page, /Past/);
  const band = await page.locator(".session").boundingBox();
  assert.ok(band && band.height < 100, `what is shown stands on a line: ${band?.height}`);
  await page.keyboard.press("n");
  await pillSays(page, /Live/);
  await page.click(".tbody .tr >> nth=0");
  const box = await page.locator(".drawer").boundingBox();
  assert.ok(box && box.x >= 0 && box.x + box.width <= PHONE.width, "the drawer is inside");
  await close();
});

test("check 25: no text of a tile is cut, wide or narrow", async () => {
  const { page, close } = await open(browser, memscope.url);
  await full(page);
  for (const width of [1440, 1280, 1024, 800, 720, 570, 390]) {
    await page.setViewportSize({ width, height: 800 });
    const cut = await page.$$eval(".tile, .tile *", (all) =>
      all
        .filter((e) => e.scrollWidth > e.clientWidth && e.clientWidth > 0)
        .map((e) => `${e.className}: ${e.textContent}`),
    );
    assert.deepEqual(cut, [], `at ${width}`);
  }
  await close();
});

test("check 24: small, the head of the page keeps its two lines", async () => {
  const { page, close } = await open(browser, memscope.url, { viewport: PHONE });
  await full(page);
  /** How many of its parts stand below each other. */
  const lines = () =>
    page.$$eval("header.top .pill, header.top button", (parts) => {
      const boxes = parts.map((part) => part.getBoundingClientRect());
      let [many, end] = [0, Number.NEGATIVE_INFINITY];
      for (const { top, bottom } of boxes.sort((a, b) => a.top - b.top)) {
        if (top >= end) many++;
        end = Math.max(end, bottom);
      }
      return many;
    });
  const cut = () =>
    page.$$eval(".pill, .program", (all) =>
      all.filter((e) => e.scrollWidth > e.clientWidth).map((e) => e.textContent),
    );
  for (const width of [390, 720]) {
    await page.setViewportSize({ width, height: 450 });
    assert.equal(await lines(), 2, `at ${width}`);
    await page.keyboard.press("Space");
    await pillSays(page, /Paused · .* new samples/);
    assert.equal(await lines(), 2, `paused, at ${width}`);
    assert.deepEqual(await cut(), [], `paused, at ${width}`);
    await page.keyboard.press("n");
    await pillSays(page, /Live/);
  }
  await close();
});

test("check 24: twice as large, the page can still be used", async () => {
  const { page, close } = await open(browser, memscope.url, {
    viewport: { width: 720, height: 450 },
  }); // 1440x900 at 200 %
  for (const id of PAGES) {
    await settled(page, id);
    const e = await extent(page);
    assert.equal(e.scrollWidth, e.width, id);
  }
  const band = await page.locator(".session").boundingBox();
  assert.ok(band && band.height <= 45, `the band of time leaves room: ${band?.height}`);
  await close();
});

test("check 24: a table has as many columns as fit", async () => {
  const { page, close } = await open(browser, memscope.url, { viewport: PHONE });
  await settled(page, "sites");
  const ends = () =>
    page.$$eval(".head .th, .tbody .tr:not([hidden]):first-child .td", (cells) =>
      cells.map((cell) => cell.getBoundingClientRect().right).filter((right) => right > 0),
    );
  for (const [width, columns] of [
    [390, 3],
    [720, 5],
    [390, 3],
  ]) {
    await page.setViewportSize({ width, height: 844 });
    await until(`${columns} columns`, async () => (await ends()).length === 2 * columns);
    assert.ok(Math.max(...(await ends())) <= width);
  }
  await close();
});

test("a hostile name is a text", async () => {
  const evil = '<img src=x onerror="window.harmed=1"><script>window.harmed=1</script>';
  const { page, close, problems } = await open(browser, memscope.url, {
    before: (page) =>
      page.routeWebSocket(/\/ws$/, (/** @type {any} */ ws) => {
        const server = ws.connectToServer();
        server.onMessage((/** @type {string} */ text) => {
          const written = JSON.stringify(evil).slice(1, -1);
          ws.send(
            String(text)
              .replaceAll("cache_store", written)
              .replaceAll('"leaker"', `"${written}"`)
              .replaceAll("--quiet", written),
          );
        });
      }),
  });
  await full(page);
  const shown = async (/** @type {string} */ selector) =>
    (await page.locator(selector, { hasText: "<img" }).count()) > 0;
  await until("it is among the top sites", () => shown("#top-sites td"));
  await until("it is among the top threads", () => shown("#top-threads td"));
  await settled(page, "sites");
  // Which comes first depends on how long the program has been running.
  await page.locator(".tbody .tr", { hasText: "<img" }).first().click();
  await page.waitForSelector(".drawer:visible");
  assert.equal(await page.textContent(".drawer h2"), evil);
  await settled(page, "threads");
  await until("it is a thread's name", () => shown(".tbody .name"));
  assert.equal(
    await page.evaluate(() => document.querySelectorAll("#app img, #app script").length),
    0,
  );
  assert.equal(await page.evaluate(() => /** @type {any} */ (window).harmed), undefined);
  assert.deepEqual(await problems(), []);
  await close();
});

test("check 2: nothing goes wrong on a walk through everything, and nothing comes from elsewhere", async () => {
  const { page, close, problems } = await open(browser, memscope.url);
  for (let round = 0; round < 2; round++) {
    for (const id of PAGES) await settled(page, id);
    for (const key of [
      "1",
      "]",
      "]",
      "[",
      "[",
      "p",
      "Escape",
      " ",
      " ",
      "t",
      "t",
      "t",
      "?",
      "Escape",
    ])
      await page.keyboard.press(key);
    await page.setViewportSize(round === 0 ? PHONE : WIDE);
  }
  assert.deepEqual(await problems(), []);
  await close();
});

test("forced colours: what is chosen, and what stands in the flame graph, can be told", async () => {
  const { page, close } = await open(browser, `${memscope.url}#/flame`, { scheme: "dark" });
  await page.emulateMedia({ forcedColors: "active" });
  await page.reload();
  await page.waitForSelector(".icicle[data-drawn]");
  const [chosen, other] = await page.$$eval(".top .segmented button", (all) =>
    ["true", "false"].map((pressed) => {
      const one = all.find((button) => button.getAttribute("aria-pressed") === pressed);
      return one && getComputedStyle(one).backgroundColor;
    }),
  );
  assert.notEqual(chosen, other);
  // Light text stands on dark boxes: the first pixel of the widest one.
  const box = await page.$eval(".icicle", (element) => {
    const canvas = /** @type {HTMLCanvasElement} */ (
      element instanceof HTMLCanvasElement ? element : element.querySelector("canvas")
    );
    return [...(canvas.getContext("2d")?.getImageData(canvas.width - 8, 8, 1, 1).data ?? [])];
  });
  assert.ok(
    box.slice(0, 3).every((part) => part < 128),
    `the box of all is ${box}`,
  );
  await close();
});

// SPDX-License-Identifier: MIT
//
// Every control without a pointer.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { DEMO, Memscope, target } from "./support/memscope.mjs";
import { full, go, launch, open, pillSays } from "./support/page.mjs";
import { rowsWhere } from "./support/rows.mjs";

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {Memscope} goes on */
let demo;
/** @type {Memscope} says all that there is to say */
let annotated;
before(async () => {
  [browser, demo, annotated] = await Promise.all([
    launch(),
    Memscope.start([DEMO, "--quiet"]),
    Memscope.start([target("annotated")]),
  ]);
});
after(async () => {
  await browser?.close();
  await Promise.all([demo?.stop(), annotated?.stop()]);
});

test("check 23: every control of every page can be reached by Tab, and shows its focus", async () => {
  const { page, close } = await open(browser, annotated.url);
  for (const id of [
    "threads",
    "sites",
    "allocations",
    "tasks",
    "heap",
    "query",
    "timeline",
    "settings",
  ]) {
    await go(page, id);
    await page.waitForSelector("main .tr, main dd:not(:empty)");
    const wanted = await page.evaluate(() => {
      // Of a table's rows one is in the order of Tab; arrows reach the others.
      const all = [
        ...document.querySelectorAll(
          "main button:not([disabled]), main a[href], main input, main select:not([disabled]), main textarea, main summary, main canvas[tabindex], main [data-explain][tabindex]",
        ),
      ].filter((e) => e.checkVisibility() && /** @type {HTMLElement} */ (e).tabIndex >= 0);
      const w = /** @type {any} */ (window);
      w.left = new Set(all);
      w.blind = [];
      /** @type {HTMLElement} */ (document.querySelector("nav a[aria-current]")).focus();
      return all.length;
    });
    assert.ok(wanted > 0, id);
    for (let i = 0; i < 400; i++) {
      await page.keyboard.press("Tab");
      const left = await page.evaluate(() => {
        const w = /** @type {any} */ (window);
        const e = /** @type {Element} */ (document.activeElement);
        if (w.left.delete(e) && getComputedStyle(e).outlineStyle === "none")
          w.blind.push(e.outerHTML);
        return document.querySelector("main")?.contains(e) ? w.left.size : -1;
      });
      if (left === 0) break;
      if (left === -1 && i > 20) break; // it is behind the page
    }
    const { left, blind } = await page.evaluate(() => {
      const w = /** @type {any} */ (window);
      return { left: [...w.left].map((e) => e.outerHTML.slice(0, 200)), blind: w.blind };
    });
    assert.deepEqual(left, [], id);
    assert.deepEqual(blind, [], id);
  }
  await close();
});

test("check 23: what is typed into a search or a query does nothing else", async () => {
  const { page, close } = await open(browser, `${demo.url}#/sites`);
  await rowsWhere(page, "Call sites", (rows) => rows.length >= 6);
  await page.focus(".search");
  await page.keyboard.type("s 1 p");
  assert.equal(await page.inputValue(".search"), "s 1 p");
  assert.match((await page.textContent(".pill")) ?? "", /Live/);
  assert.match(page.url(), /#\/sites/);
  assert.equal((await demo.api("snapshots")).snapshots.length, 0);
  await page.keyboard.press("Escape"); // leaves the search
  await page.keyboard.press("9");
  await page.waitForSelector(".heap-grid");
  await close();
});

test("check 23: every control can be reached by Tab, and shows that it has the focus", async () => {
  const { page, close } = await open(browser, demo.url);
  await full(page);
  const wanted = await page.$$eval(
    "button:not([disabled]), a[href], canvas[tabindex]",
    (all) => all.filter((e) => e.checkVisibility()).length,
  );
  const reached = new Set();
  let blind = 0;
  for (let i = 0; i < wanted * 2 && reached.size < wanted; i++) {
    await page.keyboard.press("Tab");
    const { key, outline } = await page.evaluate(() => {
      const e = /** @type {Element} */ (document.activeElement);
      const w = /** @type {any} */ (window);
      w.keys ??= new Map();
      if (!w.keys.has(e)) w.keys.set(e, w.keys.size);
      return {
        key: e === document.body ? -1 : w.keys.get(e),
        outline: getComputedStyle(e).outlineStyle,
      };
    });
    if (key === -1) continue;
    reached.add(key);
    if (outline === "none") blind++;
  }
  assert.equal(reached.size, wanted);
  assert.equal(blind, 0);
  await close();
});

test("the space bar stops the time also after a link was clicked", async () => {
  const { page, close } = await open(browser, demo.url);
  await full(page);
  await go(page, "sites");
  await page.keyboard.press(" ");
  await pillSays(page, /Paused/);
  await close();
});

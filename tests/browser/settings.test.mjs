// SPDX-License-Identifier: MIT
//
// Settings, and the explanations that follow them.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { DEMO, Memscope } from "./support/memscope.mjs";
import { go, launch, open } from "./support/page.mjs";
import { rowsWhere } from "./support/rows.mjs";
import { until } from "./support/until.mjs";

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {Memscope} goes on */
let demo;
before(async () => {
  [browser, demo] = await Promise.all([launch(), Memscope.start([DEMO, "--quiet"])]);
});
after(async () => {
  await browser?.close();
  await Promise.all([demo?.stop()]);
});

test("F16, F18: settings act at once and stay; the monitor's own cost is said", async () => {
  const { page, close } = await open(browser, `${demo.url}#/settings`);
  await until("its cost", async () =>
    /^[\d.]+ % of one core$/.test((await page.textContent("[data-fact=cpu]")) ?? ""),
  );
  assert.equal(await page.textContent("[data-fact=drops]"), "0");
  await page.selectOption("select[aria-label='Theme']", "dark");
  assert.equal(await page.getAttribute("html", "data-theme"), "dark");
  await page.selectOption("select[aria-label='Units']", "decimal");
  await until("by 1000", async () => /MB$/.test((await page.textContent("[data-fact=rss]")) ?? ""));
  await page.click("summary:text-is('Columns of the tables')");
  await page.uncheck("[data-column='sites.mean_lifetime_ns']");
  await page.reload();
  assert.equal(await page.inputValue("select[aria-label='Theme']"), "dark");
  await go(page, "sites");
  await rowsWhere(page, "Call sites", (rows) => rows.length >= 6);
  assert.equal(await page.locator(".th[data-key='mean_lifetime_ns']").count(), 0);
  assert.match((await page.textContent(".tbody .c-live_bytes")) ?? "", / [kM]?B$/);
  await go(page, "settings");
  await Promise.all([page.waitForNavigation(), page.click("button:text-is('Reset all')")]);
  await until("as at first", async () =>
    /MiB$/.test((await page.textContent("[data-fact=rss]")) ?? ""),
  );
  assert.equal(await page.getAttribute("html", "data-theme"), null);
  await close();
});

test("explanations come by pointer and by keyboard, and say how a number was got", async () => {
  const { page, close } = await open(browser, `${demo.url}#/sites`);
  await rowsWhere(page, "Call sites", (rows) => rows.length >= 6);
  await page.hover(".th[data-key='live_bytes'] button");
  await page.waitForSelector(".tip:has-text('Measured: every call is captured.')");
  assert.match((await page.textContent(".tip")) ?? "", /nobody has freed.*Unit: bytes/);
  await page.mouse.move(5, 5);
  await page.waitForSelector(".tip", { state: "hidden" });
  await page.focus(".search");
  await until("Tab reaches a head", async () => {
    await page.keyboard.press("Tab");
    return page.isVisible(".tip:has-text('The function that calls the allocator')");
  });
  assert.equal(
    await page.evaluate(() => document.activeElement?.getAttribute("aria-describedby")),
    "tip",
  );
  await page.keyboard.press("Escape");
  await page.waitForSelector(".tip", { state: "hidden" });
  // The text is true to the mode.
  await go(page, "settings");
  await page.selectOption("select[aria-label='Mode']", "sampled");
  await page.selectOption("select[aria-label='One sample for']", "65536");
  await page.click("button:text-is('Apply')");
  await page.waitForSelector(".note:has-text('In force: sampled, one sample for 64.0 KiB')");
  await go(page, "sites");
  await page.hover(".th[data-key='live_bytes'] button");
  await page.waitForSelector(".tip:has-text('Sampled: estimated, one sample for 64.0 KiB')");
  await page.mouse.move(5, 5);
  await go(page, "timeline");
  await rowsWhere(page, "What has happened", (rows) =>
    rows.some((r) => r.what.text === "capture: sampled"),
  );
  await go(page, "settings");
  await page.selectOption("select[aria-label='Mode']", "exact");
  await page.click("button:text-is('Apply')");
  await page.waitForSelector(".note:has-text('In force: exact')");
  await close();
});

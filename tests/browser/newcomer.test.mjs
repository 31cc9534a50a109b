// SPDX-License-Identifier: MIT
//
// The way of somebody who opens the page for the first time: an insight, the
// stack and source line behind it, two snapshots, what has changed, a file to
// take away. Nothing but what can be seen is clicked.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { DEMO, Memscope } from "./support/memscope.mjs";
import { launch, open, picture, pillSays } from "./support/page.mjs";
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

test("from the first look to the leak's line, and to a difference that can be taken away", async () => {
  const { page, close, problems } = await open(browser, memscope.url);
  await pillSays(page, /^Live/);

  // What is wrong is said by itself.
  await page.waitForSelector("#insight-growth", { timeout: 120_000 });
  assert.match(
    (await page.textContent("#insight-growth")) ?? "",
    /Growing: session_leak \(demo\/leaker\.c:\d+\) by [\d.]+ MiB\/min, .* live/,
  );
  await picture(page, "newcomer-1-insight");

  // One click leads to why, and to the line.
  await page.click("#insight-growth a");
  await page.waitForSelector(".suspects ol.stack li");
  // Names come as they are found.
  await until("the stack has its names and lines", async () => {
    const stack = await page.locator(".suspects ol.stack li").allTextContents();
    return (
      /^session_leak demo\/leaker\.c:\d+$/.test(stack[0]) &&
      /^leaker_main demo\/leaker\.c:\d+$/.test(stack[1])
    );
  });
  assert.match(
    (await page.textContent(".suspects .why")) ?? "",
    /none of its [\d,]+ blocks was ever freed/,
  );
  await picture(page, "newcomer-2-stack");

  // The picture of it.
  await page.click('.suspects .why a:text-is("In the flame graph")');
  await until("it is found in the flame graph", async () =>
    /^1 node, [\d.]+ MiB, \d+/.test((await page.textContent(".flame .bar [role=status]")) ?? ""),
  );
  await picture(page, "newcomer-3-flame");

  // Two snapshots, and what has changed.
  await page.click('nav a[data-page="snapshots"]');
  for (const [name, i] of /** @type {const} */ ([
    ["before", 1],
    ["after", 2],
  ])) {
    await page.fill('.snapshots input[type="text"]', name);
    await page.click('.snapshots button:text-is("Take snapshot")');
    await page.waitForSelector(`.snapshots tr[data-id] >> nth=${i - 1}`);
    const { seq } = await memscope.api("stats");
    await until("some more has leaked", async () => (await memscope.api("stats")).seq > seq + 20);
  }
  await page.click(".snapshots tr[data-id] >> nth=0 >> input[name=compare-a]");
  await page.click(".snapshots tr[data-id] >> nth=1 >> input[name=compare-b]");
  await page.waitForSelector('.diff tr[data-status="grown"]:has-text("session_leak")');
  const leaked = Number(await page.getAttribute('.diff tr:has-text("session_leak")', "data-bytes"));
  assert.ok(
    leaked > 0 && leaked % 10_000 === 0,
    `the leaker loses 10,000 bytes at a time: ${leaked}`,
  );
  await picture(page, "newcomer-4-difference");

  // A file of it.
  const [file] = await Promise.all([
    page.waitForEvent("download"),
    page.click('.snapshots tr[data-id] >> nth=1 >> a:text-is("JSON")'),
  ]);
  const saved = JSON.parse(await readFile(await file.path(), "utf8"));
  assert.equal(saved.name, "after");
  assert.ok(saved.sites.some((/** @type {any} */ s) => s.function === "session_leak"));
  assert.deepEqual(await problems(), []);
  await close();
});

// SPDX-License-Identifier: MIT
//
// The page of leaks: what is lost, and who keeps growing, of programs of which
// that is known.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Memscope, target } from "./support/memscope.mjs";
import { go, launch, open } from "./support/page.mjs";
import { until } from "./support/until.mjs";

/** @type {import("playwright-core").Browser} */
let browser;
before(async () => {
  browser = await launch();
});
after(async () => {
  await browser?.close();
});

test("lost blocks are found on request, with their stacks", async () => {
  const memscope = await Memscope.start([target("leaks"), "plain", "hold"]);
  const { page, close } = await open(browser, memscope.url);
  try {
    await until("the leaks are planted", () => memscope.said.includes("definite"));
    await go(page, "leaks");
    await page.click(".scan");
    await page.waitForSelector(".leaks tr[data-stack]");
    assert.match(
      (await page.textContent(".scan-said")) ?? "",
      /^2\.37 KiB in 50 blocks are lost; 0 possibly; 64 can be reached\.$/,
    );
    assert.equal(await page.textContent(".leaks tr[data-stack] summary"), "leak");
    await page.click(".leaks summary");
    assert.match((await page.textContent(".leaks li:nth-child(2)")) ?? "", /^plain .*leaks\.c:/);
    assert.match((await page.textContent(".suspects .empty")) ?? "", /No call site keeps growing/);
  } finally {
    await close();
    await memscope.stop();
  }
});

test("check 11, F14: a site that keeps growing is listed, and not the steady cache", async () => {
  const memscope = await Memscope.start([target("growth"), "suspects"]);
  const { page, close } = await open(browser, memscope.url);
  try {
    await go(page, "leaks");
    await page.waitForSelector(".leaks tr[data-id]", { timeout: 120000 });
    const rows = await page.locator(".leaks tr[data-id]").allTextContents();
    assert.ok(
      rows.every((row) => /^▸ (leaky|bounded) /.test(row)),
      rows.join("\n"),
    );
    assert.match(rows.join("\n"), /\+[\d.]+ [KM]iB/);
    assert.equal(await page.textContent('nav a[data-page="leaks"] .badge'), String(rows.length));
    // F14: the reason, the stack, and what to suppress.
    await page.click(".suspects tr[data-id] button >> nth=0");
    await page.waitForSelector(".suspects ol.stack li");
    assert.match((await page.textContent(".suspects .why")) ?? "", /steps \d+ went up/);
    assert.match(
      (await page.textContent(".suspects ol.stack li")) ?? "",
      /^(leaky|cached) \S*growth\.c:\d+|^(leaky|bounded)/,
    );
    await page.selectOption('.suspects select[aria-label="Least time"]', "300");
    await page.waitForSelector(".suspects .empty:visible");
    assert.match(
      (await page.textContent(".suspects [role=status]")) ?? "",
      /^0 sites keep growing; \d+ more below/,
    );
  } finally {
    await close();
    await memscope.stop();
  }
});

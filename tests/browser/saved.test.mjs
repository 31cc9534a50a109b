// SPDX-License-Identifier: MIT
//
// A saved snapshot in the dashboard: the pages show what the file holds, and
// say what it cannot hold.

import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { DEMO, Memscope, OpenedFile, takeFile } from "./support/memscope.mjs";
import { go, launch, open, pillSays } from "./support/page.mjs";
import { until } from "./support/until.mjs";

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {string} */
let folder;
before(async () => {
  browser = await launch();
  folder = await mkdtemp(join(tmpdir(), "memscope-saved-"));
});
after(async () => {
  await browser?.close();
  await rm(folder, { recursive: true, force: true });
});

test("an opened file is a whole session", async () => {
  const memscope = await Memscope.start([DEMO, "--quiet"]);
  const file = join(folder, "one.json");
  try {
    await until("something is live", async () => (await memscope.api("sites")).total >= 5);
    await takeFile(memscope, file);
  } finally {
    await memscope.stop();
  }
  const saved = JSON.parse(await readFile(file, "utf8"));
  const shown = await OpenedFile.start([file]);
  const { page, problems, close } = await open(browser, shown.url);
  try {
    await pillSays(page, /^Saved · /);
    await page.waitForFunction(
      (live) => document.querySelector("#tile-heap")?.getAttribute("data-value") === live,
      String(saved.stats.heap.live_bytes),
    );
    await page.waitForSelector("#top-sites tbody tr");
    assert.ok(await page.isHidden("#take-snapshot"));
    await go(page, "sites");
    const total = new RegExp(`^${saved.sites.length} in all`);
    await until("all sites are shown", async () =>
      total.test((await page.textContent(".page-site .note")) ?? ""),
    );
    await until("the rows are shown, by their names", async () => {
      const rows = await page.locator(".page-site .tr:not(.head)").allTextContents();
      return rows.some((r) => r.includes("cache_store"));
    });
    await go(page, "threads");
    await until("all threads are shown, by their names of then", async () => {
      const rows = await page.locator(".page-th .tr").allTextContents();
      return saved.threads.every((/** @type {any} */ t) => rows.some((r) => r.includes(t.name)));
    });
    await go(page, "snapshots");
    await page.waitForSelector(".snapshots tr[data-id]");
    await go(page, "leaks");
    await until("the page shows what was known then", async () => {
      // biome-ignore lint/performance/useDomNodeTextContent: what is hidden is not in it
      const text = await page.innerText(".leaks");
      return text.includes("Not scanned yet") && /keep(s)? growing/.test(text);
    });
    assert.ok(await page.isHidden(".leaks > .empty"));
    await go(page, "tasks");
    await until("types are shown, or that there are none", async () =>
      /unknown/.test((await page.textContent(".tasks")) ?? ""),
    );
    // A 409 of what is not kept is an answer, not a fault of the page.
    assert.deepEqual(
      (await problems()).filter((p) => !/status of 409/.test(p)),
      [],
    );
  } finally {
    await close();
    await shown.stop();
  }
});

// SPDX-License-Identifier: MIT
//
// The page of threads: groups, the heat map, threads that have ended.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { DEMO, Memscope, target } from "./support/memscope.mjs";
import { launch, open, picture } from "./support/page.mjs";
import { hold, number, rowsWhere } from "./support/rows.mjs";
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

test("F7: threads by name, by state, as a heat map; pinned ones first", async () => {
  const { page, close, problems } = await open(browser, `${demo.url}#/threads`);
  await rowsWhere(page, "Threads", (rows) => rows.length === 7);
  await hold(page); // or another row may be there when it is clicked
  await page.click(".tr:has(.name:text-is('consumer')) .star");
  await page.mouse.move(5, 5);
  await rowsWhere(page, "Threads", (rows) => rows[0].name.text === "consumer");
  await page.selectOption("select[aria-label='Shown']", "state");
  const states = await rowsWhere(page, "Groups of threads", (rows) => rows.length > 0);
  assert.equal(
    states.reduce((sum, row) => sum + number(row.count.text), 0),
    7,
  );
  await page.selectOption("select[aria-label='Shown']", "heat");
  await page.waitForSelector(".heat-map[data-rows='7']");
  await page.focus(".heat-map");
  await page.keyboard.press("ArrowDown");
  await until("it is said", async () =>
    /thread \d+/.test((await page.textContent(".heat .looked")) ?? ""),
  );
  await page.keyboard.press("Enter");
  await page.waitForSelector(".drawer:visible .facts");
  await picture(page, "threads-heat");
  assert.deepEqual(await problems(), []);
  await close();
});

test("check 8: a thread that has ended is marked, and leaves the list of those that have not", async () => {
  const guest = await Memscope.start([target("guest")]);
  const { page, close } = await open(browser, `${guest.url}#/threads`);
  await rowsWhere(page, "Threads", (rows) =>
    rows.some((r) => r.name.text === "guest" && r.state.text !== "ended"),
  );
  await page.selectOption("select[aria-label='Which threads']", "alive");
  await rowsWhere(page, "Threads", (rows) => rows.length === 2);
  guest.child.stdin.write("\n");
  await rowsWhere(page, "Threads", (rows) => rows.length === 1);
  await page.selectOption("select[aria-label='Which threads']", "all");
  const rows = await rowsWhere(page, "Threads", (all) =>
    all.some((r) => r.name.text === "guest" && r.state.text === "ended"),
  );
  assert.equal(rows.find((r) => r.name.text === "guest")?.live_bytes.title, "300,000 bytes");
  assert.ok(await page.isVisible(".tr.ended"));
  await close();
  await guest.stop();
});

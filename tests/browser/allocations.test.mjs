// SPDX-License-Identifier: MIT
//
// Live blocks, tasks and types, and the timeline, of a program that says what
// it does.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Memscope, target } from "./support/memscope.mjs";
import { launch, open } from "./support/page.mjs";
import { rowsWhere } from "./support/rows.mjs";
import { until } from "./support/until.mjs";

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {Memscope} says all that there is to say */
let annotated;
before(async () => {
  [browser, annotated] = await Promise.all([launch(), Memscope.start([target("annotated")])]);
});
after(async () => {
  await browser?.close();
  await Promise.all([annotated?.stop()]);
});

test("live blocks: filters, what the program has said of them, one moment", async () => {
  const { page, close } = await open(browser, `${annotated.url}#/allocations`);
  const all = await rowsWhere(page, "Live blocks", (rows) => rows.length > 10);
  const tagged = all.find((row) => row.said.text === "table: struct row");
  assert.equal(tagged?.size.title, "900,000 bytes");
  assert.ok(all.some((row) => row.said.text === "task request"));
  assert.ok(all.some((row) => row.said.text === "in load"));
  await page.selectOption("select[aria-label='Size']", "65536");
  await rowsWhere(page, "Live blocks", (rows) => rows.length < all.length && rows.length > 0);
  await page.fill(".search", "struct ROW");
  await rowsWhere(page, "Live blocks", (rows) => rows.length === 1);
  await page.fill(".search", "no such thing");
  await page.waitForSelector(".empty:text('No live block is like this.')");
  await close();
});

test("tasks as a tree, scopes, pools, and types with how they are known", async () => {
  const { page, close } = await open(browser, `${annotated.url}#/tasks`);
  const tasks = await rowsWhere(page, "Tasks", (rows) => rows.length === 2);
  assert.deepEqual(
    tasks.map((t) => [t.name.text, t.state.text, t.live_bytes.title]),
    [
      ["request", "ended", "3,000 bytes"],
      ["└ query", "running", "500 bytes"],
    ],
  );
  const scopes = await rowsWhere(page, "Scopes", (rows) => rows.length === 2);
  assert.deepEqual(
    scopes.map((s) => [s.name.text, s.live_bytes.title]),
    [
      ["load", "377 bytes"],
      ["parse", "77 bytes"],
    ],
  );
  const [type] = await rowsWhere(page, "Types", (rows) => rows.length === 1);
  assert.deepEqual([type.name.text, type.type_from.text], ["struct row", "annotated"]);
  await page.click(".table[aria-label='Tasks'] .tr:has-text('query')");
  const blocks = await rowsWhere(page, "Live blocks", (rows) => rows.length === 1);
  assert.equal(blocks[0].size.text, "500 B");
  await close();
});

test("the timeline has marks, violations, snapshots, threads; a row leads to its moment", async () => {
  const { page, close } = await open(browser, `${annotated.url}#/timeline`);
  const rows = await rowsWhere(page, "What has happened", (all) =>
    ["Marks", "Violations", "Snapshots", "Threads", "Process"].every((kind) =>
      all.some((r) => r.lane.text === kind),
    ),
  );
  assert.ok(rows.some((r) => r.what.text === "released more often than retained"));
  await page.selectOption("select[aria-label='Kind']", "mark");
  await rowsWhere(page, "What has happened", (all) => all.length === 1);
  await rowsWhere(
    page,
    "Last events",
    (all) => all.length > 10 && all.some((e) => e.operation.text === "allocation"),
  );
  await page.click(".table[aria-label='What has happened'] .tr:has-text('half way')");
  await until("stopped there", async () => /Past/.test((await page.textContent(".pill")) ?? ""));
  await close();
});

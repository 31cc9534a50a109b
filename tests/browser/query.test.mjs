// SPDX-License-Identifier: MIT
//
// Queries: results, errors, charts, files, and one without end.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { DEMO, Memscope } from "./support/memscope.mjs";
import { go, launch, open, picture } from "./support/page.mjs";
import { number, rowsWhere } from "./support/rows.mjs";
import { until } from "./support/until.mjs";

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {Memscope} holds exactly what it says */
let still;
before(async () => {
  [browser, still] = await Promise.all([launch(), Memscope.start([DEMO, "--steps"])]);
});
after(async () => {
  await browser?.close();
  await Promise.all([still?.stop()]);
});

/** @param {string} sql */
async function asked(sql) {
  const answer = await fetch(new URL("/api/v1/query", still.url), {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ sql }),
  });
  return answer.json();
}

test("queries: own ones and ready ones, errors in their place, a chart, a file", async () => {
  const account = await still.account();
  await until("names are known", async () => (await asked("SELECT * FROM sites")).unnamed === 0);
  const { page, close } = await open(browser, `${still.url}#/query`);
  await rowsWhere(page, "Result", (rows) => rows.length >= 6);
  const sql = "SELECT function, live_bytes FROM sites WHERE function = 'session_leak'";
  await page.fill(".sql", sql);
  await page.keyboard.press("Control+Enter");
  const [row] = await rowsWhere(page, "Result", (rows) => rows.length === 1);
  assert.deepEqual(
    [row.c0.text, row.c1.title],
    ["session_leak", `${account.leaker.live_bytes.toLocaleString("en-US")} bytes`],
  );
  await page.fill(".sql", "SELECT *\nFROM nowhere");
  await page.click("button:text-is('Run')");
  await page.waitForSelector(".query [role=alert]:visible");
  assert.match((await page.textContent(".query [role=alert]")) ?? "", /no such table: nowhere/);
  await page.fill(".sql", "SELECT 1,\n  nothing FROM sites");
  await page.click("button:text-is('Run')");
  await until("the place is said", async () =>
    /^Line 2, column 3: /.test((await page.textContent(".query [role=alert]")) ?? ""),
  );
  const selected = await page.$eval(".sql", (e) => {
    const editor = /** @type {HTMLTextAreaElement} */ (e);
    return editor.value.slice(editor.selectionStart, editor.selectionEnd);
  });
  assert.equal(selected, "nothing");
  await page.selectOption("select[aria-label='Ready query']", "larger_than");
  await page.fill("input[name=bytes]", "9999");
  await page.click("button:text-is('Run')");
  await rowsWhere(
    page,
    "Result",
    (rows) => rows.length > 0 && rows.every((r) => number(r.c1?.title ?? "") > 9999),
  );
  // Sorted here, without another question.
  await page.selectOption("select[aria-label='Ready query']", "top_sites");
  await page.click("button:text-is('Run')");
  await rowsWhere(page, "Result", (rows) => rows[0]?.c1?.text === "cache_store");
  await page.click(".result .th:has-text('alloc_count') button");
  await rowsWhere(page, "Result", (rows) => {
    const all = rows.map((r) => number(r.c7.text));
    return all.every((n, i) => i === 0 || all[i - 1] >= n);
  });
  await page.click("summary:text-is('Chart')");
  await until("a chart of it", async () =>
    /^live_bytes by function: \d+ values, the largest .* at cache_store$/.test(
      (await page.getAttribute(".result canvas", "aria-label")) ?? "",
    ),
  );
  const [saved] = await Promise.all([
    page.waitForEvent("download"),
    page.click("button:text-is('Save CSV')"),
  ]);
  assert.match(
    await readFile(await saved.path(), "utf8"),
    /^id,function,file,line,module,live_bytes/,
  );
  await picture(page, "query");
  await close();
});

test("names that are still to come are said", async () => {
  const { page, close } = await open(browser, `${still.url}#/settings`);
  await page.route("**/api/v1/query", async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, json: { ...(await answer.json()), unnamed: 1234 } });
  });
  await go(page, "query");
  await page.waitForSelector(".result .note:text('names still being looked up: 1,234')");
  await close();
});

test("a query that takes long is cancelled, and the page goes on", async () => {
  const { page, close } = await open(browser, `${still.url}#/query`);
  await rowsWhere(page, "Result", (rows) => rows.length >= 6);
  await page.fill(
    ".sql",
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
  );
  await page.click("button:text-is('Run')");
  await page.click("button:text-is('Cancel')");
  await page.waitForSelector(".query .note:text-is('Cancelled.')");
  await page.fill(".sql", "SELECT 42 AS answer");
  await page.click("button:text-is('Run')");
  await rowsWhere(page, "Result", (rows) => rows.length === 1 && rows[0].c0.text === "42");
  await close();
});

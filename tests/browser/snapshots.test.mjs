// SPDX-License-Identifier: MIT
//
// Snapshots, compared: what a program did between two of them is what the
// page says, to the byte.

import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Memscope, target } from "./support/memscope.mjs";
import { launch, open, pillSays } from "./support/page.mjs";
import { until } from "./support/until.mjs";

const BLOCKS = 50_000;
const BYTES = BLOCKS * 100;

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {Memscope} does as it is told */
let memscope;
/** @type {string} */
let folder;
let begin = 0;
let end = 0;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "memscope-"));
  [browser, memscope] = await Promise.all([launch(), Memscope.start([target("orders")])]);
  await until("it takes orders", () => memscope.said.includes("ready"));
  await memscope.order("take 10");
  await snapshot("before", 10);
  begin = (await memscope.api("stats")).uptime_ns / 1e9;
  await memscope.order("drop");
  await memscope.order(`take ${BLOCKS + 10}`);
  await snapshot("after", BLOCKS + 10);
  end = (await memscope.api("stats")).uptime_ns / 1e9;
});
after(async () => {
  await browser?.close();
  await memscope?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Keeps the heap once the blocks are all seen. @param {string} name @param {number} blocks */
async function snapshot(name, blocks) {
  await until(
    "the blocks are seen",
    async () =>
      (await memscope.api("stats")).heap.live_blocks >= blocks &&
      (await memscope.api("sites?q=orders_take")).rows[0]?.live_blocks === blocks,
  );
  const answer = await fetch(new URL("/api/v1/snapshots", memscope.url), {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ name }),
  });
  assert.equal(answer.status, 201);
}

/** @param {import("playwright-core").Page} page @param {"a" | "b"} which @param {string} name */
async function pick(page, which, name) {
  await page.click(`.snapshots tr:has(td.name:text-is("${name}")) input[name="compare-${which}"]`);
}

/** What the difference says, once it has a sum. @param {import("playwright-core").Page} page @param {number} sum */
async function changes(page, sum) {
  await until(
    `the difference is ${sum}`,
    async () => (await page.getAttribute(".diff .totals", "data-bytes")) === String(sum),
  );
  return page.$$eval(".diff tbody tr", (all) =>
    all.map((row) => ({
      name: row.querySelector(".mono")?.textContent,
      status: row.getAttribute("data-status"),
      bytes: Number(row.getAttribute("data-bytes")),
      change: row.children[1].textContent,
    })),
  );
}

test("check 12, F12: what was allocated between A and B, swapped, and A against itself", async () => {
  const { page, close, problems } = await open(browser, `${memscope.url}#/snapshots`);
  await pick(page, "a", "before");
  await pick(page, "b", "after");
  assert.deepEqual(await changes(page, BYTES), [
    { name: "orders_take", status: "grown", bytes: BYTES, change: "+4.77 MiB" },
  ]);
  assert.match(
    (await page.textContent(".diff .totals")) ?? "",
    /^\+4.77 MiB \(\+4.77 MiB more, ±0 B less\) in \+50,000 blocks$/,
  );
  await pick(page, "a", "after");
  assert.deepEqual(await changes(page, 0), []);
  await pick(page, "b", "before");
  assert.deepEqual(await changes(page, -BYTES), [
    { name: "orders_take", status: "shrunk", bytes: -BYTES, change: "−4.77 MiB" },
  ]);
  assert.match(page.url(), /#\/snapshots\?a=2&b=1$/);
  assert.deepEqual(await problems(), []);
  await close();
});

test("F12: the same as a flame graph, histograms and by thread", async () => {
  const { page, close, problems } = await open(
    browser,
    `${memscope.url}#/snapshots?a=1&b=2&tab=flame`,
  );
  await page.waitForSelector(".diff .icicle[data-drawn]");
  await page.focus(".diff .icicle");
  await page.keyboard.press("Home");
  await until("the root says it", async () =>
    /all: change \+4\.77 MiB/.test((await page.textContent(".diff .flame-said")) ?? ""),
  );
  await page.click("#tab-threads");
  const [thread] = await changes(page, BYTES);
  assert.equal(thread.name, "orders");
  await page.keyboard.press("ArrowLeft");
  await page.waitForSelector("#tab-histograms[aria-selected=true]:focus");
  await until("A and B have bars", async () =>
    /≤128 4\.77 MiB/.test(
      (await page.getAttribute("#chart-diff-sizes canvas", "aria-label")) ?? "",
    ),
  );
  assert.deepEqual(await problems(), []);
  await close();
});

test("F3, F12: a range of time is compared as well", async () => {
  const { page, close } = await open(browser, `${memscope.url}#/snapshots?from=${begin}&to=${end}`);
  await pillSays(page, /^Range/);
  const [site] = await changes(page, BYTES);
  assert.deepEqual([site.name, site.bytes], ["orders_take", BYTES]);
  assert.match(
    (await page.textContent(".session .shown")) ?? "",
    /heap \+4\.77 MiB = 4\.77 MiB allocated − 1000 B freed$/,
  );
  await close();
});

test("check 13: saved and brought back it is the same; what is no snapshot is refused, and that is said", async () => {
  const { page, close, problems } = await open(browser, `${memscope.url}#/snapshots`);
  const [file] = await Promise.all([
    page.waitForEvent("download"),
    page.click('.snapshots tr:has(td.name:text-is("after")) a:text-is("JSON")'),
  ]);
  const text = await readFile(await file.path(), "utf8");
  const path = join(folder, "saved.json");
  await writeFile(path, text);
  await page.setInputFiles(".snapshots input[type=file]", path);
  await page.waitForSelector('.snapshots td:text-is("asked for, imported")');
  const [, , imported] = (await memscope.api("snapshots")).snapshots;
  await pick(page, "a", "after");
  await page.click(`#pick-b-${imported.id}`);
  assert.deepEqual(await changes(page, 0), []);
  for (const [name, content] of [
    ["cut.json", text.slice(0, text.length / 2)],
    ["other.json", '{"format":"something else"}'],
    ["noise.json", "\u0000\u0001 no JSON"],
  ]) {
    await writeFile(join(folder, name), content);
    await page.setInputFiles(".snapshots input[type=file]", join(folder, name));
    await until(`it is said of ${name}`, async () =>
      (await page.textContent(".snapshots [role=alert]"))?.startsWith(
        `${name} could not be imported: `,
      ),
    );
  }
  assert.equal((await memscope.api("snapshots")).snapshots.length, 3);
  await pillSays(page, /^Live/);
  // A refused file is a 400, which the browser's console tells of.
  assert.deepEqual(
    (await problems()).filter((p) => !/status of 400/.test(p)),
    [],
  );
  await close();
});

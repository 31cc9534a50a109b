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
import { launch, open, picture, pillSays, tiles } from "./support/page.mjs";
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

// Runs in the page: how each line of a chart is drawn.
function watchLines() {
  const w = /** @type {any} */ (window);
  w.lines = {};
  const { stroke, fill } = CanvasRenderingContext2D.prototype;
  /** @param {CanvasRenderingContext2D} ctx @param {string} colour @param {object} how */
  const note = (ctx, colour, how) => {
    const id = ctx.canvas.closest("section")?.id ?? "";
    w.lines[id] = { ...w.lines[id], [colour]: { ...w.lines[id]?.[colour], ...how } };
  };
  CanvasRenderingContext2D.prototype.stroke = function (/** @type {any} */ ...path) {
    if (path.length > 0) note(this, String(this.strokeStyle), { dash: this.getLineDash().join() });
    return stroke.apply(this, /** @type {any} */ (path));
  };
  CanvasRenderingContext2D.prototype.fill = function (/** @type {any} */ ...path) {
    if (path[0] instanceof Path2D) note(this, String(this.fillStyle), { filled: true });
    return fill.apply(this, /** @type {any} */ (path));
  };
}

test("check 27: without colours, lines differ by dash or area, changes by their sign", async () => {
  const { page, close } = await open(browser, memscope.url, {
    before: (page) => page.addInitScript(watchLines),
  });
  const cdp = await page.context().newCDPSession(page);
  const lines = await until("every line is drawn", async () => {
    const all = await page.evaluate(() => /** @type {any} */ (window).lines);
    const many = (/** @type {string} */ id) => Object.keys(all[`chart-${id}`] ?? {}).length;
    return many("memory") === 3 && many("rate") === 2 && many("cpu") === 2 && all;
  });
  for (const id of ["memory", "rate", "cpu"]) {
    const ways = Object.values(lines[`chart-${id}`]).map((way) => JSON.stringify(way));
    assert.equal(new Set(ways).size, ways.length, `${id}: ${ways.join(", ")}`);
    const keys = await page.$$eval(`#chart-${id} .key`, (all) =>
      all.map((key) => ["dashed", "area"].filter((way) => key.classList.contains(way)).join()),
    );
    assert.equal(new Set(keys).size, keys.length, `${id}: ${keys.join(" / ")}`);
  }
  for (const type of /** @type {const} */ (["deuteranopia", "achromatopsia"])) {
    await cdp.send("Emulation.setEmulatedVisionDeficiency", { type });
    await page.goto(`${memscope.url}#/overview`);
    await page.waitForSelector("#top-sites td");
    await picture(page, `overview-${type}`);
    await page.goto(`${memscope.url}#/snapshots?a=1&b=2`);
    await changes(page, BYTES);
    await picture(page, `diff-${type}`);
    await page.click("#tab-flame");
    await page.waitForSelector(".diff .icicle[data-drawn]");
    await picture(page, `diff-flame-${type}`);
    await page.click("#tab-sites");
  }
  const signs = (await changes(page, BYTES)).map((row) => row.change ?? "");
  assert.ok(signs.length > 0 && signs.every((text) => /^[+−±]/.test(text)), `${signs}`);
  await close();
});

test("check 5: 64 MiB in 1024 blocks are in the tiles, and gone with them", async () => {
  const { page, close } = await open(browser, memscope.url);
  await memscope.order("drop");
  /** Heap and blocks, as the tiles have them. */
  const shown = async () => {
    const all = await tiles(page);
    return [all[0].value, all[5].value];
  };
  const { seq } = await memscope.api("stats");
  const { heap } = await until("the tiles show what is left", async () => {
    const stats = await memscope.api("stats");
    return stats.seq > seq + 1 && (await shown())[1] === stats.heap.live_blocks && stats;
  });
  await memscope.order("take 1024 65536");
  await until("64 MiB more", async () => {
    const [bytes, blocks] = await shown();
    return bytes === heap.live_bytes + 64 * 2 ** 20 && blocks === heap.live_blocks + 1024;
  });
  await memscope.order("drop");
  await until("as before", async () => {
    const [bytes, blocks] = await shown();
    return bytes === heap.live_bytes && blocks === heap.live_blocks;
  });
  await close();
});

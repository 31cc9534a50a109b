// SPDX-License-Identifier: MIT
//
// The pages to explore: allocations, tasks and types, heap map, queries,
// timeline, settings; the drawer, explanations, and past moments in tables.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { DEMO, Memscope, target } from "./support/memscope.mjs";
import { full, go, launch, open, picture } from "./support/page.mjs";
import { until } from "./support/until.mjs";

/** @typedef {import("playwright-core").Page} Page */

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {Memscope} goes on */
let demo;
/** @type {Memscope} holds exactly what it says */
let still;
/** @type {Memscope} says all that there is to say */
let annotated;
before(async () => {
  [browser, demo, still, annotated] = await Promise.all([
    launch(),
    Memscope.start([DEMO, "--quiet"]),
    Memscope.start([DEMO, "--steps"]),
    Memscope.start([target("annotated")]),
  ]);
});
after(async () => {
  await browser?.close();
  await Promise.all([demo?.stop(), still?.stop(), annotated?.stop()]);
});

/** Texts of a table's cells, row by row. @param {Page} page @param {string} label */
function cells(page, label) {
  return page.$$eval(`.table[aria-label="${label}"] .tbody .tr:not([hidden])`, (rows) =>
    rows.map((row) =>
      Object.fromEntries(
        [...row.children].map((cell) => [
          /c-(\w+)/.exec(cell.className)?.[1],
          { text: cell.textContent, title: cell.getAttribute("title") },
        ]),
      ),
    ),
  );
}

/** @param {Page} page @param {string} label @param {(rows: any[]) => boolean} fits */
function rowsWhere(page, label, fits) {
  return until(`rows of ${label}`, async () => {
    const rows = await cells(page, label);
    return fits(rows) && rows;
  });
}

/** @param {string} text with grouping */
function number(text) {
  return Number(text.replace(/[^\d]/g, ""));
}

test("F10: the drawer of a call site has its stack, sizes, lifetimes and threads", async () => {
  const account = await still.account();
  const { page, close } = await open(browser, `${still.url}#/sites`);
  await page.click(".tr .name:text-is('cache_store')");
  await page.waitForSelector(".drawer .stacks li .name:text-is('cache_store')");
  await until("its callers have names", async () => {
    const stack = await page.$$eval(".drawer .stacks details[open] li .name", (all) =>
      all.map((e) => e.textContent),
    );
    return stack[0] === "cache_store" && stack[1] === "cache_main";
  });
  // The line of source that allocates, marked among its neighbours.
  await page.waitForSelector(".drawer .source .here:has-text('malloc')");
  await page.waitForSelector(".drawer td button:text-is('cache')");
  // check 14: the bars are all of it.
  const sum = (/** @type {string} */ id) =>
    page.$eval(`#chart-${id} canvas`, (e) => Number(e.getAttribute("data-sum")));
  assert.equal(await sum("site-sizes"), account.cache.live_bytes);
  assert.equal(await sum("site-lifetimes"), account.cache.free_count);
  assert.match((await page.textContent(".drawer .detail > .note")) ?? "", /^Oldest live block: 0x/);
  // From here to its thread, and on to what the thread holds.
  await page.click(".drawer td button:text-is('cache')");
  await page.waitForSelector(".drawer h2:text-is('cache')");
  await page.waitForSelector(".drawer td button:text-is('cache_store')");
  await page.click(".drawer a:text-is('Its live blocks')");
  const blocks = await rowsWhere(page, "Live blocks", (rows) => rows.length > 10);
  assert.ok(blocks.every((b) => b.thread.text === "cache" && b.site.text === "cache_store"));
  await until("the sums are the account's", async () =>
    (await page.textContent(".page .note"))?.startsWith(
      `${account.cache.live_blocks.toLocaleString("en-US")} blocks`,
    ),
  );
  await close();
});

test("check 14: the overview's bars sum up to live bytes and frees", async () => {
  const { page, close } = await open(browser, still.url);
  await full(page);
  const { heap } = await still.api("stats");
  const { lifetime } = await still.api("histograms");
  const sum = (/** @type {string} */ id) =>
    page.$eval(`#chart-${id} canvas`, (e) => Number(e.getAttribute("data-sum")));
  await until("sizes", async () => (await sum("sizes")) === heap.live_bytes);
  assert.equal(
    await sum("lifetimes"),
    lifetime.count.reduce((/** @type {number} */ a, /** @type {number} */ b) => a + b, 0),
  );
  await close();
});

test("check 9: a search leaves exactly its rows, and says their part of all", async () => {
  const account = await still.account();
  const { page, close } = await open(browser, `${still.url}#/sites?q=cache_store`);
  const [row, ...rest] = await rowsWhere(page, "Call sites", (rows) => rows.length === 1);
  assert.equal(rest.length, 0);
  assert.equal(number(row.live_bytes.title), account.cache.live_bytes);
  const words = await until("the sum is said", async () =>
    /Σ (.*) = ([\d.]+) % of (.*) live/.exec((await page.textContent(".page .note")) ?? ""),
  );
  const { heap } = await still.api("stats");
  const part = (account.cache.live_bytes / heap.live_bytes) * 100;
  assert.ok(Math.abs(Number(words[2]) - part) < 0.6, `${words[0]}, ${part}`);
  // The filters hold together, and are in the address.
  await page.fill(".search", "");
  await page.selectOption("select[aria-label='Live bytes at least']", "1048576");
  const { total } = await still.api("sites?min=1048576");
  await rowsWhere(page, "Call sites", (rows) => rows.length === total);
  assert.match(page.url(), /#\/sites\?min=1048576$/);
  await page.selectOption("select[aria-label='Module']", "demo");
  await until("in the address", () => /module=demo/.test(page.url()));
  await page.reload();
  await rowsWhere(page, "Call sites", (rows) => rows.length === total);
  assert.equal(await page.inputValue("select[aria-label='Module']"), "demo");
  await close();
});

test("F20: a table is saved as it is filtered, with exact numbers", async () => {
  const account = await still.account();
  const { page, close } = await open(browser, `${still.url}#/sites?q=session_leak`);
  await rowsWhere(page, "Call sites", (rows) => rows.length === 1);
  const [saved] = await Promise.all([
    page.waitForEvent("download"),
    page.click(".page button:text-is('CSV')"),
  ]);
  const text = await readFile(await saved.path(), "utf8");
  const [names, row, end] = text.split("\r\n").map((line) => line.split(","));
  assert.equal(row[names.indexOf("function")], "session_leak");
  assert.equal(row[names.indexOf("live_bytes")], String(account.leaker.live_bytes));
  assert.deepEqual(end, [""]);
  await close();
});

test("F3: tables show a past moment as the server has it, and go back to now", async () => {
  const { page, close } = await open(browser, `${demo.url}#/sites?q=session_leak`);
  await rowsWhere(page, "Call sites", (rows) => rows.length === 1);
  const moment = (await demo.api("stats")).uptime_ns;
  await until("some seconds", async () => (await demo.api("stats")).uptime_ns > moment + 2e9);
  await page.goto(`${demo.url}#/sites?q=session_leak&at=${moment / 1e9}`);
  const then = await until("rows of then", async () => {
    const words = (await page.textContent(".page .note")) ?? "";
    const [row] = await cells(page, "Call sites");
    return words.includes("as of") && row?.live_bytes.title && number(row.live_bytes.title);
  });
  // The moment is that of the nearest sample.
  const at = await page.evaluate(() => /at=([\d.]+)/.exec(location.hash)?.[1]);
  const past = await demo.api(`sites?q=session_leak&at=${Math.round(Number(at) * 1e9)}`);
  assert.ok(Math.abs(then - past.rows[0].live_bytes) <= 30_000, `${then}`);
  assert.ok((await demo.api("sites?q=session_leak")).rows[0].live_bytes > then);
  await page.keyboard.press("n");
  await until("now again", async () => {
    const [row] = await cells(page, "Call sites");
    return row && number(row.live_bytes.title) > then;
  });
  await close();
});

test("F7: threads by name, by state, as a heat map; pinned ones first", async () => {
  const { page, close, problems } = await open(browser, `${demo.url}#/threads`);
  await rowsWhere(page, "Threads", (rows) => rows.length === 7);
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
  assert.deepEqual([type.name.text, type.provenance.text], ["struct row", "annotated"]);
  await page.click(".table[aria-label='Tasks'] .tr:has-text('query')");
  const blocks = await rowsWhere(page, "Live blocks", (rows) => rows.length === 1);
  assert.equal(blocks[0].size.text, "500 B");
  await close();
});

test("F15: the parts of the resident memory add up; the map goes into a cell and back", async () => {
  const { page, close, problems } = await open(browser, `${still.url}#/heap`);
  const parts = await until("the parts are there", async () => {
    const all = await page.$$eval("[data-part]", (list) =>
      list.map((e) => Number(e.getAttribute("data-bytes"))),
    );
    return all.length === 8 && all[0] > 0 && all;
  });
  const total = await page.$eval(".resident .note", (e) => e.getAttribute("title"));
  assert.equal(
    parts.reduce((a, b) => a + b, 0),
    number(total ?? ""),
  );
  await page.waitForSelector(".heap-parts b");
  const sums = await page.$$eval(".heap-parts b", (all) => all.map((e) => e.title));
  const exact = sums.map(number);
  assert.equal(
    exact.slice(0, -1).reduce((a, b) => a + b, 0),
    exact.at(-1),
  );
  const grid = page.locator(".heap-grid[data-cells]");
  const cell = Number(await grid.getAttribute("data-cell-bytes"));
  const { heap } = await still.api("stats");
  const live = await page.textContent(".heap-map .note");
  assert.match(live ?? "", /cells of 16\.0 KiB/);
  assert.ok(heap.live_bytes > 0);
  await grid.focus();
  await page.keyboard.press("End");
  await until("a cell is told of", async () =>
    /^0x[0-9a-f]+ to 0x.* live in \d+ blocks/.test(
      (await page.textContent(".heap-map .looked")) ?? "",
    ),
  );
  await page.keyboard.press("Enter");
  await page.waitForSelector(`.heap-grid[data-cell-bytes="${cell / 256}"]`);
  await picture(page, "heap-map");
  await page.keyboard.press("Escape");
  await page.waitForSelector(`.heap-grid[data-cell-bytes="${cell}"]`);
  assert.deepEqual(await problems(), []);
  await close();
});

test("queries: own ones and ready ones, errors in their place, a chart, a file", async () => {
  const account = await still.account();
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

// SPDX-License-Identifier: MIT
//
// A one-file report in Chromium, from disk: it asks nobody for anything, shows
// the numbers of its snapshot, and nothing of what a program calls itself acts.

import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { flameOf } from "../../web/src/saved/flame.js";
import { DEMO, memscope, OpenedFile } from "./support/memscope.mjs";
import { go, launch, pillSays } from "./support/page.mjs";
import { until } from "./support/until.mjs";

const HOSTILE = [
  "</script><script>window.struck = 1</script>",
  '"><img src=x onerror="window.struck = 1">',
  "\u202egnitsissa\u202c <!-- <script>",
  "=cmd|' /C calc'!A0 \u001b[31m",
];

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {string} */
let folder;
before(async () => {
  browser = await launch();
  folder = await mkdtemp(join(tmpdir(), "memscope-report-"));
});
after(async () => {
  await browser?.close();
  await rm(folder, { recursive: true, force: true });
});

/** Runs the demo for a second. @param {string} file for the report */
function runToEnd(file) {
  const demo = [DEMO, "--quiet", "--seconds", "1"];
  return memscope("run", "--port", "0", "--exit-report", file, "--", ...demo);
}

/** Opens a report, and remembers all that it asks for and complains of. @param {string} file */
async function openReport(file) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  /** @type {string[]} */
  const heard = [];
  page.on("request", (r) => heard.push(`request: ${r.url()}`));
  page.on("websocket", (s) => heard.push(`websocket: ${s.url()}`));
  page.on("console", (m) => heard.push(`console: ${m.text()}`));
  page.on("pageerror", (e) => heard.push(`error: ${e.message}`));
  await page.addInitScript(() =>
    document.addEventListener("securitypolicyviolation", (e) =>
      console.error(`${e.violatedDirective} ${e.blockedURI}`),
    ),
  );
  const url = pathToFileURL(file).href;
  await page.goto(url);
  await pillSays(page, /^Saved · /);
  return {
    page,
    /** Without itself, and the picture of its tab. */
    heard: () => heard.filter((h) => h !== `request: ${url}` && !h.startsWith("request: data:")),
    close: () => context.close(),
  };
}

/** @param {import("playwright-core").Page} page @param {number} live */
function heapIs(page, live) {
  return page.waitForFunction(
    (value) => document.querySelector("#tile-heap")?.getAttribute("data-value") === value,
    String(live),
  );
}

test("the report of a program's end shows what it left", async () => {
  const html = join(folder, "left.html");
  const { stderr } = await runToEnd(html);
  assert.match(stderr, /the report is in .*left\.html/);
  const blocks = stderr.match(/ ([\d,]+) blocks?, .*, not freed/)?.[1].replaceAll(",", "");
  const { page, heard, close } = await openReport(html);
  try {
    await page.waitForFunction(
      (value) => document.querySelector("#tile-blocks")?.getAttribute("data-value") === value,
      blocks,
    );
    assert.deepEqual(heard(), []);
  } finally {
    await close();
  }
});

test("a report of a saved snapshot has its numbers, and asks nobody", async () => {
  const [html, json] = ["end.html", "end.json"].map((name) => join(folder, name));
  await runToEnd(json);
  await memscope("report", "-o", html, json);
  const saved = JSON.parse(await readFile(json, "utf8"));
  const { page, heard, close } = await openReport(html);
  try {
    await heapIs(page, saved.stats.heap.live_bytes);
    await go(page, "sites");
    const largest = saved.sites.reduce((/** @type {any} */ a, /** @type {any} */ b) =>
      b.live_bytes > a.live_bytes ? b : a,
    );
    await until("the largest site is shown", async () =>
      (await page.locator(".page-site .tr").allTextContents()).some((row) =>
        row.includes(largest.function),
      ),
    );
    await go(page, "flame");
    await until("the flame graph has its total", async () =>
      / in [\d,]+ blocks?$/.test((await page.textContent(".flame .what")) ?? ""),
    );
    await go(page, "threads");
    await page.waitForSelector(".page-th .tr");
    await go(page, "leaks");
    await until("what was known then is shown", async () => {
      // biome-ignore lint/performance/useDomNodeTextContent: what is hidden is not in it
      const text = await page.innerText(".leaks");
      return text.includes("Not scanned yet") && text.includes("No call site keeps growing");
    });
    await go(page, "tasks");
    await until("so are types", async () =>
      /type is unknown/.test((await page.textContent(".tasks")) ?? ""),
    );
    assert.deepEqual(heard(), []);
  } finally {
    await close();
  }
});

test("a report answers what a server answers of the same file", async () => {
  const file = join(folder, "same.json");
  await memscope("run", "--port", "0", "--exit-report", file, "--", "/usr/bin/perl", "-e", "1");
  const saved = JSON.parse(await readFile(file, "utf8"));
  const shown = await OpenedFile.start([file]);
  try {
    for (const weight of ["live_bytes", "live_blocks", "alloc_bytes", "alloc_count"])
      for (const by of ["function", "line"])
        for (const order of ["callers", "callees"])
          for (const min of ["0", "0.01"]) {
            const query = `weight=${weight}&by=${by}&order=${order}&min=${min}`;
            const answer = await fetch(`${shown.url}api/v1/flame?${query}`);
            const { session, epoch, seq, snapshot, ...flame } = /** @type {any} */ (
              await answer.json()
            );
            const [byLine, inverted] = [by === "line", order === "callees"];
            assert.deepEqual(
              flameOf(saved, { weight, byLine, inverted, least: Number(min) }),
              flame,
              query,
            );
          }
    assert.ok(saved.stacks.length > 20);
  } finally {
    await shown.stop();
  }
});

test("hostile names stay text", async () => {
  const [json, html] = ["hostile.json", "hostile.html"].map((name) => join(folder, name));
  await runToEnd(json);
  const saved = JSON.parse(await readFile(json, "utf8"));
  saved.session.command = HOSTILE[0];
  saved.name = HOSTILE[1];
  saved.sites.forEach((/** @type {any} */ site, /** @type {number} */ i) => {
    site.function = HOSTILE[i % HOSTILE.length];
    site.file = HOSTILE[0];
  });
  saved.frames.forEach((/** @type {any} */ frame, /** @type {number} */ i) => {
    frame.function = HOSTILE[i % HOSTILE.length];
  });
  for (const thread of saved.threads) thread.name = "</script><b>";
  await writeFile(json, JSON.stringify(saved));
  await memscope("report", json, "-o", html);
  const { page, heard, close } = await openReport(html);
  try {
    await heapIs(page, saved.stats.heap.live_bytes);
    for (const id of ["sites", "threads", "flame", "snapshots"]) await go(page, id);
    await go(page, "sites");
    await until("names are shown as they are", async () =>
      (await page.locator(".page-site .tr").allTextContents()).some((row) =>
        row.includes("</script><script>"),
      ),
    );
    assert.equal(await page.evaluate(() => /** @type {any} */ (window).struck), undefined);
    assert.equal(await page.locator("img").count(), 0);
    assert.deepEqual(heard(), []);
  } finally {
    await close();
  }
});

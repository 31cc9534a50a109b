// SPDX-License-Identifier: MIT
//
// paint: what the page costs the one who looks at it, in one run of Chromium.
// The overview of the running demo at 10 Hz; the same six charts by others;
// how soon there is a number; tables of very many rows.
//
//   node bench/paint.mjs [--build build/release] [--seconds 15] [--json]
//
// Scripting of a tick is the frame that draws it, by the clock of the page's
// thread, which stands still while another process has the core; by the wall
// clock it is beside it. All script is that of messages and questions as well.

import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { quantile, ratio, spread } from "./page/figures.mjs";

const { values: options } = parseArgs({
  options: {
    build: { type: "string", default: "build/release" },
    seconds: { type: "string", default: "15" },
    json: { type: "boolean", default: false },
  },
});
const build = resolve(options.build);
process.env.MEMSCOPE_BIN ??= join(build, "cli/memscope");
process.env.MEMSCOPE_DEMO ??= join(build, "examples/demo");
const { timeToRows } = await import("../tests/browser/support/acting.mjs");
const { DEMO, Memscope, target } = await import("../tests/browser/support/memscope.mjs");
const { full, launch, open } = await import("../tests/browser/support/page.mjs");
const { until } = await import("../tests/browser/support/until.mjs");

const require = createRequire(new URL("../web/package.json", import.meta.url));
const SITES = 100_000;
const THREADS = 2000;
const MS = Number(options.seconds) * 1000;
const pause = (/** @type {number} */ ms) => new Promise((done) => setTimeout(done, ms));

/** The CPU time that script has had, in ms, by the thread's own clock. */
async function scriptClock(page) {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send("Performance.enable", { timeDomain: "threadTicks" });
  return async () => {
    const { metrics } = await cdp.send("Performance.getMetrics");
    return 1000 * metrics.find((m) => m.name === "ScriptDuration").value;
  };
}

/** The frames that drew a tick, out of what Chromium traced. */
function drawn(trace) {
  const { traceEvents: events } = JSON.parse(trace.toString());
  const paints = events.filter((e) => e.name === "paint" && e.ph === "b");
  return events.filter(
    (e) =>
      e.name === "FireAnimationFrame" &&
      paints.some((p) => p.tid === e.tid && p.ts >= e.ts && p.ts <= e.ts + e.dur),
  );
}

/** The overview as it is, tick by tick. */
async function overview(browser, url) {
  const { page, close } = await open(browser, url);
  await full(page);
  const clock = await scriptClock(page);
  await browser.startTracing(page, { categories: ["devtools.timeline", "blink.user_timing"] });
  const before = await clock();
  await pause(MS);
  const all = (await clock()) - before;
  const frames = drawn(await browser.stopTracing());
  await close();
  return {
    cpu: spread(frames.map((frame) => frame.tdur / 1000)),
    wall: spread(frames.map((frame) => frame.dur / 1000)),
    all: all / frames.length,
  };
}

/** Six charts in a page of their own, which has the server's address. */
async function rivals(browser, url) {
  const esbuild = require("esbuild");
  const [script] = (
    await esbuild.build({
      entryPoints: [new URL("page/six_charts.js", import.meta.url).pathname],
      bundle: true,
      format: "esm",
      minify: true,
      write: false,
      logLevel: "error",
      nodePaths: [new URL("../web/node_modules", import.meta.url).pathname],
    })
  ).outputFiles;
  // So isolated, the page has a clock of 5 µs.
  const headers = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
  };
  const { page, close, problems } = await open(browser, new URL("/six", url).href, {
    viewport: { width: 1900, height: 1900 },
    before: async (page) => {
      await page.route("**/six", (route) =>
        route.fulfill({
          headers,
          contentType: "text/html",
          body: '<!doctype html><link rel="stylesheet" href="/app.css"><script type="module" src="/six.js"></script>',
        }),
      );
      await page.route("**/six.js", (route) =>
        route.fulfill({ headers, contentType: "text/javascript", body: script.text }),
      );
    },
  });
  const taken = () => page.evaluate(() => window.taken);
  await until("they are warm", async () => {
    const found = await problems();
    if (found.length > 0) throw new Error(found.join("\n"));
    return (await taken())?.ours.length >= 20;
  });
  await page.evaluate(() => {
    for (const list of Object.values(window.taken)) list.length = 0;
  });
  await pause(MS);
  const all = await taken();
  await close();
  return Object.fromEntries(
    Object.entries(all).map(([key, list]) => [
      key,
      { ...spread(list), ratio: ratio(list, all.ours) },
    ]),
  );
}

/** From the navigation to the first number, and what has come by then. */
async function first(browser, url) {
  const times = [];
  let bytes = 0;
  for (let i = 0; i < 5; i++) {
    bytes = 0;
    const { page, close } = await open(browser, url, {
      async before(page) {
        const cdp = await page.context().newCDPSession(page);
        await cdp.send("Network.enable");
        cdp.on("Network.loadingFinished", ({ encodedDataLength }) => {
          bytes += encodedDataLength;
        });
      },
    });
    const seen = await until("there is a number", () =>
      page.evaluate(() => window.seen.firstNumber),
    );
    times.push(seen.after);
    await close();
  }
  return { median: quantile(times, 0.5), least: Math.min(...times), bytes };
}

/** Tables of very many rows, as a reader has to wait for them. */
async function tables(browser) {
  const [sites, threads] = await Promise.all([
    Memscope.start([target("many_sites")]),
    Memscope.start([target("many_threads"), String(THREADS)]),
  ]);
  try {
    const known = async (memscope, path, many) =>
      until(path, async () => {
        const { total } = await memscope.api(`${path}?limit=1`);
        return total >= many && total;
      });
    return {
      sites: await table(browser, `${sites.url}#/sites`, await known(sites, "sites", SITES), {
        by: ["function", "live_bytes"],
        type: "place_7391",
      }),
      threads: await table(
        browser,
        `${threads.url}#/threads`,
        await known(threads, "threads", THREADS),
        { by: ["tid", "live_bytes"], type: "" },
      ),
    };
  } finally {
    await Promise.all([sites.stop(), threads.stop()]);
  }
}

async function table(browser, url, total, { by, type }) {
  const { page, close } = await open(browser, url);
  await until(
    "all are counted",
    async () => Number(await page.getAttribute(".table", "aria-rowcount")) >= total,
  );
  const sorts = [];
  for (let i = 0; i < 10; i++) {
    sorts.push(await timeToRows(page, () => page.click(`.th[data-key='${by[i % 2]}'] button`)));
    await pause(300);
  }
  const rows = Number(await page.getAttribute(".table", "aria-rowcount"));
  const begin = performance.now();
  await page.$eval(".scroller", (e) => {
    e.scrollTop = e.scrollHeight;
  });
  await until("the last row", () =>
    page.evaluate(
      (last) => document.querySelector(`.tr[aria-rowindex="${last}"]:not([hidden])`) !== null,
      rows,
    ),
  );
  const end = performance.now() - begin;
  await page.focus(".search");
  const keys = [];
  for (const key of type) {
    if (/\d/.test(key)) keys.push(await timeToRows(page, () => page.keyboard.press(key)));
    else await page.keyboard.press(key);
    await pause(300);
  }
  await close();
  return { rows: rows - 1, sort: spread(sorts), end, search: keys.length ? spread(keys) : null };
}

async function measure() {
  // A page that is put together here may ask the server nevertheless.
  const browser = await launch(["--disable-features=LocalNetworkAccessChecks"]);
  const demo = await Memscope.start([DEMO, "--quiet"]);
  try {
    await until("it has been watched", async () => (await demo.api("stats")).seq > 20);
    return {
      first: await first(browser, demo.url),
      overview: await overview(browser, demo.url),
      charts: await rivals(browser, demo.url),
      tables: await tables(browser),
    };
  } finally {
    await browser.close();
    await demo.stop();
  }
}

const results = await measure();
if (options.json) console.log(JSON.stringify(results));
else console.dir(results, { depth: 4 });

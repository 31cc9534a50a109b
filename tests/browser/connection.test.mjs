// SPDX-License-Identifier: MIT
//
// What the page says when the program, or memscope, ends, stops or comes back.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, afterEach, before, test } from "node:test";
import { DEMO, Memscope, target } from "./support/memscope.mjs";
import { full, go, held, launch, open, picture, pill, pillSays, tiles } from "./support/page.mjs";
import { until } from "./support/until.mjs";

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {Memscope | undefined} */
let memscope;
before(async () => {
  browser = await launch();
});
after(async () => {
  await browser?.close();
});
afterEach(async () => {
  await memscope?.stop();
  memscope = undefined;
});

test("check 18, F5: a killed program: Ended, with its last numbers, and snapshots still work", async () => {
  memscope = await Memscope.start([DEMO, "--quiet"]);
  const { page, close, problems } = await open(browser, memscope.url);
  await full(page);
  process.kill(memscope.pid, "SIGKILL");
  await pillSays(page, /^Ended · signal 9$/);
  const last = await memscope.api("stats");
  const shown = await until("the last tick is shown", async () => {
    const all = await tiles(page);
    return all[0].seq === last.seq && all;
  });
  assert.equal(shown[0].value, last.heap.live_bytes);
  assert.equal(shown[2].value, last.heap.peak_bytes);
  assert.equal(shown[5].value, last.heap.live_blocks);
  assert.ok(last.heap.live_bytes > 16 * 2 ** 20, "the cache was held when it died");
  await page.click("#take-snapshot");
  await go(page, "snapshots");
  await page.waitForSelector(".snapshots tbody tr a");
  const [file] = await Promise.all([
    page.waitForEvent("download"),
    page.click(".snapshots tbody a"),
  ]);
  const whole = JSON.parse(await readFile(await file.path(), "utf8"));
  assert.equal(whole.stats.heap.live_bytes, last.heap.live_bytes);
  await go(page, "overview");
  assert.deepEqual(await tiles(page), shown, "nothing has changed");
  await picture(page, "ended");
  assert.deepEqual(await problems(), []);
  await close();
});

test("a page opened after the end shows all that was", async () => {
  memscope = await Memscope.start([DEMO, "--quiet", "--seconds", "3"]);
  const m = memscope;
  await until(
    "the demo has ended",
    async () => (await m.api("status")).sessions[0].state === "ended",
  );
  const { page, close } = await open(browser, m.url);
  await pillSays(page, /^Ended · exit 0$/);
  await full(page);
  assert.equal((await tiles(page))[0].value, (await m.api("stats")).heap.live_bytes);
  await close();
});

test("memscope ends with its program: the page stays as it was", async () => {
  memscope = await Memscope.start([DEMO, "--quiet"], { keepOpen: false });
  let tries = 0;
  const { page, close } = await open(browser, memscope.url, {
    async before(page) {
      page.on("websocket", () => {
        tries++;
      });
    },
  });
  await full(page);
  process.kill(memscope.pid, "SIGTERM");
  await memscope.ended;
  await pillSays(page, /^Ended/);
  await until("the page has looked for it again", async () => {
    assert.match((await pill(page)) ?? "", /^Ended/);
    return tries >= 4;
  });
  assert.ok((await tiles(page))[0].value > 0);
  await close();
});

test("check 17, F5: memscope stands still: Stale and dimmed; then Live, the gap to be seen", async (t) => {
  memscope = await Memscope.start([DEMO, "--quiet"]);
  const { page, close } = await open(browser, memscope.url);
  await full(page);
  await page.click('[data-seconds="30"]');
  const begin = performance.now();
  memscope.child.kill("SIGSTOP");
  await pillSays(page, /^Stale \d+ s$/);
  t.diagnostic(`Stale after ${((performance.now() - begin) / 1000).toFixed(1)} s`);
  const dimmed = await page.evaluate(() => {
    /** @param {string} selector */
    const style = (selector) =>
      getComputedStyle(/** @type {Element} */ (document.querySelector(selector)));
    return (
      style("main .number").color !== style("body").color &&
      Number(style("main canvas").opacity) < 1
    );
  });
  assert.ok(dimmed, "numbers and charts");
  await picture(page, "stale");
  const before = await held(page);
  memscope.child.kill("SIGCONT");
  await pillSays(page, /^Live/);
  await until("ten ticks more are held", async () => (await held(page)).last >= before.last + 10);
  const { first, last, samples } = await held(page);
  assert.equal(last - first + 1, samples, "no tick that was is missing");
  const gap = await widestGap(page);
  t.diagnostic(`the gap has ${gap} pixels of the memory chart`);
  assert.ok(gap >= 20, `${gap} pixels`);
  await close();
});

/** Pixel columns without the line of the live heap, between some with it. */
/** @param {import("playwright-core").Page} page */
function widestGap(page) {
  return page.evaluate(() => {
    const canvas = /** @type {HTMLCanvasElement} */ (
      document.querySelector("#chart-memory canvas")
    );
    const { data, width, height } = /** @type {CanvasRenderingContext2D} */ (
      canvas.getContext("2d")
    ).getImageData(0, 0, canvas.width, canvas.height);
    const probe = /** @type {CanvasRenderingContext2D} */ (
      document.createElement("canvas").getContext("2d")
    );
    probe.fillStyle = getComputedStyle(document.documentElement).getPropertyValue("--heap");
    const want = [1, 3, 5].map((i) => Number.parseInt(String(probe.fillStyle).slice(i, i + 2), 16));
    let widest = 0;
    let since = Number.NaN;
    for (let x = 0; x < width; x++) {
      let has = false;
      for (let y = 0; y < height && !has; y++) {
        const i = 4 * (y * width + x);
        has =
          data[i + 3] > 200 &&
          Math.abs(data[i] - want[0]) +
            Math.abs(data[i + 1] - want[1]) +
            Math.abs(data[i + 2] - want[2]) <
            40;
      }
      if (!has) continue;
      if (x - since > widest) widest = x - since;
      since = x;
    }
    return widest;
  });
}

test("check 18: memscope comes back on its port: Reconnecting, then another process, and that is said", async () => {
  memscope = await Memscope.start([DEMO, "--quiet"]);
  const { port } = memscope;
  const { page, close } = await open(browser, memscope.url);
  await full(page);
  const before = await tiles(page);
  memscope.child.kill("SIGKILL");
  process.kill(memscope.pid, "SIGKILL");
  await memscope.ended;
  await pillSays(page, /^Reconnecting/);
  assert.ok((await tiles(page))[0].seq >= before[0].seq, "the last numbers stay");
  memscope = await Memscope.start([DEMO, "--quiet"], { port });
  await pillSays(page, /^Live/);
  await until("it is said", async () =>
    /Another process/.test((await page.textContent(".notice")) ?? ""),
  );
  const { seq } = await memscope.api("stats");
  await until("only the new one's samples are held", async () => {
    const now = await held(page);
    return now.first <= 2 && now.last >= seq && now.last - now.first + 1 === now.samples;
  });
  await close();
});

test("a lost connection comes back where it was, without a hole", async () => {
  memscope = await Memscope.start([DEMO, "--quiet"]);
  /** @type {any} */
  let socket;
  let connections = 0;
  const { page, close } = await open(browser, memscope.url, {
    before: (page) =>
      page.routeWebSocket(/\/ws$/, (/** @type {any} */ ws) => {
        connections++;
        socket = ws;
        ws.connectToServer();
      }),
  });
  await full(page);
  const before = await held(page);
  await socket.close({ code: 1013, reason: "begin anew" });
  await until("there is another connection", () => connections === 2);
  await until("ten ticks more are held", async () => (await held(page)).last >= before.last + 10);
  const { first, last, samples } = await held(page);
  assert.equal(first, before.first);
  assert.equal(last - first + 1, samples);
  await close();
});

test("a program of which a tick costs much: how often it comes is said, and is not Stale", async () => {
  memscope = await Memscope.start([target("one_at_a_time"), "1000000", "17"]);
  const { page, close, problems } = await open(browser, memscope.url);
  await full(page);
  await pillSays(page, /^Live · (0\.[5-9]|[1-4](\.\d)?) Hz$/);
  /** @type {Set<string>} */
  const said = new Set();
  const { last } = await held(page);
  await until("three more", async () => {
    said.add(await pill(page));
    return (await held(page)).last >= last + 3;
  });
  assert.deepEqual(
    [...said].filter((one) => !one.startsWith("Live")),
    [],
  );
  assert.deepEqual(await problems(), []);
  await close();
});

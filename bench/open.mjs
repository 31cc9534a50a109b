// SPDX-License-Identifier: MIT
//
// open: what a page that stays open comes to hold. The overview of the running
// demo at 10 Hz; every minute all garbage is collected, and what is left is
// said. At the end: the slope of the line through all of it.
//
//   node bench/open.mjs [--build build/release] [--minutes 30]

import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { slope } from "./page/figures.mjs";

const { values: options } = parseArgs({
  options: {
    build: { type: "string", default: "build/release" },
    minutes: { type: "string", default: "30" },
  },
});
const build = resolve(options.build);
process.env.MEMSCOPE_BIN ??= join(build, "cli/memscope");
process.env.MEMSCOPE_DEMO ??= join(build, "examples/demo");
const { DEMO, Memscope } = await import("../tests/browser/support/memscope.mjs");
const { full, held, launch, open } = await import("../tests/browser/support/page.mjs");
const { scales } = await import("../tests/browser/support/weight.mjs");

const KIB = 1024;
const browser = await launch();
const demo = await Memscope.start([DEMO, "--quiet"]);
try {
  const { page } = await open(browser, demo.url);
  // What a test writes down of the page would grow with it.
  await full(page);
  const weigh = await scales(page);
  const all = [];
  for (let minute = 0; minute <= Number(options.minutes); minute++) {
    await page.evaluate(() => {
      window.seen = { violations: [], paints: [], labels: {}, firstNumber: null };
    });
    const now = await weigh();
    all.push(now);
    const { last } = await held(page);
    console.log(
      `minute ${minute}, tick ${last}: heap ${(now.heap / KIB).toFixed(0)} KiB, ` +
        `${now.nodes} nodes, ${now.listeners} listeners`,
    );
    if (minute < Number(options.minutes)) await new Promise((done) => setTimeout(done, 60_000));
  }
  const steady = all.slice(1); // the first minute still makes what it needs
  const per = (name) => slope(steady.map((one) => one[name]));
  const grown = steady.at(-1).heap - steady[0].heap;
  console.log(
    `per minute: heap ${(per("heap") / KIB).toFixed(2)} KiB, nodes ${per("nodes").toFixed(2)}, ` +
      `listeners ${per("listeners").toFixed(2)}; heap since minute 1: ${(grown / KIB).toFixed(0)} KiB`,
  );
} finally {
  await browser.close();
  await demo.stop();
}

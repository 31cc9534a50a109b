// SPDX-License-Identifier: MIT
//
// open: what a page that stays open comes to hold. The overview of the running
// demo at 10 Hz; every minute all garbage is collected, and what is left is
// said, by whose making it is (tests/browser/support/weight.mjs). At the end:
// the slope of the line through the last half, with what two standard errors
// of it leave open.
//
//   node bench/open.mjs [--build build/release] [--minutes 30] [--interpreted]
//
// --interpreted: V8 compiles no machine code, so that what it would make of
// functions that become hot is not in the heap.

import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { slope } from "./page/figures.mjs";

const { values: options } = parseArgs({
  options: {
    build: { type: "string", default: "build/release" },
    minutes: { type: "string", default: "30" },
    interpreted: { type: "boolean", default: false },
  },
});
const build = resolve(options.build);
process.env.MEMSCOPE_BIN ??= join(build, "cli/memscope");
process.env.MEMSCOPE_DEMO ??= join(build, "examples/demo");
const { DEMO, Memscope } = await import("../tests/browser/support/memscope.mjs");
const { full, held: samples, launch, open } = await import("../tests/browser/support/page.mjs");
const { inventory, scales } = await import("../tests/browser/support/weight.mjs");

const KIB = 1024;
const minutes = Number(options.minutes);
const KEYS = {
  heap: "JS heap",
  made: "of it the page's own",
  engine: "V8's own",
  outside: "buffers",
  browser: "the browser's",
};

/** @param {Record<string, number>[]} all a minute each */
function sayGrowth(all) {
  const late = all.slice(Math.ceil(minutes / 2)); // before, rings fill and code gets hot
  console.log(`growth from minute ${minutes - late.length + 1} to ${minutes}:`);
  for (const [key, words] of Object.entries(KEYS)) {
    const { perStep, error } = slope(late.map((one) => one[key] / KIB));
    console.log(
      `  ${words}: ${perStep.toFixed(2)} ± ${(2 * error).toFixed(2)} KiB a minute, ` +
        `at ${(late.at(-1)[key] / KIB).toFixed(0)} KiB`,
    );
  }
  for (const key of ["objects", "nodes", "listeners"]) {
    const { perStep, error } = slope(late.map((one) => one[key]));
    console.log(
      `  ${key}: ${perStep.toFixed(2)} ± ${(2 * error).toFixed(2)} a minute, at ${late.at(-1)[key]}`,
    );
  }
}

const browser = await launch(options.interpreted ? ["--js-flags=--jitless"] : []);
const demo = await Memscope.start([DEMO, "--quiet"]);
try {
  const { page } = await open(browser, demo.url);
  await full(page);
  const weigh = await scales(page);
  const list = await inventory(page);
  const all = [];
  const begin = performance.now();
  for (let minute = 0; minute <= minutes; minute++) {
    const due = begin + minute * 60_000 - performance.now();
    await new Promise((done) => setTimeout(done, Math.max(0, due)));
    // What a test writes down of the page would grow with it.
    await page.evaluate(() => {
      window.seen = { violations: [], paints: [], labels: {}, firstNumber: null };
    });
    const { nodes, listeners } = await weigh();
    const held = await list();
    const now = { ...held, heap: held.made + held.engine, nodes, listeners };
    all.push(now);
    const { last } = await samples(page);
    const sizes = Object.keys(KEYS).map((key) => `${KEYS[key]} ${(now[key] / KIB).toFixed(0)}`);
    console.log(
      `minute ${minute}, tick ${last}: ${sizes.join(", ")} KiB; ` +
        `${now.objects} objects, ${now.nodes} nodes, ${now.listeners} listeners`,
    );
  }
  sayGrowth(all);
} finally {
  await browser.close();
  await demo.stop();
}

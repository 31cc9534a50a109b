// SPDX-License-Identifier: MIT
//
// open: what a page that stays open comes to hold. The overview of the running
// demo at 10 Hz. At the end: the slope of the line through the last half, with
// what two standard errors of it leave open.
//
//   node bench/open.mjs [--build build/release] [--minutes 30] [--every 1] [--hot | --interpreted]
//
// The floor of a minute is the least that was in use in it, asked for four
// times a second: what V8's own collections have left, as without us. In every
// so many minutes all garbage is collected, and what is left is said, by whose
// making it is (tests/browser/support/weight.mjs). Such a collection is not
// without effect: V8 drops what it has compiled of functions that are seldom
// called, and compiles it again. Beyond 1, --every leaves the page alone
// between, and the slope is that of the floors.
//
// V8 compiles a function after 400 calls, and once more, better, after 3,000:
// of what is called once in three seconds, that is after 20 minutes and after
// two and a half hours. --hot: after 20 and 150 calls, so that such a
// function has been compiled within eight minutes: what hours come to.
// --interpreted: nothing is compiled, so that no such code is in the heap.

import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { slope } from "./page/figures.mjs";

const { values: options } = parseArgs({
  options: {
    build: { type: "string", default: "build/release" },
    minutes: { type: "string", default: "30" },
    every: { type: "string", default: "1" },
    hot: { type: "boolean", default: false },
    interpreted: { type: "boolean", default: false },
  },
});
const build = resolve(options.build);
process.env.MEMSCOPE_BIN ??= join(build, "cli/memscope");
process.env.MEMSCOPE_DEMO ??= join(build, "examples/demo");
const { DEMO, Memscope } = await import("../tests/browser/support/memscope.mjs");
const { full, held: samples, launch, open } = await import("../tests/browser/support/page.mjs");
const { gauge, inventory, scales } = await import("../tests/browser/support/weight.mjs");

const KIB = 1024;
const GAUGE_MS = 250;
const HOT =
  "--invocation-count-for-maglev=20 --invocation-count-for-turbofan=150 --minimum-invocations-after-ic-update=25";
const minutes = Number(options.minutes);
const every = Number(options.every);
const KEYS = {
  heap: "JS heap",
  made: "of it the page's own",
  engine: "V8's own",
  outside: "buffers",
  browser: "the browser's",
};

/** @param {string} words @param {number[]} values a minute each @param {string} unit */
function saySlope(words, values, unit) {
  const { perStep, error } = slope(values);
  console.log(
    `  ${words}: ${perStep.toFixed(2)} ± ${(2 * error).toFixed(2)}${unit} a minute, ` +
      `at ${values.at(-1).toFixed(0)}${unit}`,
  );
}

/** @param {number[]} floors of each minute @param {Record<string, number>[]} looks */
function sayGrowth(floors, looks) {
  const late = floors.slice(Math.floor(minutes / 2)); // before, rings fill and code gets hot
  console.log(`growth from minute ${minutes - late.length + 1} to ${minutes}:`);
  saySlope(
    "floor of the JS heap",
    late.map((bytes) => bytes / KIB),
    " KiB",
  );
  if (every !== 1) return;
  const last = looks.slice(-late.length);
  for (const [key, words] of Object.entries(KEYS))
    saySlope(
      words,
      last.map((one) => one[key] / KIB),
      " KiB",
    );
  for (const key of ["objects", "nodes", "listeners"])
    saySlope(
      key,
      last.map((one) => one[key]),
      "",
    );
}

const engine = options.interpreted ? "--jitless" : options.hot ? HOT : "";
const browser = await launch([`--js-flags=${engine}`]);
const demo = await Memscope.start([DEMO, "--quiet"]);
try {
  const { page } = await open(browser, demo.url);
  await full(page);
  const [used, weigh, list] = [await gauge(page), await scales(page), await inventory(page)];
  const begin = performance.now();

  /** The least in use until a minute is over. @param {number} minute */
  async function floorOf(minute) {
    let least = Number.POSITIVE_INFINITY;
    while (performance.now() < begin + minute * 60_000) {
      await new Promise((done) => setTimeout(done, GAUGE_MS));
      least = Math.min(least, await used());
    }
    // What a test writes down of the page would grow with it.
    await page.evaluate(() => {
      window.seen = { violations: [], paints: [], labels: {}, firstNumber: null };
    });
    return least;
  }

  async function look() {
    const { nodes, listeners } = await weigh();
    const held = await list();
    return { ...held, heap: held.made + held.engine, nodes, listeners };
  }

  const looks = [];
  const floors = [];
  for (let minute = 0; minute <= minutes; minute++) {
    let said = "";
    if (minute > 0) {
      floors.push(await floorOf(minute));
      said = `floor ${(floors.at(-1) / KIB).toFixed(0)} KiB`;
    }
    if (minute % every === 0 || minute === minutes) {
      const now = await look();
      looks.push(now);
      const sizes = Object.keys(KEYS).map((key) => `${KEYS[key]} ${(now[key] / KIB).toFixed(0)}`);
      said +=
        `${said && "; "}${sizes.join(", ")} KiB; ` +
        `${now.objects} objects, ${now.nodes} nodes, ${now.listeners} listeners`;
    }
    const { last } = await samples(page);
    console.log(`minute ${minute}, tick ${last}: ${said}`);
  }
  sayGrowth(floors, looks);
} finally {
  await browser.close();
  await demo.stop();
}

// SPDX-License-Identifier: MIT
//
// page: the dashboard in Chromium. Whatever goes wrong in it is written down:
// errors, violations of the content security policy, requests to elsewhere.

import { mkdir } from "node:fs/promises";
import { createRequire } from "node:module";
import { PATIENCE_MS, until } from "./until.mjs";

const require = createRequire(new URL("../../../web/package.json", import.meta.url));
const { chromium } = require("playwright-core");
const OUTPUT = new URL("../output/", import.meta.url).pathname;

export const PAGES = [
  "overview",
  "threads",
  "sites",
  "flame",
  "allocations",
  "tasks",
  "leaks",
  "snapshots",
  "timeline",
  "heap",
  "query",
  "settings",
];
export const WIDE = { width: 1440, height: 900 };
export const PHONE = { width: 390, height: 844 };

/** @param {string[]} [more] arguments */
export function launch(more = []) {
  return chromium.launch({
    executablePath: process.env.MEMSCOPE_CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--host-resolver-rules=MAP *.example 127.0.0.1",
      ...more,
    ],
  });
}

// Runs in the page, before anything of it.
function watch() {
  const w = /** @type {any} */ (window);
  w.seen = { violations: [], paints: [], labels: {}, firstNumber: null };
  document.addEventListener("securitypolicyviolation", (e) =>
    w.seen.violations.push(`${e.violatedDirective}: ${e.blockedURI}`),
  );
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries())
      if (entry.name === "paint") w.seen.paints.push(entry.duration);
  }).observe({ entryTypes: ["measure"] });
  const fillText = CanvasRenderingContext2D.prototype.fillText;
  CanvasRenderingContext2D.prototype.fillText = function (text, ...rest) {
    const id = this.canvas.closest("section")?.id;
    if (id) w.seen.labels[id] = { ...w.seen.labels[id], [text]: true };
    return fillText.call(this, text, ...rest);
  };
  // Told by the browser when the text comes, not a frame later.
  const observer = new MutationObserver(() => {
    if (!/\d/.test(document.querySelector("#tile-heap .number")?.textContent ?? "")) return;
    w.seen.firstNumber = { after: performance.now(), charts: Object.keys(w.seen.labels).length };
    observer.disconnect();
  });
  observer.observe(document, { subtree: true, childList: true, characterData: true });
}

/**
 * @param {import("playwright-core").Browser} browser
 * @param {string} url
 * @param {{viewport?: {width: number, height: number}, scheme?: "light" | "dark", before?: (page: any) => Promise<void>}} [options]
 */
export async function open(browser, url, { viewport = WIDE, scheme = "light", before } = {}) {
  const context = await browser.newContext({
    viewport,
    colorScheme: scheme,
    reducedMotion: "reduce",
    ignoreHTTPSErrors: true, // a proxy's certificate is the test's own
  });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  /** @type {string[]} */
  const problems = [];
  const { origin, host } = new URL(url);
  page.on("console", (m) => {
    if (m.type() === "error" || m.type() === "warning")
      problems.push(`console: ${m.text()} ${m.location().url}`.trim());
  });
  page.on("pageerror", (e) => problems.push(`error: ${e.message}`));
  page.on("request", (r) => {
    if (!r.url().startsWith(`${origin}/`) && !/^(blob|data):/.test(r.url()))
      problems.push(`request: ${r.url()}`);
  });
  page.on("websocket", (s) => {
    if (new URL(s.url()).host !== host) problems.push(`websocket: ${s.url()}`);
  });
  await page.addInitScript(watch);
  if (before) await before(page);
  await page.goto(url);
  return {
    page,
    /** All that went wrong so far. */
    async problems() {
      return [
        ...problems,
        ...(await page.evaluate(() => /** @type {any} */ (window).seen.violations)),
      ];
    },
    close: () => context.close(),
  };
}

/** Goes to a page of the dashboard by its link. */
/** @param {import("playwright-core").Page} page @param {string} id */
export async function go(page, id) {
  await page.click(`nav a[data-page="${id}"]`);
  await page.waitForSelector(`nav a[data-page="${id}"][aria-current="page"]`);
}

/** Waits until the overview has painted all that it has. */
/** @param {import("playwright-core").Page} page */
export async function full(page) {
  await until("the overview is full", () =>
    page.evaluate(() => {
      const has = (/** @type {string} */ s) => document.querySelector(s) !== null;
      return (
        /\d/.test(document.querySelector("#tile-rate .number")?.textContent ?? "") &&
        has("#top-sites tbody tr") &&
        has("#top-threads tbody tr") &&
        document.querySelector("#chart-cpu .key b")?.textContent !== "" &&
        /≤|</.test(
          document.querySelector("#chart-lifetimes canvas")?.getAttribute("aria-label") ?? "",
        ) &&
        Number(document.querySelector(".strip")?.getAttribute("data-samples")) >= 20
      );
    }),
  );
}

/** @param {import("playwright-core").Page} page */
export function pill(page) {
  return page.textContent(".pill");
}

/** @param {import("playwright-core").Page} page @param {RegExp} text */
export async function pillSays(page, text) {
  let said = "";
  await until(`the pill says ${text}`, async () => {
    said = (await pill(page)) ?? "";
    return text.test(said);
  }).catch((error) => {
    throw new Error(`${error.message}; it says ${said}`);
  });
}

/** What the tiles say, in one look. @param {import("playwright-core").Page} page */
export function tiles(page) {
  return page.evaluate(() =>
    [...document.querySelectorAll(".tile")].map((tile) => ({
      id: tile.id,
      text: tile.textContent,
      seq: Number(tile.getAttribute("data-seq")),
      value: Number(tile.getAttribute("data-value")),
    })),
  );
}

/** The samples that the page holds. @param {import("playwright-core").Page} page */
export function held(page) {
  return page.evaluate(() => {
    const strip = document.querySelector(".strip");
    const number = (/** @type {string} */ name) => Number(strip?.getAttribute(`data-${name}`));
    return { first: number("first-seq"), last: number("last-seq"), samples: number("samples") };
  });
}

/** Keeps a picture, for people. */
/** @param {import("playwright-core").Page} page @param {string} name */
export async function picture(page, name) {
  await mkdir(OUTPUT, { recursive: true });
  await page.screenshot({ path: `${OUTPUT}${name}.png` });
}

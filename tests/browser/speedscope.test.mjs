// SPDX-License-Identifier: MIT
//
// speedscope's own page reads what we export for it.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { dirname, extname, join } from "node:path";
import { after, before, test } from "node:test";
import { Memscope, target } from "./support/memscope.mjs";
import { launch } from "./support/page.mjs";
import { PATIENCE_MS, until } from "./support/until.mjs";

const require = createRequire(new URL("../../web/package.json", import.meta.url));
const RELEASE = join(dirname(require.resolve("speedscope/package.json")), "dist/release");
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css" };

/** @type {Memscope} */
let memscope;
/** @type {import("playwright-core").Browser} */
let browser;
/** @type {import("node:http").Server} */
let server;
let profile = "";

before(async () => {
  [browser, memscope] = await Promise.all([
    launch(),
    Memscope.start([target("threads"), "--threads", "2"]),
  ]);
  server = createServer(async (request, response) => {
    const path = new URL(request.url ?? "/", "http://localhost").pathname;
    try {
      const body =
        path === "/profile.json"
          ? profile
          : await readFile(join(RELEASE, path.replaceAll("..", "")));
      response.writeHead(200, {
        "Content-Type": TYPES[extname(path)] ?? "application/octet-stream",
      });
      response.end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(null)));
});
after(async () => {
  server?.close();
  await browser?.close();
  await memscope?.stop();
});

test("speedscope shows a heap", async () => {
  await until("something to live", async () => {
    const answer = await fetch(new URL("/api/v1/export?format=speedscope", memscope.url));
    assert.equal(answer.status, 200);
    profile = await answer.text();
    return JSON.parse(profile).profiles[0].endValue > 0;
  });
  // The function that holds most itself.
  const { shared, profiles } = JSON.parse(profile);
  const [live] = profiles;
  const held = new Map();
  for (const [i, sample] of live.samples.entries()) {
    const { name } = shared.frames[sample.at(-1)];
    held.set(name, (held.get(name) ?? 0) + live.weights[i]);
  }
  const [name, most] = [...held].reduce((a, b) => (b[1] > a[1] ? b : a));
  const expected = (100 * most) / live.endValue;
  assert.ok(expected > 1, `${expected}`);
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
  page.setDefaultTimeout(PATIENCE_MS);
  /** @type {string[]} */
  const errors = [];
  page.on("pageerror", (e) => errors.push(e.message));
  page.on("dialog", (d) => {
    errors.push(d.message()); // how it says what it cannot read
    d.dismiss();
  });
  const at = `http://127.0.0.1:${port}`;
  await page.goto(`${at}/index.html#profileURL=${encodeURIComponent(`${at}/profile.json`)}`);
  await until("it has read the file", async () => {
    assert.deepEqual(errors, []);
    return ((await page.locator("body").textContent()) ?? "").includes("live_bytes (1/4)");
  });
  await page.keyboard.press("3"); // the table of functions
  const row = page.locator("tr", { hasText: name }).first();
  await row.waitFor();
  // What it has summed up itself, in its own words: "16.00 MB (85%)"; the first
  // of both is with what it calls.
  const shares = [...((await row.textContent()) ?? "").matchAll(/\((\d+(?:\.\d+)?)%\)/g)];
  const numbers = shares.map((m) => Number(m[1]));
  assert.equal(numbers.length, 2);
  assert.ok(
    numbers.some((n) => Math.abs(n - expected) <= 0.6),
    `${numbers} ${expected}`,
  );
  assert.deepEqual(errors, []);
  await page.close();
});

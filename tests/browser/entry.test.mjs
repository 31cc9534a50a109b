// SPDX-License-Identifier: MIT
//
// The page where not everybody may do everything: behind nginx, as
// docs/nginx/memscope.conf has it, with a token; read-only; and over a program
// whose names are meant to harm.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { DEMO, Memscope, target } from "./support/memscope.mjs";
import { full, go, launch, open, PAGES, picture, pillSays } from "./support/page.mjs";
import { until } from "./support/until.mjs";

const NGINX = new URL("../server/nginx.py", import.meta.url).pathname;
const TOKEN = "correct-horse-battery-staple"; // of nginx.py
const HTML = "<img src=x onerror=harmed=1><script>harmed=1</script>"; // of evil_names.c

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {string} */
let scratch;
before(async () => {
  browser = await launch();
  scratch = await mkdtemp(join(tmpdir(), "memscope-"));
});
after(async () => {
  await browser?.close();
  await rm(scratch, { recursive: true });
});

/** @returns {Promise<number>} */
function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
      server.close(() => resolve(port));
    });
  });
}

/** memscope behind nginx. */
async function behind() {
  const port = await freePort();
  const host = `scope.example:${port}`;
  const token = join(scratch, "token");
  await writeFile(token, TOKEN, { mode: 0o600 });
  const memscope = await Memscope.start([DEMO, "--quiet"], {
    flags: ["--token-file", token, "--allow-host", host],
  });
  const python = process.env.MEMSCOPE_PYTHON ?? "/usr/bin/python3";
  const nginx = spawn(python, [NGINX, String(port), `127.0.0.1:${memscope.port}`], {
    stdio: ["pipe", "inherit", "ignore"],
  });
  const ended = new Promise((resolve) => nginx.once("exit", resolve));
  return {
    memscope,
    url: `https://${host}/memscope/`,
    async stop() {
      nginx.stdin.end();
      await ended;
      await memscope.stop();
    },
  };
}

test("behind nginx: TLS, another path, a token; live, and with downloads", async () => {
  const front = await behind();
  try {
    const context = await browser.newContext({ ignoreHTTPSErrors: true });
    const first = await context.newPage();
    await until("nginx answers", () => first.goto(front.url).catch(() => null));
    assert.match(await first.title(), /^Token/);
    await first.fill("input", "wrong-horse-battery-staple");
    await first.click("button");
    assert.match(await first.title(), /^Token/);
    await picture(first, "token");
    await first.fill("input", TOKEN);
    await first.click("button");
    await first.waitForSelector("#tile-heap");
    assert.equal(first.url().split("#")[0], front.url, "without the token");
    const [cookie] = await context.cookies();
    assert.deepEqual([cookie.httpOnly, cookie.secure, cookie.sameSite], [true, true, "Strict"]);
    assert.equal(cookie.path, "/memscope");
    assert.ok(!cookie.value.includes(TOKEN));
    await context.close();

    const { page, close, problems } = await open(browser, `${front.url}?token=${TOKEN}`);
    await full(page);
    await pillSays(page, /^Live/);
    assert.equal(page.url().split("#")[0], front.url);
    for (const id of PAGES) await go(page, id);
    await page.click("#take-snapshot");
    await go(page, "snapshots");
    await page.waitForSelector(".snapshots tbody tr a");
    const [file] = await Promise.all([
      page.waitForEvent("download"),
      page.click(".snapshots tbody a"),
    ]);
    const whole = JSON.parse(await readFile(await file.path(), "utf8"));
    assert.equal(whole.format, "memscope-snapshot");
    assert.deepEqual(await problems(), []);
    await close();
  } finally {
    await front.stop();
  }
});

test("read-only: what would change something is not there, and not done", async () => {
  const memscope = await Memscope.start([DEMO, "--quiet"], { flags: ["--read-only"] });
  try {
    const { page, close, problems } = await open(browser, memscope.url);
    await full(page);
    assert.ok(await page.isVisible(".read-only"));
    for (const id of [...PAGES, "leaks"]) {
      await go(page, id);
      assert.equal(await page.locator(".changes:visible").count(), 0, id);
    }
    await page.keyboard.press("s");
    await until("it is said", async () =>
      /read-only/.test((await page.textContent(".notice")) ?? ""),
    );
    assert.deepEqual((await memscope.api("snapshots")).snapshots, []);
    assert.deepEqual(await problems(), []);
    await close();
  } finally {
    await memscope.stop();
  }
});

test("names of a program that means harm are texts", async () => {
  const folder = join(scratch, "<b>';DROP");
  await mkdir(folder);
  const program = join(folder, "<img\tsrc=x\tonerror=harmed=1>");
  await copyFile(target("evil_names"), program);
  const memscope = await Memscope.start([program, HTML, "\u001b[2J"]);
  try {
    const { page, close, problems } = await open(browser, memscope.url);
    await go(page, "sites");
    // What is long is shortened, in its middle.
    const row = page.locator(".tbody .tr", { hasText: "</script>" });
    await until("the function is there by its name", () => row.count());
    await row.first().click();
    await page.waitForSelector(".drawer:visible");
    assert.equal(await page.textContent(".drawer h2"), HTML);
    for (const id of PAGES) await go(page, id);
    assert.match((await page.textContent("header.top")) ?? "", /<img\tsrc=x/);
    assert.equal(
      await page.evaluate(() => document.querySelectorAll("#app img, #app script").length),
      0,
    );
    assert.equal(await page.evaluate(() => /** @type {any} */ (window).harmed), undefined);
    assert.deepEqual(await problems(), []);
    await close();
  } finally {
    await memscope.stop();
  }
});

// SPDX-License-Identifier: MIT
//
// A program whose names mean harm: everywhere they are texts, and whole.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Memscope, target } from "./support/memscope.mjs";
import { go, launch, open, PAGES, PHONE, picture } from "./support/page.mjs";
import { until } from "./support/until.mjs";

const MARKUP = "<img src=x onerror=window.harmed=1>";
const LINE = [MARKUP, "abc\u202egnp.exe", "\u001b[31mred"];

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {Memscope} */
let memscope;
before(async () => {
  [browser, memscope] = await Promise.all([launch(), Memscope.start([target("hostile"), ...LINE])]);
  await fetch(new URL("/api/v1/snapshots", memscope.url), {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ name: MARKUP }),
  });
});
after(async () => {
  await browser?.close();
  await memscope?.stop();
});

/** @param {import("playwright-core").Page} page @param {string} text */
function shows(page, text) {
  return until(`${text} is shown`, () =>
    page.evaluate((t) => document.body.textContent?.includes(t), text),
  );
}

test("names with markup, turned, coloured, of 10,000 signs, are texts on every page", async () => {
  const { page, close, problems } = await open(browser, memscope.url);
  await go(page, "sites");
  await shows(page, MARKUP);
  await shows(page, "👩‍👩‍👧💥");
  await shows(page, "loooong_x!loooong"); // clipped
  await page.fill(".search", "loooong");
  await page.click(".tbody .tr >> nth=0");
  await page.waitForSelector(".drawer .stacks li");
  const name = await page.$eval(".drawer .stacks li .name", (e) => e.textContent?.length);
  assert.ok(Number(name) >= 4000, "the stack has all that is kept of it");
  const box = await page.locator(".drawer").boundingBox();
  assert.ok(box && box.x >= 0 && box.width < 600);
  await page.keyboard.press("Escape");
  await page.fill(".search", MARKUP.slice(0, 12));
  await page.click(".tbody .tr >> nth=0");
  await page.waitForSelector(`.drawer h2:text-is("${MARKUP}")`);
  await page.keyboard.press("Escape");
  await go(page, "threads");
  await shows(page, "<b onclick=x>");
  await shows(page, "␛[31m⟨U+202E⟩red");
  await go(page, "tasks");
  for (const text of [MARKUP, "abc⟨U+202E⟩gnp.exe⟨U+2066⟩", "␛[31mred␛]0;title␇", "👩‍👩‍👧💥"])
    await shows(page, text);
  await go(page, "allocations");
  await shows(page, MARKUP);
  await go(page, "timeline");
  await shows(page, MARKUP);
  await shows(page, "␛[31mred");
  await go(page, "query");
  await page.fill(".sql", "SELECT name, kind FROM marks");
  await page.keyboard.press("Control+Enter");
  await shows(page, "abc⟨U+202E⟩gnp.exe");
  for (const id of PAGES) {
    await go(page, id);
    await until("it has been drawn", () =>
      page.evaluate(() => document.querySelector("main")?.textContent),
    );
    assert.equal(await page.locator("#app img, #app script, #app [onclick]").count(), 0, id);
  }
  await picture(page, "hostile");
  assert.equal(await page.evaluate(() => /** @type {any} */ (window).harmed), undefined);
  assert.deepEqual(await problems(), []);
  await close();
});

test("they widen no page, at 390 pixels either", async () => {
  const { page, close } = await open(browser, memscope.url, { viewport: PHONE });
  for (const id of PAGES) {
    await go(page, id);
    const [scroll, client] = await page.evaluate(() => [
      document.documentElement.scrollWidth,
      document.documentElement.clientWidth,
    ]);
    assert.equal(scroll, client, id);
  }
  await close();
});

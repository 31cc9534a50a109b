// SPDX-License-Identifier: MIT
//
// Several programs on one page: the chooser shows those that attach, their
// ends, and lets those go that are kept no longer.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { attach, DEMO, Memscope } from "./support/memscope.mjs";
import { full, launch, open, tiles } from "./support/page.mjs";
import { until } from "./support/until.mjs";

/** @type {Memscope} */
let memscope;
/** @type {import("playwright-core").Browser} */
let browser;
before(async () => {
  [browser, memscope] = await Promise.all([
    launch(),
    Memscope.start([DEMO, "--quiet"], { flags: ["--keep-sessions", "1"] }),
  ]);
});
after(async () => {
  await browser?.close();
  await memscope?.stop();
});

/** The texts of the chooser. @param {import("playwright-core").Page} page */
function choices(page) {
  return page.$$eval("select[aria-label=Process] option", (all) => all.map((o) => o.textContent));
}

test("a program that attaches can be chosen, and is let go of in its turn", async () => {
  const { page, close, problems } = await open(browser, memscope.url);
  await full(page);
  assert.equal(await page.isVisible("select[aria-label=Process]"), false, "one program: no choice");
  const first = attach(memscope, [DEMO, "--quiet", "--seconds", "4"]);
  await until("a second program", async () => (await choices(page)).length === 2);
  const { sessions } = await memscope.api("sessions");
  await page.selectOption("select[aria-label=Process]", String(sessions[1].id));
  await full(page);
  await first;
  await until("its end is seen", async () => (await choices(page))[1]?.endsWith("(ended)"));
  const shown = (await memscope.api(`stats?session=${sessions[1].id}`)).heap.live_bytes;
  await until("its last numbers", async () => (await tiles(page))[0].value === shown);
  // One that has ended is kept: the next one takes its place.
  await attach(memscope, [DEMO, "--quiet", "--seconds", "1"]);
  await until("the first is kept no longer", async () =>
    (await memscope.api("sessions")).sessions.every(
      (/** @type {{id: number}} */ s) => s.id !== sessions[1].id,
    ),
  );
  await until("the page shows the primary one", async () => {
    const value = await page.inputValue("select[aria-label=Process]");
    return value === String(sessions[0].id);
  });
  assert.equal((await choices(page)).length, 2);
  await full(page);
  // What is asked of a program in the moment it is let go of is not found.
  const late = new RegExp(`status of 404 .*[?&]session=${sessions[1].id}\\b`);
  assert.deepEqual(
    (await problems()).filter((p) => !late.test(p)),
    [],
  );
  await close();
});

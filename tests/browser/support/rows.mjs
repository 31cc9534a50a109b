// SPDX-License-Identifier: MIT
//
// rows: what the tables of the page say.

import { until } from "./until.mjs";

/** @typedef {import("playwright-core").Page} Page */

/** Texts of a table's cells, row by row. @param {Page} page @param {string} label */
export function cells(page, label) {
  return page.$$eval(`.table[aria-label="${label}"] .tbody .tr:not([hidden])`, (rows) =>
    rows.map((row) =>
      Object.fromEntries(
        [...row.children].map((cell) => [
          /c-(\w+)/.exec(cell.className)?.[1],
          { text: cell.textContent, title: cell.getAttribute("title") },
        ]),
      ),
    ),
  );
}

/** @param {Page} page @param {string} label @param {(rows: any[]) => boolean} fits */
export function rowsWhere(page, label, fits) {
  return until(`rows of ${label}`, async () => {
    const rows = await cells(page, label);
    return fits(rows) && rows;
  });
}

/** Rows move until the pointer is on them; so does the table while the page comes. */
/** @param {Page} page */
export async function hold(page) {
  await until("the order stays", async () => {
    await page.hover(".tbody .tr >> nth=1");
    return page.isVisible(".frozen");
  });
}

/** @param {string} text with grouping */
export function number(text) {
  return Number(text.replace(/[^\d]/g, ""));
}

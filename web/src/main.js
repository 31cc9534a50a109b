// SPDX-License-Identifier: MIT
//
// main: starts the page. `window.memscope` is for looking, from the console and
// from tests; nothing depends on it.

import { App } from "./app.js";

const root = document.getElementById("app");
if (root) {
  const app = new App(root);
  Object.defineProperty(window, "memscope", {
    value: Object.freeze({
      /** The last value of a series. @param {string} column */
      last: (column) => app.store.ring.last(column),
      /** @param {string} column @param {number} index */
      at: (column, index) => app.store.ring.at(column, index),
      range: () => [app.store.ring.begin, app.store.ring.end],
      seq: () => app.store.seq,
      stats: () => structuredClone(app.store.stats),
      paints: () => [...app.paints],
      tables: () => structuredClone({ th: app.store.threads, site: app.store.sites }),
    }),
  });
}

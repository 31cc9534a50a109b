// SPDX-License-Identifier: MIT
//
// keys: what one key does, anywhere on the page. Off while somebody types, and
// when the settings say so.

import { PAGES } from "./pages.js";
import { settings } from "./settings.js";
import { WINDOWS } from "./view.js";

/** @typedef {import("./app.js").App} App */

const OWN = "input, select, textarea, [contenteditable]"; // they need their keys themselves

/** @param {App} app @returns {Record<string, () => void>} */
function actions(app) {
  /** @param {number} by */
  const widen = (by) => {
    const at = WINDOWS.findIndex((w) => w.seconds === app.view.window) + by;
    app.setWindow(WINDOWS[Math.min(WINDOWS.length - 1, Math.max(0, at))].seconds);
  };
  /** @type {Record<string, () => void>} */
  const keys = {
    " ": () => app.togglePause(),
    s: () => app.takeSnapshot(""),
    t: () => app.nextTheme(),
    p: () => app.jumpToPeak("live"),
    n: () => app.resume(),
    d: () => app.go("snapshots", { diff: 1 }),
    "?": () => app.help.showModal(),
    "/": () => app.search(),
    "[": () => widen(-1),
    "]": () => widen(1),
  };
  for (const page of PAGES) if (page.key) keys[page.key] = () => app.go(page.id);
  return keys;
}

/** @param {App} app */
export function listenToKeys(app) {
  const keys = actions(app);
  addEventListener("keydown", (event) => {
    if (event.defaultPrevented) return;
    const target = event.target instanceof Element ? event.target : document.body;
    const typing = target.matches(OWN);
    if (event.key === "Escape") {
      if (typing) /** @type {HTMLElement} */ (target).blur();
      else if (!app.help.open) app.escape();
      return;
    }
    if (typing || event.ctrlKey || event.metaKey || event.altKey || app.help.open) return;
    if (settings.get("keys") === "off") return;
    const onButton = target.matches("button, summary"); // which the space bar presses
    const action = keys[event.key.toLowerCase()];
    if (!action || (event.key === " " && onButton)) return;
    event.preventDefault();
    action();
  });
}

// SPDX-License-Identifier: MIT
//
// help: the keys.

import { h } from "../dom.js";

/** @type {[string, string][]} */
const KEYS = [
  ["1 – 9", "pages"],
  ["Space", "pause and resume the view"],
  ["S", "take a snapshot"],
  ["/", "search"],
  ["[ and ]", "less and more time"],
  ["← and →", "crosshair, on a focused chart"],
  ["P", "jump to the peak of the heap"],
  ["N", "back to now"],
  ["D", "difference of two snapshots"],
  ["T", "theme: as the system, light, dark"],
  ["Esc", "close, go back to now"],
  ["?", "this help"],
];

export function makeHelp() {
  const dialog = h(
    "dialog",
    { class: "card help", "aria-label": "Keys" },
    h("h2", { text: "Keys" }),
    h(
      "dl",
      {},
      ...KEYS.flatMap(([key, what]) => [
        h("dt", {}, h("kbd", { text: key })),
        h("dd", { text: what }),
      ]),
    ),
    h("form", { method: "dialog" }, h("button", { type: "submit", text: "Close" })),
  );
  return dialog;
}

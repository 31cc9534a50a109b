// SPDX-License-Identifier: MIT
//
// stack: a call stack as a list, innermost first, and as a text.

import { h } from "../dom.js";
import { place } from "../format.js";

/** @typedef {Record<string, any>} Frame of docs/PROTOCOL.md */

/** @param {Frame} f */
function whereOf(f) {
  return f.file ? place(f.file, f.line) : (f.module ?? "");
}

/** The calls of a frame, those inlined into it first. @param {Frame} f */
function callsOf(f) {
  const inlined = f.inlined_into ?? [];
  return [f, ...inlined].map((call, i) => ({
    ...call,
    module: f.module,
    inlined: i < inlined.length,
  }));
}

/** @param {Frame[]} frames innermost first */
export function stackList(frames) {
  return h(
    "ol",
    { class: "stack" },
    ...frames
      .flatMap(callsOf)
      .map((f) =>
        h(
          "li",
          { title: f.file ? `${f.file}:${f.line} — ${f.module}` : f.module },
          h("span", { class: "mono", text: f.function }),
          "  ",
          h("span", { class: "dim", text: `${whereOf(f)}${f.inlined ? " (inlined)" : ""}` }),
        ),
      ),
  );
}

/** @param {Frame[]} frames */
export function stackText(frames) {
  return frames
    .flatMap(callsOf)
    .map((f, i) => `#${i} ${f.function} ${f.file ? `${f.file}:${f.line}` : f.module}`)
    .join("\n");
}

/**
 * A button that copies a text, and says so.
 * @param {string} label
 * @param {() => string} text
 * @param {(said: string) => void} say
 * @param {string} [title]
 */
export function copyButton(label, text, say, title) {
  return h("button", {
    type: "button",
    text: label,
    title,
    onclick: () =>
      navigator.clipboard.writeText(text()).then(
        () => say("Copied."),
        () => say("The browser did not allow it to be copied."),
      ),
  });
}

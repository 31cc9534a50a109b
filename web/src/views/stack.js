// SPDX-License-Identifier: MIT
//
// stack: a call stack as a list, innermost first, and what can be copied.

import { h } from "../dom.js";
import { place } from "../format.js";
import { stackLines } from "../frames.js";
import { button, copyText } from "./parts.js";

/** @typedef {import("../frames.js").Line} Line */

/** One call. @param {Line} line @param {(line: Line) => void} [onSource] shows its source */
export function frameItem(line, onSource) {
  const where = place(line.file, line.line);
  const title = `${line.file}:${line.line} — ${line.module}`;
  return h(
    "li",
    {},
    h("span", { class: "name mono", text: line.function }),
    line.inlined ? h("span", { class: "tag", text: "inlined" }) : null,
    " ",
    where && onSource
      ? button(where, () => onSource(line), { class: "link", title: `${title}: shows the source` })
      : h("span", {
          class: "note",
          text: where || line.module || line.address,
          title: where ? title : undefined,
        }),
  );
}

/** @param {Record<string, any>[]} frames innermost first @param {(line: Line) => void} [onSource] */
export function stackList(frames, onSource) {
  return h(
    "ol",
    { class: "stack", start: 0 },
    ...stackLines(frames).map((line) => frameItem(line, onSource)),
  );
}

/**
 * A button that copies a text, and says so.
 * @param {string} label
 * @param {() => string} text
 * @param {(said: string) => void} say
 * @param {string} [title]
 */
export function copyButton(label, text, say, title) {
  return button(label, async () => say(`${await copyText(text())}.`), { title });
}

// SPDX-License-Identifier: MIT
//
// source_view: some lines of the program's source around a call.

import { api } from "../api.js";
import { h, setText } from "../dom.js";

/** @typedef {Record<string, any>} Row */

const CONTEXT = 5;

export class SourceView {
  /** What is shown, or asked for; "": nothing. */
  #of = "";
  #session = () => /** @type {number | undefined} */ (undefined);

  /** @param {() => number | undefined} session */
  constructor(session) {
    this.#session = session;
    this.element = h("div", { class: "source", hidden: true });
  }

  clear() {
    this.#of = "";
    this.element.hidden = true;
  }

  /** Unless something else was asked for. @param {Row} site */
  begin(site) {
    if (this.#of === "" && site.file) this.show(site);
  }

  /** @param {Row} call a frame or a site */
  async show({ module, file, line }) {
    const key = `${module} ${file}:${line}`;
    this.#of = key;
    const answer = await api
      .get("source", { session: this.#session(), module, file, line, context: CONTEXT })
      .catch((error) => ({ error }));
    if (this.#of !== key) return;
    this.element.hidden = false;
    const title = h("h3", { text: "Source" });
    const where = h("p", { class: "note name", text: `${file}:${line}` });
    if (answer.error) {
      this.element.replaceChildren(
        title,
        where,
        h("p", { class: "note", text: `No text: ${answer.error.message}` }),
      );
      return;
    }
    const { first } = answer;
    if (answer.newer) setText(where, `${file}:${line} · changed after the program was built`);
    this.element.replaceChildren(
      title,
      where,
      h(
        "ol",
        { class: "code mono", start: first, tabindex: 0, "aria-label": "Source lines" },
        ...answer.lines.map((/** @type {string} */ text, /** @type {number} */ i) =>
          h("li", {
            class: first + i === line ? "here" : "",
            "aria-current": first + i === line ? "location" : undefined,
            text,
          }),
        ),
      ),
    );
  }
}

// SPDX-License-Identifier: MIT
//
// lost: blocks that no pointer leads to any more, looked for on request.

import { api } from "../api.js";
import { h, setText } from "../dom.js";
import { bytes, clipMiddle, count, duration, exactBytes } from "../format.js";
import { stackLines, stackText, suppression } from "../frames.js";
import { copyButton, stackList } from "./stack.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {Record<string, any>} Row */

const EVERY_MS = 3000;
const SCANNING_MS = 300;
const ROWS = 200;
const KINDS = {
  definite: "No pointer to the block anywhere.",
  indirect: "Pointers to the block only from blocks that are lost themselves.",
  possible: "A pointer to the inside of the block only, somewhere on the way.",
};

/** @param {Row} scan */
export function scanText(scan) {
  if (scan.state === "none") return "Not scanned yet.";
  if (scan.state === "running") return "Scanning… the program runs on.";
  if (scan.state === "failed") return `The scan failed: ${scan.failure}.`;
  const { definite, indirect, possible, reachable, suppressed } = scan.sums;
  const lost = definite.blocks + indirect.blocks;
  const parts = [
    lost === 0
      ? "No block is lost"
      : `${bytes(definite.bytes + indirect.bytes)} in ${count(lost)} blocks are lost`,
    `${count(possible.blocks)} possibly`,
    `${count(reachable.blocks)} can be reached`,
  ];
  if (suppressed.blocks > 0) parts.push(`${count(suppressed.blocks)} of the lost are suppressed`);
  if (scan.blind_threads > 0)
    parts.push(`the registers of ${scan.blind_threads} threads could not be read`);
  return `${parts.join("; ")}.`;
}

export class Lost {
  #timer = 0;
  #drawn = "";
  /** @type {Row} */
  #scan = { state: "none", rows: [], total: 0 };

  /** @param {App} app */
  constructor(app) {
    this.app = app;
    this.body = h("tbody", {});
    this.table = h(
      "table",
      { "aria-label": "Lost blocks" },
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          ...["Lost by", "Kind", "Bytes", "Blocks"].map((text, i) =>
            h("th", { scope: "col", class: i ? "num" : "", text }),
          ),
        ),
      ),
      this.body,
    );
    this.summary = h("p", { class: "scan-said", role: "status" });
    this.cost = h("p", { class: "note" });
    this.button = h("button", {
      type: "button",
      class: "primary scan changes",
      text: "Scan for lost blocks",
      title: "Looks through the program's memory for pointers, twice, while it runs",
      onclick: () => this.#begin(),
    });
    this.element = h(
      "section",
      { class: "card page lost" },
      h(
        "header",
        {},
        h("h2", { text: "Lost blocks", title: "Blocks that no pointer leads to any more" }),
        this.button,
      ),
      this.summary,
      this.cost,
      h("div", { class: "scroll-x" }, this.table),
    );
  }

  /** Whether there has been an answer. */
  get known() {
    return this.#scan.sums !== undefined;
  }

  enter() {
    this.#ask();
  }

  leave() {
    clearTimeout(this.#timer);
  }

  async #begin() {
    const session = this.app.store.session?.id;
    await api
      .post("leakscan", session ? { session } : {})
      .catch((error) => this.app.say(error.message));
    this.#ask();
  }

  async #ask() {
    clearTimeout(this.#timer);
    if (this.app.pageId !== "leaks") return;
    if (!document.hidden) this.#scan = (await this.app.ask("leakscan")) ?? this.#scan;
    this.app.redraw();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(
      () => this.#ask(),
      this.#scan.state === "running" ? SCANNING_MS : EVERY_MS,
    );
  }

  draw() {
    const { rows, state, number } = this.#scan;
    const key = JSON.stringify([number, state, this.app.store.ended]);
    if (key === this.#drawn) return; // what is opened stays open
    this.#drawn = key;
    setText(this.summary, scanText(this.#scan));
    this.button.disabled = state === "running" || this.app.store.ended || api.saved;
    setText(
      this.cost,
      state === "done"
        ? `Looked through ${bytes(this.#scan.root_bytes)} of roots and ${bytes(this.#scan.block_bytes)} of blocks in ${duration(this.#scan.end_ns - this.#scan.begin_ns)}; a thread stood still for ${duration(this.#scan.longest_stop_ns)} at most.`
        : "A block is lost when no pointer to it is found in the program's memory and registers: it can never be freed any more.",
    );
    this.table.hidden = rows.length === 0;
    this.body.replaceChildren(...rows.slice(0, ROWS).map((/** @type {Row} */ r) => this.#row(r)));
  }

  /** @param {Row} r */
  #row(r) {
    const name = r.frames[0]?.function ?? "(unknown stack)";
    /** @param {string} said */
    const say = (said) => this.app.say(said);
    return h(
      "tr",
      { "data-stack": r.stack },
      h(
        "td",
        { class: "name" },
        h(
          "details",
          {},
          h("summary", { text: clipMiddle(name, 80), title: name }),
          stackList(r.frames),
          h(
            "p",
            { class: "links" },
            copyButton("Copy stack", () => stackText(stackLines(r.frames)), say),
            copyButton(
              "Suppress",
              () => suppression({ function: name }),
              say,
              `Copies the line “${suppression({ function: name })}” for a file of --suppressions`,
            ),
          ),
        ),
      ),
      h("td", {
        class: "num",
        text: r.suppressed === null ? r.kind : `${r.kind}, suppressed`,
        title: /** @type {Record<string, string>} */ (KINDS)[r.kind],
      }),
      h("td", { class: "num", text: bytes(r.bytes), title: exactBytes(r.bytes) }),
      h("td", { class: "num", text: count(r.blocks) }),
    );
  }
}

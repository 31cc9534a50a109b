// SPDX-License-Identifier: MIT
//
// leaks: who keeps growing, as the engine suspects; and, on request, the
// blocks that no pointer leads to any more. What is shown is asked for every
// three seconds while the page is seen: the engine looks no more often.

import { api } from "../api.js";
import { h, setText } from "../dom.js";
import { bytes, count, exactBytes } from "../format.js";

/** @typedef {import("../app.js").App} App */

const EVERY_MS = 3000;
const SCAN_EVERY_MS = 300;
const ROWS = 200;

/** @param {Record<string, any>} place */
function placeOf(place) {
  return place.line ? `${place.file}:${place.line}` : place.module;
}

/** @param {...string} heads those after the first are numbers */
function head(...heads) {
  return h(
    "thead",
    {},
    h("tr", {}, ...heads.map((t, i) => h("th", { scope: "col", class: i ? "num" : "", text: t }))),
  );
}

/** @param {Record<string, any>} place */
function nameCell(place) {
  return h(
    "td",
    { class: "name", title: placeOf(place) },
    h("span", { text: place.function }),
    " ",
    h("span", { class: "dim", text: placeOf(place) }),
  );
}

/** @param {number | null} confidence */
export function confidenceText(confidence) {
  if (confidence === null) return "unknown";
  return confidence > 0.9999 ? "> 99.99 %" : `${(confidence * 100).toFixed(2)} %`;
}

/** @param {Record<string, any>} scan */
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

export class LeaksPage {
  #timer = 0;
  #drawn = "";
  /** A saved snapshot has neither a history nor a program to scan. */
  #kept = true;
  /** @type {Record<string, any> | null} */
  #leaks = null;
  /** @type {Record<string, any>} */
  #scan = { state: "none", rows: [], total: 0 };

  /** @param {App} app */
  constructor(app) {
    this.app = app;
    this.suspects = h("tbody", {});
    this.none = h("p", { class: "empty", text: "" });
    this.lost = h("tbody", {});
    this.lostTable = h("table", {}, head("Lost by", "Kind", "Bytes", "Blocks"), this.lost);
    this.summary = h("p", { class: "empty", role: "status" });
    this.button = h("button", {
      type: "button",
      class: "primary changes",
      text: "Scan for lost blocks",
      onclick: () => this.#begin(),
    });
    this.element = h(
      "section",
      { class: "card page leaks" },
      h(
        "header",
        {},
        h("h2", {
          text: "Leaks",
          title: "Call sites that keep growing, and blocks that no pointer leads to any more",
        }),
      ),
      h(
        "div",
        { class: "scroll-x" },
        h(
          "table",
          {},
          head("Suspect", "Rate", "Grown by", "Within", "Live", "Confidence"),
          this.suspects,
        ),
      ),
      this.none,
      h("header", {}, h("h2", { text: "Lost blocks" }), this.button),
      this.summary,
      h("div", { class: "scroll-x" }, this.lostTable),
    );
  }

  want() {
    return { hist: false };
  }

  get #params() {
    return { session: this.app.store.session?.id };
  }

  async #begin() {
    await api.post("leakscan", this.#params).catch(() => null);
    this.#ask();
  }

  /** @param {string} path */
  #get(path) {
    return api.get(path, this.#params).catch((error) => {
      this.#kept = error.code !== "not_kept";
      return null;
    });
  }

  async #ask() {
    clearTimeout(this.#timer);
    if (!this.element.isConnected) return;
    if (!document.hidden) {
      this.#kept = true;
      this.#leaks = (await this.#get("leaks")) ?? this.#leaks;
      this.#scan = (await this.#get("leakscan")) ?? this.#scan;
      this.app.redraw();
    }
    clearTimeout(this.#timer);
    this.#timer = setTimeout(
      () => this.#ask(),
      this.#scan.state === "running" ? SCAN_EVERY_MS : EVERY_MS,
    );
  }

  #drawSuspects() {
    const findings = this.#leaks?.findings ?? [];
    this.none.hidden = findings.length > 0;
    setText(
      this.none,
      !this.#kept
        ? "A saved snapshot is one moment: who keeps growing, and what no pointer leads to, can only be told while the program runs. Compare two snapshots instead."
        : this.#leaks
          ? "No call site keeps growing. A leak of 1 MiB a second is seen after half a minute, a slow one within ten."
          : "",
    );
    this.suspects.replaceChildren(
      ...findings.map((/** @type {Record<string, any>} */ f) => {
        const e = Object.fromEntries(
          f.evidence.map((/** @type {{name: string, value: number}} */ x) => [x.name, x.value]),
        );
        return h(
          "tr",
          { "data-id": f.site.id },
          nameCell(f.site),
          h("td", { class: "num", text: `${bytes(e.bytes_per_s)}/s` }),
          h("td", { class: "num", text: bytes(e.growth_bytes) }),
          h("td", { class: "num", text: `${Math.round(e.span_s)} s` }),
          h("td", {
            class: "num",
            text: bytes(f.site.live_bytes),
            title: exactBytes(f.site.live_bytes),
          }),
          h("td", { class: "num", text: confidenceText(f.confidence) }),
        );
      }),
    );
  }

  #drawScan() {
    const { rows, state } = this.#scan;
    setText(this.summary, this.#kept ? scanText(this.#scan) : "");
    this.button.disabled = state === "running" || this.app.store.ended;
    this.lostTable.hidden = rows.length === 0;
    this.lost.replaceChildren(
      ...rows.slice(0, ROWS).map((/** @type {Record<string, any>} */ r) =>
        h(
          "tr",
          { "data-stack": r.stack },
          h(
            "td",
            { class: "name" },
            h(
              "details",
              {},
              h("summary", { text: r.frames[0]?.function ?? "(unknown stack)" }),
              h(
                "ol",
                {},
                ...r.frames.map((/** @type {Record<string, any>} */ f) =>
                  h("li", { text: `${f.function}  ${placeOf(f)}` }),
                ),
              ),
            ),
          ),
          h("td", {
            class: "num",
            text: r.suppressed === null ? r.kind : `${r.kind}, suppressed`,
          }),
          h("td", { class: "num", text: bytes(r.bytes), title: exactBytes(r.bytes) }),
          h("td", { class: "num", text: count(r.blocks) }),
        ),
      ),
    );
  }

  draw() {
    const key = JSON.stringify([
      this.#leaks?.findings,
      this.#scan.number,
      this.#scan.state,
      this.app.store.ended,
      this.#kept,
    ]);
    if (key === this.#drawn) return; // what is opened stays open
    this.#drawn = key;
    this.#drawSuspects();
    this.#drawScan();
  }

  enter() {
    this.#ask();
  }

  restyle() {}
}

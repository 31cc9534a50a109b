// SPDX-License-Identifier: MIT
//
// suspects: call sites that keep growing, as the engine suspects them, with
// the reason, their stacks, and what to do next.

import { api } from "../api.js";
import { drawSpark, sparkLine } from "../charts/spark.js";
import { h, setAttribute, setText } from "../dom.js";
import { confidenceText, evidenceOf } from "../findings.js";
import { bytes, clipMiddle, count, duration, exactBytes, percent, place } from "../format.js";
import { stackLines, stackText, suppression } from "../frames.js";
import { routeTo } from "../router.js";
import { SourceView } from "./source_view.js";
import { copyButton, stackList } from "./stack.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {Record<string, any>} Row */

const STACKS = 3;
const DETAILS_MS = 3000;
const DETAILED = 12; // suspects whose trends are asked for
const HEADS = ["Suspect", "1 min", "Per minute", "Grown by", "For", "Live", "Freed", "Confidence"];
const GROWTHS = [
  [0, "any growth"],
  [10 * 1024, "≥ 10 KiB/min"],
  [100 * 1024, "≥ 100 KiB/min"],
  [1024 * 1024, "≥ 1 MiB/min"],
];
const AGES = [
  [0, "for any time"],
  [60, "for ≥ 1 min"],
  [300, "for ≥ 5 min"],
];

/** Why a site is suspected. @param {Row} e evidence @param {Row | undefined} site in detail */
export function reasonOf(e, site) {
  const parts = [
    `It has grown by ${bytes(e.growth_bytes)} in ${duration(e.span_s * 1e9)}: of ${count(e.steps_up + e.steps_down)} steps ${count(e.steps_up)} went up, ${count(e.steps_down)} down`,
  ];
  if (site) {
    const freed = site.alloc_count > 0 ? (site.free_count / site.alloc_count) * 100 : 0;
    parts.push(
      site.free_count === 0
        ? `none of its ${count(site.alloc_count)} blocks was ever freed`
        : `${percent(freed)} % of its ${count(site.alloc_count)} blocks have been freed, after ${duration(site.mean_lifetime_ns)} on average`,
    );
  }
  return `${parts.join("; ")}.`;
}

export class Suspects {
  /** @type {Map<number, Row>} answers of sites/{id} */
  #details = new Map();
  #detailsAt = 0;
  #drawn = "";
  /** The one that is open; 0: none. */
  #open = 0;
  #growth = 0;
  #age = 0;

  /** @param {App} app @param {() => void} onOpen another one is open */
  constructor(app, onOpen) {
    this.app = app;
    this.onOpen = onOpen;
    /** @param {(number | string)[][]} options @param {string} label @param {(value: number) => void} set */
    const select = (options, label, set) => {
      const element = h(
        "select",
        {
          "aria-label": label,
          onchange: () => {
            set(Number(element.value));
            this.#drawn = "";
            app.redraw();
          },
        },
        ...options.map(([value, text]) => h("option", { value, text })),
      );
      return element;
    };
    this.source = new SourceView(() => app.store.session?.id);
    this.summary = h("span", { class: "note", role: "status" });
    this.body = h("tbody", {});
    this.none = h("p", { class: "empty" });
    this.method = h("p", { class: "note" });
    this.table = h(
      "div",
      { class: "scroll-x" },
      h(
        "table",
        { "aria-label": "Suspects" },
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            ...HEADS.map((text, i) => h("th", { scope: "col", class: i ? "num" : "", text })),
          ),
        ),
        this.body,
      ),
    );
    this.element = h(
      "section",
      { class: "card page suspects" },
      h(
        "header",
        {},
        h("h2", {
          text: "Suspects",
          title:
            "Call sites whose live bytes keep growing. A cache that still fills grows as well.",
        }),
        select(GROWTHS, "Least growth", (value) => {
          this.#growth = value;
        }),
        select(AGES, "Least time", (value) => {
          this.#age = value;
        }),
        this.summary,
      ),
      this.table,
      this.none,
      h("details", { class: "method" }, h("summary", { text: "How they are found" }), this.method),
    );
  }

  get open() {
    return this.#open;
  }

  /** @param {number} id of a site; 0: none */
  show(id) {
    if (id !== this.#open) this.source.clear();
    this.#open = id;
    this.#drawn = "";
    this.#detailsAt = 0;
  }

  /** Stacks and trends of the first ones. */
  async #ask() {
    const now = performance.now();
    if (now - this.#detailsAt < DETAILS_MS) return;
    this.#detailsAt = now;
    const session = this.app.store.session?.id;
    const ids = this.app.findings.of("leak_suspects").map((f) => f.site.id);
    const wanted = new Set(ids.slice(0, DETAILED));
    if (ids.includes(this.#open)) wanted.add(this.#open);
    for (const id of wanted) {
      const detail = await api.get(`sites/${id}`, { session }).catch(() => null);
      if (detail) this.#details.set(id, detail);
    }
    if (wanted.size > 0) this.app.redraw();
  }

  draw() {
    const { findings } = this.app;
    this.#ask();
    const all = findings.of("leak_suspects");
    const shown = [];
    let key = `${findings.seq} ${this.#open}`;
    for (const f of all) {
      const e = evidenceOf(f);
      if (!(e.bytes_per_s * 60 >= this.#growth && e.span_s >= this.#age)) continue;
      shown.push(f);
      key += ` ${f.site.id}:${this.#details.get(f.site.id)?.seq ?? 0}`;
    }
    if (key === this.#drawn) return;
    this.#drawn = key;
    const hidden = all.length - shown.length;
    setText(
      this.summary,
      findings.seq === 0
        ? ""
        : `${count(shown.length)} ${shown.length === 1 ? "site keeps" : "sites keep"} growing${hidden > 0 ? `; ${count(hidden)} more below these limits` : ""}`,
    );
    setText(this.method, findings.method("leak_suspects"));
    this.table.hidden = shown.length === 0;
    this.none.hidden = shown.length > 0;
    setText(
      this.none,
      findings.seq === 0
        ? "Looking…"
        : "No call site keeps growing. A leak of 1 MiB a second is seen after half a minute, a slow one within ten.",
    );
    const focused = document.activeElement?.id;
    this.body.replaceChildren(...shown.flatMap((f) => this.#rows(f)));
    if (focused) document.getElementById(focused)?.focus();
  }

  /** @param {Row} f */
  #rows(f) {
    const e = evidenceOf(f);
    const { site } = f;
    const detail = this.#details.get(site.id);
    const open = this.#open === site.id;
    const trend = sparkLine();
    drawSpark(trend, detail?.site.trend ?? null);
    const freed = detail?.site.alloc_count
      ? `${percent((detail.site.free_count / detail.site.alloc_count) * 100)} %`
      : "–";
    const toggle = h("button", {
      type: "button",
      id: `suspect-${site.id}`,
      class: "link mono",
      "aria-expanded": String(open),
      text: `${open ? "▾" : "▸"} ${clipMiddle(site.function, 60)}`,
      title: site.function,
      onclick: () => {
        this.show(open ? 0 : site.id);
        this.onOpen();
        this.app.redraw();
      },
    });
    const row = h(
      "tr",
      { "data-id": site.id },
      h(
        "td",
        { class: "name", title: site.file ? `${site.file}:${site.line}` : site.module },
        toggle,
        " ",
        h("span", { class: "dim", text: site.file ? place(site.file, site.line) : site.module }),
      ),
      h("td", { class: "num" }, trend),
      h("td", { class: "num up", text: `+${bytes(e.bytes_per_s * 60)}` }),
      h("td", { class: "num", text: bytes(e.growth_bytes), title: exactBytes(e.growth_bytes) }),
      h("td", { class: "num", text: duration(e.span_s * 1e9) }),
      h("td", { class: "num", text: bytes(site.live_bytes), title: exactBytes(site.live_bytes) }),
      h("td", { class: "num", text: freed }),
      h("td", {
        class: "num",
        text: confidenceText(f.confidence),
        title: "That the growth is real: 1 less the chance that it looks so without a direction",
      }),
    );
    return open ? [row, this.#detail(f, e, detail)] : [row];
  }

  /** @param {Row} f @param {Row} e @param {Row | undefined} detail */
  #detail(f, e, detail) {
    const { site } = f;
    this.source.begin(site);
    const stacks = (detail?.stacks ?? []).slice(0, STACKS);
    const name = site.function.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    /** @param {string} said */
    const say = (said) => this.app.say(said);
    const body = h(
      "td",
      { colspan: HEADS.length, class: "why" },
      h("p", { text: reasonOf(e, detail?.site) }),
      h(
        "p",
        { class: "links" },
        h("a", {
          class: "button",
          href: routeTo("flame", { q: `^${name}$` }),
          text: "In the flame graph",
        }),
        h("a", {
          class: "button",
          href: routeTo("sites", { site: site.id, q: site.function.slice(0, 60) }),
          text: "Call site",
        }),
        copyButton(
          "Copy stack",
          () => stacks.map((/** @type {Row} */ s) => stackText(stackLines(s.frames))).join("\n\n"),
          say,
        ),
        copyButton(
          "Suppress",
          () => suppression(site),
          say,
          `Copies the line “${suppression(site)}” for a file of --suppressions`,
        ),
      ),
      this.source.element,
      ...stacks.map((/** @type {Row} */ stack) =>
        h(
          "div",
          { class: "one-stack" },
          h("p", {
            class: "note",
            text: `${bytes(stack.live_bytes)} in ${count(stack.live_blocks)} blocks live, allocated by:`,
          }),
          stackList(stack.frames, (call) => this.source.show(call)),
        ),
      ),
      (detail?.stack_total ?? 0) > STACKS
        ? h("p", {
            class: "note",
            text: `${count(detail?.stack_total - STACKS)} stacks more are in the flame graph.`,
          })
        : null,
    );
    setAttribute(body, "data-site", String(site.id));
    return h("tr", { class: "detail" }, body);
  }

  restyle() {
    this.#drawn = "";
  }
}

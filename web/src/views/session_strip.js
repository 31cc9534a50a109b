// SPDX-License-Identifier: MIT
//
// session_strip: the band of time below every page: what moment or range is
// shown, in words and numbers, and the ways to another one.

import { Strip } from "../charts/strip.js";
import { h, setAttribute, setText } from "../dom.js";
import { bytes, clipMiddle, clock, count, duration, percent, signedBytes } from "../format.js";
import { same } from "../same.js";

/** @typedef {import("../app.js").App} App */

const MARKS_MS = 5000;
const MOST_MARKS = 200;
const KINDS = new Set(["mark"]); // the rest are events, not places in the program's life

export class SessionStrip {
  /** @type {import("../charts/strip.js").Flag[]} */
  #flags = [];
  /** @type {any[]} */
  #flagsOf = [];
  #marksAt = 0;
  /** @type {Record<string, any>[]} */
  #marks = [];

  /** @param {App} app */
  constructor(app) {
    this.app = app;
    this.strip = new Strip(
      {
        get ring() {
          return app.store.ringFrom(0);
        },
        view: app.view,
      },
      {
        moment: (end) => app.stopAt(end),
        range: (begin, end) => app.showRange(begin, end),
      },
    );
    this.shown = h("span", { class: "shown" });
    this.self = h("a", {
      class: "note",
      id: "self-cost",
      href: "#/settings",
      title:
        "What memscope itself costs: CPU of one core, its memory, and events that could not be booked",
    });
    /** @param {string} text @param {string} title @param {() => void} onclick */
    const button = (text, title, onclick) => h("button", { type: "button", title, onclick, text });
    this.range = button(
      "Compare A → B",
      "Show a range: what has changed from A to B. Or drag over the band.",
      () => app.toggleRange(),
    );
    this.now = button("Now", "Follow the program (N)", () => app.resume());
    this.element = h(
      "section",
      { class: "card session", "aria-label": "Time" },
      h(
        "header",
        {},
        h("h2", {
          text: "Time",
          title:
            "All of the session. A click chooses a moment, a drag a range; every page shows it.",
        }),
        this.shown,
        this.self,
        h(
          "span",
          { class: "actions" },
          button("Peak heap", "The moment at which most was live (P)", () =>
            app.jumpToPeak("live"),
          ),
          button("Peak RSS", "The moment at which most was resident", () => app.jumpToPeak("rss")),
          this.range,
          this.now,
        ),
      ),
      this.strip.canvas,
    );
  }

  draw() {
    const { app } = this;
    if (!app.store.stats) return;
    this.#askForMarks();
    this.strip.draw(this.flags);
    setText(this.shown, this.#words());
    setAttribute(this.range, "aria-pressed", String(app.view.begin !== null));
    setAttribute(this.now, "aria-pressed", String(!app.view.paused));
    this.#drawSelf();
  }

  restyle() {
    this.strip.restyle();
  }

  /** What is shown, with what has changed in it. */
  #words() {
    const { view, store } = this.app;
    const ring = store.ringOf(view);
    if (view.end === null) return store.ended ? "its end" : "now";
    const at = view.endIndex(ring);
    const live = ring.at("live", at);
    if (view.begin === null)
      return `${clock(view.end * 1000)} · heap ${bytes(live)} · RSS ${bytes(ring.at("rss", at))}`;
    const from = Math.max(ring.find("t", view.begin + 5e-4) - 1, ring.begin);
    /** @param {string} column */
    const gained = (column) => ring.at(column, at) - ring.at(column, from);
    return `A ${clock(view.begin * 1000)} → B ${clock(view.end * 1000)} (${duration(view.seconds * 1e9)}): heap ${signedBytes(gained("live"))} = ${bytes(gained("allocBytes"))} allocated − ${bytes(gained("freeBytes"))} freed`;
  }

  /** Snapshots and marks, by time. */
  get flags() {
    const { snapshots, session } = this.app.store;
    const of = [snapshots, this.#marks, session?.id, this.app.store.epoch];
    if (same(of, this.#flagsOf)) return this.#flags;
    this.#flagsOf = of;
    const start = session?.start_ms ?? 0;
    /** @type {import("../charts/strip.js").Flag[]} */
    const flags = [
      ...snapshots
        .filter((s) => !s.imported && s.epoch === this.app.store.epoch)
        .map((s) => ({
          t: (s.time_ms - start) / 1000,
          label: `S${s.id}`,
          kind: /** @type {const} */ ("snapshot"),
        })),
      ...this.#marks.map((m) => ({
        t: m.time_ns / 1e9,
        label: clipMiddle(m.name, 14),
        kind: /** @type {const} */ ("mark"),
      })),
    ];
    this.#flags = flags.sort((a, b) => a.t - b.t);
    return this.#flags;
  }

  /** Marks set by the program: few, so they are asked for now and then. */
  async #askForMarks() {
    const now = performance.now();
    if (now - this.#marksAt < MARKS_MS) return;
    this.#marksAt = now;
    const answer = await this.app.ask("marks");
    if (!answer) return;
    this.#marks = answer.rows
      .filter((/** @type {Record<string, any>} */ row) => KINDS.has(row.kind))
      .slice(-MOST_MARKS);
  }

  #drawSelf() {
    const { store, monitorCpu } = this.app;
    const m = store.monitor;
    if (!m || !store.stats) return;
    this.self.hidden = this.app.view.begin !== null; // the range has more to say
    const lost = store.stats.capture.dropped_allocs + store.stats.capture.dropped_frees;
    const memory = m.rss_bytes === null ? bytes(m.model_bytes) : bytes(m.rss_bytes);
    setText(
      this.self,
      `memscope itself: ${percent(monitorCpu)} % CPU, ${memory}, ${count(lost)} events dropped`,
    );
    setAttribute(this.self, "data-dropped", String(lost));
  }
}

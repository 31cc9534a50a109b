// SPDX-License-Identifier: MIT
//
// settings_page: what can be chosen, how much is captured, and how the monitor
// itself does.

import { api } from "../api.js";
import { h, setAttribute, setText } from "../dom.js";
import { bytes, count, duration, exactBytes, percent } from "../format.js";
import { Poll } from "../poll.js";
import { Capture } from "./capture.js";
import { Choices } from "./choices.js";
import { card, term } from "./parts.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {Record<string, any>} Row */

const EVERY_MS = 1000;
const DROPS = /** @type {[string, string][]} */ ([
  ["dropped_allocs", "allocations"],
  ["dropped_frees", "frees"],
  ["dropped_reentry", "in signal handlers"],
  ["dropped_threads", "of threads without a place"],
  ["dropped_rows", "without a row"],
  ["dropped_index", "without a place in the index"],
  ["unknown_stacks", "without their stack"],
  ["unknown_frees", "frees of unknown blocks"],
]);
const LIMITS = /** @type {[string, string][]} */ ([
  ["History", "100 ms for 10 min, 1 s for 2 h, 10 s for 24 h"],
  [
    "Past moments of sites and threads",
    "each tick for 10 min, one a second for 2 h, then one in 10 s",
  ],
  ["Queries", "60 s, 100,000 rows, 32 MiB, four at a time"],
  ["Last events", "512 of each thread"],
  ["Marks", "the last 1,024"],
]);

/** Facts as pairs, whose values are set later. */
class Facts {
  /** @type {Map<string, HTMLElement>} */
  #values = new Map();

  /** @param {[string, string, string][]} list key, label, key of explain.js */
  constructor(list) {
    this.element = h(
      "dl",
      { class: "facts" },
      ...list.flatMap(([key, label, explain]) => {
        const value = h("dd", { "data-fact": key });
        this.#values.set(key, value);
        return [term(label, explain), value];
      }),
    );
  }

  /** @param {string} key @param {string} text @param {string} [title] */
  set(key, text, title = "") {
    const value = this.#values.get(key);
    if (!value) return;
    setText(value, text);
    setAttribute(value, "title", title);
  }
}

export class SettingsPage {
  /** @param {App} app */
  constructor(app) {
    this.app = app;
    this.choices = new Choices(app);
    this.capture = new Capture(app);
    this.health = new Facts([
      ["cpu", "CPU", "self.cpu"],
      ["rss", "Memory", "self.rss"],
      ["model", "of it: what is known of the programs", "self.model"],
      ["store", "Records inside the program", "self.store"],
      ["overhead", "Capture in the program", "self.overhead"],
      ["ticks", "Pictures", "self.ticks"],
      ["tick", "Time of a picture", "self.tick"],
      ["drops", "Events lost", "self.drops"],
      ["clients", "Pages", "self.clients"],
      ["messages", "Messages", "self.messages"],
      ["requests", "Requests", "self.requests"],
      ["symbols", "Names", "self.symbols"],
    ]);
    this.endpoints = h("tbody", {});
    this.endpointTable = h(
      "details",
      { hidden: true },
      h("summary", { text: "Requests by path" }),
      h(
        "div",
        { class: "scroll-x" },
        h(
          "table",
          { class: "endpoints" },
          h(
            "thead",
            {},
            h(
              "tr",
              {},
              h("th", { scope: "col", text: "Path" }),
              h("th", { scope: "col", class: "num", text: "Answers" }),
              h("th", { scope: "col", class: "num", text: "Mean time until it begins" }),
            ),
          ),
          this.endpoints,
        ),
      ),
    );
    this.about = h("dl", { class: "facts" });
    this.element = h(
      "div",
      { class: "stack settings" },
      h("div", { class: "two even" }, this.choices.element, this.capture.element),
      h(
        "div",
        { class: "two even" },
        card(
          "Memscope itself",
          { about: "What watching costs, and whether anything was missed" },
          [],
          this.health.element,
          this.endpointTable,
        ),
        card("About", { about: "Versions, and what is kept for how long" }, [], this.about),
      ),
    );
    this.poll = new Poll(
      EVERY_MS,
      () => api.get("status"),
      (answer, error) => this.#status(answer, error),
    );
  }

  want() {
    return {};
  }

  enter() {
    this.choices.enter();
    this.capture.enter();
    this.poll.start();
  }

  leave() {
    this.poll.stop();
  }

  /** @param {Row | null} status @param {Error | null} error */
  #status(status, error) {
    if (error || !status) return;
    const list = /** @type {[string, string][]} */ ([
      ["Version", status.version],
      ["Protocol", status.protocol],
      ["Up", duration(status.uptime_ms * 1e6)],
      ["Processes", count(status.sessions.length)],
      ...LIMITS,
    ]);
    this.about.replaceChildren(
      ...list.flatMap(([label, text]) => [h("dt", { text: label }), h("dd", { text })]),
    );
    this.#drawEndpoints(status.endpoints);
  }

  /** @param {Row[] | undefined} endpoints */
  #drawEndpoints(endpoints) {
    this.endpointTable.hidden = !Array.isArray(endpoints) || endpoints.length === 0;
    if (!Array.isArray(endpoints)) return;
    this.endpoints.replaceChildren(
      ...endpoints.map((e) =>
        h(
          "tr",
          {},
          h("td", { class: "mono", text: e.route }),
          h("td", { class: "num", text: count(e.answers) }),
          h("td", { class: "num", text: `${duration(e.mean_ns)}, at most ${duration(e.max_ns)}` }),
        ),
      ),
    );
  }

  draw() {
    const { store, monitorCpu } = this.app;
    const { monitor: m, stats } = store;
    if (!m || !stats) return;
    const c = stats.capture;
    const { health } = this;
    health.set("cpu", `${percent(monitorCpu)} % of one core`);
    health.set(
      "rss",
      m.rss_bytes === null ? "not known: it is inside the program" : bytes(m.rss_bytes),
      exactBytes(m.rss_bytes),
    );
    health.set("model", bytes(m.model_bytes), exactBytes(m.model_bytes));
    health.set("store", bytes(c.store_bytes), exactBytes(c.store_bytes));
    health.set(
      "overhead",
      typeof c.overhead === "number"
        ? `about ${percent(c.overhead)} % of the program's CPU`
        : "not known",
    );
    health.set("ticks", `${count(m.ticks)}, ${count(m.late_ticks)} late`);
    health.set(
      "tick",
      `${duration(m.last_tick_ns)}, at most ${duration(m.max_tick_ns)}; every ${duration(m.tick_period_ns)}`,
    );
    const lost = DROPS.map(([key, label]) => [c[key] ?? 0, label]);
    const sum = lost.reduce((total, [n]) => total + Number(n), 0);
    health.set(
      "drops",
      sum === 0
        ? "0"
        : lost
            .filter(([n]) => n)
            .map(([n, label]) => `${count(Number(n))} ${label}`)
            .join(", "),
      lost.map(([n, label]) => `${count(Number(n))} ${label}`).join(", "),
    );
    health.set("clients", `${count(m.clients)} of ${count(m.max_clients)}`);
    health.set(
      "messages",
      `${count(m.messages_total)} sent, ${count(m.coalesced_total)} put together for slow ones`,
    );
    health.set("requests", count(m.requests_total));
    health.set("symbols", `${count(m.symbols_done)} found, ${count(m.symbols_pending)} to come`);
    this.capture.draw();
  }

  restyle() {}
}

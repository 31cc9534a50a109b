// SPDX-License-Identifier: MIT
//
// settings_page: what the reader may choose, how much is captured, and how the
// monitor itself does.

import { api } from "../api.js";
import { siteColumns, threadColumns } from "../columns.js";
import { h, setAttribute, setText } from "../dom.js";
import { bytes, count, duration, exactBytes, percent, perSecond, setUnits, unitsName } from "../format.js";
import { Poll } from "../poll.js";
import { settings } from "../settings.js";
import { THEMES } from "../theme.js";
import { button, card, field, select, term, Trouble } from "./parts.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {Record<string, any>} Row */

const EVERY_MS = 1000;
const RATES = /** @type {[string, string][]} */ ([
  ["1", "1 a second"],
  ["2", "2 a second"],
  ["5", "5 a second"],
  ["10", "10 a second"],
]);
const INTERVALS = /** @type {[string, string][]} */ ([
  ["0", "as the governor chooses"],
  ["4096", "4 KiB"],
  ["65536", "64 KiB"],
  ["524288", "512 KiB"],
  ["4194304", "4 MiB"],
]);
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
  ["Past moments of sites and threads", "each tick for 10 min, one a second for 2 h, then one in 10 s"],
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
    this.trouble = new Trouble();
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
              h("th", { scope: "col", class: "num", text: "Mean time" }),
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
      h("div", { class: "two even" }, this.#choices(), this.#capture()),
      card(
        "Memscope itself",
        { about: "What watching costs, and whether anything was missed" },
        [],
        this.health.element,
        this.endpointTable,
      ),
      card("About", {}, [], this.about),
    );
    this.poll = new Poll(
      EVERY_MS,
      () => api.get("status"),
      (answer, error) => this.#status(answer, error),
    );
  }

  #choices() {
    const { app } = this;
    this.theme = select(
      "Theme",
      THEMES.map((t) => [t, t === "auto" ? "as the system" : t]),
      (value) => app.theme.choose(/** @type {(typeof THEMES)[number]} */ (value)),
    );
    this.units = select(
      "Units",
      [
        ["binary", "KiB, MiB (1024)"],
        ["decimal", "kB, MB (1000)"],
      ],
      (value) => {
        setUnits(value);
        settings.set("units", value);
        app.restyle();
      },
    );
    this.rate = select("Pictures a second", RATES, (value) => {
      app.hz = Number(value);
      settings.set("hz", value);
      app.subscribe();
    });
    this.keys = h("input", {
      type: "checkbox",
      onchange: () => settings.set("keys", this.keys.checked ? "on" : "off"),
    });
    /** @param {string} table @param {string} label @param {import("../table.js").Column[]} columns */
    const columns = (table, label, columns) =>
      h(
        "fieldset",
        {},
        h("legend", { text: label }),
        ...columns.slice(1).map((column) => {
          const box = h("input", {
            type: "checkbox",
            "data-column": `${table}.${column.key}`,
            onchange: () => this.#showColumn(table, column.key, box.checked),
          });
          return h("label", { class: "check" }, box, ` ${column.label}`);
        }),
      );
    this.columns = h(
      "details",
      {},
      h("summary", { text: "Columns of the tables" }),
      columns("threads", "Threads", threadColumns),
      columns("sites", "Call sites", siteColumns),
    );
    return card(
      "Settings",
      { about: "Kept by this browser" },
      [h("span", { class: "gap" }), button("Reset all", () => this.#reset())],
      h(
        "div",
        { class: "form" },
        field("Theme", this.theme),
        field("Units", this.units),
        field("Pictures", this.rate),
        h("label", { class: "check" }, this.keys, " Keys of one letter (press ? for the list)"),
        this.columns,
      ),
    );
  }

  #capture() {
    this.mode = select(
      "Mode",
      [
        ["exact", "exact: every call"],
        ["sampled", "sampled"],
        ["off", "off"],
      ],
      () => this.#enable(),
    );
    this.interval = select("One sample for", INTERVALS, () => {});
    this.budget = h("input", {
      type: "number",
      min: 0,
      max: 100,
      step: "any",
      value: "0",
      class: "short",
      "aria-label": "Budget in per cent of one core; 0: none",
    });
    this.apply = button("Apply", () => this.#control(), { class: "primary" });
    this.inForce = h("p", { class: "note", role: "status" });
    this.captureForm = h(
      "div",
      { class: "form" },
      field("Mode", this.mode),
      field("One sample for", this.interval),
      field("Budget, % of a core (0: none)", this.budget),
      h("div", {}, this.apply),
    );
    return card(
      "Capture",
      {
        about:
          "How much of the program's calls is recorded from now on. What was recorded stays as it is.",
      },
      [],
      this.inForce,
      this.captureForm,
      this.trouble.element,
    );
  }

  want() {
    return {};
  }

  enter() {
    const capture = this.app.store.stats?.capture;
    if (capture) {
      this.mode.value = capture.mode;
      this.budget.value = String(capture.budget ?? 0);
    }
    this.theme.value = this.app.theme.name;
    this.units.value = unitsName();
    this.rate.value = String(this.app.hz);
    this.keys.checked = settings.get("keys") !== "off";
    for (const box of this.columns.querySelectorAll("input")) {
      const [table, key] = String(box.dataset.column).split(".");
      box.checked = !hiddenColumns(table).includes(key);
    }
    this.#enable();
    this.poll.start();
  }

  leave() {
    this.poll.stop();
  }

  #enable() {
    this.interval.disabled = this.mode.value !== "sampled";
  }

  /** @param {string} table @param {string} key @param {boolean} show */
  #showColumn(table, key, show) {
    const hidden = hiddenColumns(table).filter((k) => k !== key);
    settings.set(`hidden.${table}`, (show ? hidden : [...hidden, key]).join());
  }

  #reset() {
    settings.clear();
    location.reload();
  }

  async #control() {
    this.apply.disabled = true;
    try {
      const now = await api.post("control", {
        mode: this.mode.value,
        ...(this.mode.value === "sampled" ? { interval: Number(this.interval.value) } : {}),
        budget: Number(this.budget.value) || 0,
        ...(this.app.store.session ? { session: this.app.store.session.id } : {}),
      });
      this.trouble.show(null);
      this.app.say(`Capture is ${now.mode} now.`);
    } catch (error) {
      this.trouble.show(/** @type {Error} */ (error), "Not changed");
    }
    this.apply.disabled = false;
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
    this.#drawEndpoints(status.endpoints ?? status.monitor.endpoints);
  }

  /** @param {Row[] | undefined} endpoints */
  #drawEndpoints(endpoints) {
    this.endpointTable.hidden = !Array.isArray(endpoints) || endpoints.length === 0;
    if (!Array.isArray(endpoints)) return;
    this.endpoints.replaceChildren(
      ...endpoints
        .filter((e) => e.count > 0)
        .map((e) =>
          h(
            "tr",
            {},
            h("td", { class: "mono", text: e.path }),
            h("td", { class: "num", text: count(e.count) }),
            h("td", { class: "num", text: duration((e.total_ns ?? e.sum_ns ?? 0) / e.count) }),
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
    health.set("rss", m.rss_bytes === null ? "not known: it is inside the program" : bytes(m.rss_bytes), exactBytes(m.rss_bytes));
    health.set("model", bytes(m.model_bytes), exactBytes(m.model_bytes));
    health.set("store", bytes(c.store_bytes), exactBytes(c.store_bytes));
    health.set("overhead", typeof c.overhead === "number" ? overheadText(c.overhead) : "not known");
    health.set("ticks", `${count(m.ticks)}, ${count(m.late_ticks)} late`);
    health.set("tick", `${duration(m.last_tick_ns)}, at most ${duration(m.max_tick_ns)}`);
    const lost = DROPS.map(([key, label]) => [c[key] ?? 0, label]);
    const sum = lost.reduce((total, [n]) => total + Number(n), 0);
    health.set(
      "drops",
      sum === 0 ? "0" : lost.filter(([n]) => n).map(([n, label]) => `${count(Number(n))} ${label}`).join(", "),
      lost.map(([n, label]) => `${count(Number(n))} ${label}`).join(", "),
    );
    health.set("clients", `${count(m.clients)} of ${count(m.max_clients)}`);
    health.set("messages", `${count(m.messages_total)} sent, ${count(m.coalesced_total)} put together for slow ones`);
    health.set("requests", count(m.requests_total));
    health.set("symbols", `${count(m.symbols_done)} found, ${count(m.symbols_pending)} to come`);
    const sampled = c.mode === "sampled" ? `, one sample for ${bytes(c.interval)}` : "";
    const budget = c.budget > 0 ? `, budget ${percent(c.budget)} % of a core` : "";
    setText(
      this.inForce,
      store.ended
        ? "The program has ended: nothing is captured any more."
        : `In force: ${c.mode}${sampled}${budget}. Backend: ${c.backend_name ?? c.backend}.`,
    );
    this.captureForm.hidden = store.ended || api.saved;
  }

  restyle() {}
}

/** @param {number} nsPerS */
function overheadText(nsPerS) {
  return `${percent(nsPerS)} (of one core: ${perSecond(nsPerS)})`;
}

/** Keys of the columns that the reader has put away. @param {string} table */
export function hiddenColumns(table) {
  return (settings.get(`hidden.${table}`) ?? "").split(",").filter(Boolean);
}

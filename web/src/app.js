// SPDX-License-Identifier: MIT
//
// app: holds the parts together. Data arrive when they like; the screen draws
// once per animation frame, what is seen, when there is something new.

import { siteColumns, threadColumns } from "./columns.js";
import { forgetColors, h, setText } from "./dom.js";
import { count } from "./format.js";
import { encodeAck, encodeResume, encodeSnapshot, encodeSub } from "./protocol.js";
import { settings } from "./settings.js";
import { Store } from "./store.js";
import { View, WINDOWS } from "./view.js";
import { Drawer } from "./views/drawer.js";
import { Header } from "./views/header.js";
import { makeHelp } from "./views/help.js";
import { LeaksPage } from "./views/leaks.js";
import { Overview } from "./views/overview.js";
import { SnapshotsPage } from "./views/snapshots.js";
import { TablePage } from "./views/table_page.js";

const STALE_MS = 3000;
const HIDDEN_MS = 30000;
const NOTICE_MS = 5000;
export const THEMES = /** @type {const} */ (["auto", "light", "dark"]);
const PAGES = [
  { id: "overview", label: "Overview" },
  { id: "threads", label: "Threads" },
  { id: "sites", label: "Call sites" },
  { id: "snapshots", label: "Snapshots" },
  { id: "leaks", label: "Leaks" },
];

export class App {
  store = new Store();
  view = new View();
  hz = 10;
  monitorCpu = Number.NaN;
  /** @type {import("./api.js").LinkState} */
  link = "connecting";
  #lastMessage = performance.now();
  #lastAck = 0;
  #frame = 0;
  #command = 0;
  #session = 0;
  /** The number of the last subscription. */
  asked = 0;
  #hiddenTimer = 0;
  #noticeTimer = 0;
  /** @type {{ns: number, at: number} | null} */
  #monitorBefore = null;
  #page = "overview";
  #theme = settings.get("theme");

  /** @param {HTMLElement} root @param {import("./api.js").Source} source */
  constructor(root, source) {
    this.source = source;
    this.view.seconds = Number(settings.get("window")) || 60;
    if (!WINDOWS.some((w) => w.seconds === this.view.seconds)) this.view.seconds = 60;
    this.#applyTheme();
    source.open(
      (m) => this.#receive(m),
      (state) => this.#linkChanged(state),
    ); // it opens while the page is built
    this.drawer = new Drawer(this.store);
    this.help = makeHelp();
    this.header = new Header(this);
    /** @type {Record<string, any>} */
    this.pages = {
      overview: new Overview(this),
      threads: new TablePage(this, {
        part: "th",
        title: "Threads",
        placeholder: "Find a thread",
        columns: threadColumns,
        help: "Every thread that has allocated or freed, with what it allocated and nobody freed",
      }),
      sites: new TablePage(this, {
        part: "site",
        title: "Call sites",
        placeholder: "Find a function, file or module",
        columns: siteColumns,
        help: "Every place that called the allocator",
      }),
      snapshots: new SnapshotsPage(this),
      leaks: new LeaksPage(this),
    };
    this.links = PAGES.map((page, i) =>
      h(
        "a",
        { href: `#/${page.id}`, "data-page": page.id },
        h("span", { text: page.label }),
        h("span", { class: "badge" }),
        h("kbd", { text: String(i + 1) }),
      ),
    );
    this.main = h("main", { id: "main" });
    // One region that readers of the screen hear, so it is never taken away.
    this.notice = h("p", { class: "notice", role: "status" });
    root.replaceChildren(
      this.header.element,
      h(
        "div",
        { class: "layout" },
        h("nav", { "aria-label": "Pages" }, ...this.links),
        h("div", { class: "content" }, this.main),
      ),
      this.drawer.element,
      this.help,
      this.notice,
    );
    this.#listen();
    this.#route();
  }

  get page() {
    return this.pages[this.#page];
  }

  get staleSeconds() {
    const silent = performance.now() - this.#lastMessage;
    return this.link === "open" && silent > STALE_MS ? Math.floor(silent / 1000) : 0;
  }

  #listen() {
    addEventListener("hashchange", () => this.#route());
    addEventListener("keydown", (event) => this.#key(event));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#restyle());
    document.addEventListener("visibilitychange", () => this.#visibility());
    setInterval(() => this.redraw(), 500); // for what only time changes
  }

  /** @param {Record<string, any>} m */
  #receive(m) {
    this.#lastMessage = performance.now();
    this.store.apply(m);
    if (this.store.notice) {
      this.#say(this.store.notice);
      this.store.notice = "";
    }
    if (m.t === "hello") this.subscribe();
    if (this.store.lost) this.subscribe(true);
    if (m.t === "res") this.#answered(m);
    if (m.t === "full" || m.t === "d") {
      if (m.monitor) this.#monitor(m.monitor);
      // A page that is not seen paints nothing and still says that it lives.
      if (document.hidden) this.#ack(0);
    }
    this.redraw();
  }

  /** @param {Record<string, any>} m */
  #answered(m) {
    this.#say(m.ok ? `Kept as “${m.snapshot.name}”.` : `No snapshot: ${m.message}`);
  }

  /** @param {string} text */
  #say(text) {
    setText(this.notice, text);
    clearTimeout(this.#noticeTimer);
    this.#noticeTimer = setTimeout(() => setText(this.notice, ""), NOTICE_MS);
  }

  /** @param {Record<string, any>} monitor */
  #monitor(monitor) {
    const now = performance.now();
    const before = this.#monitorBefore;
    if (before && now > before.at && monitor.cpu_ns >= before.ns) {
      this.monitorCpu = ((monitor.cpu_ns - before.ns) / 1e6 / (now - before.at)) * 100;
    }
    this.#monitorBefore = { ns: monitor.cpu_ns, at: now };
  }

  /** @param {import("./api.js").LinkState} state */
  #linkChanged(state) {
    this.link = state;
    if (state === "open") this.#lastMessage = performance.now();
    this.redraw();
  }

  /** Says anew what the page wants to see. @param {boolean} [all] with what is held already */
  subscribe(all = false) {
    const sub = ++this.asked;
    const wanted = { sub, hz: this.hz, ...this.page.want(sub) };
    if (this.#session !== 0) wanted.session = this.#session;
    const { epoch, seq } = this.store;
    this.store.lost = false;
    if (!this.source.send(encodeSub(wanted))) return;
    if (!all && seq > 0 && epoch) this.source.send(encodeResume(epoch, seq));
  }

  /** @param {number} paintMs */
  #ack(paintMs) {
    const { seq } = this.store;
    if (seq !== this.#lastAck && this.source.send(encodeAck(seq, paintMs))) this.#lastAck = seq;
  }

  redraw() {
    if (this.#frame !== 0 || document.hidden) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      this.#draw();
    });
  }

  #draw() {
    const begin = performance.now();
    this.header.draw();
    this.#drawNavigation();
    this.#keepInHistory();
    this.page.draw();
    if (!this.view.paused) this.drawer.draw();
    const end = performance.now();
    if (this.store.seq !== this.#lastAck) {
      performance.clearMeasures("paint");
      performance.measure("paint", { start: begin, end });
    }
    this.#ack(end - begin);
  }

  /** A view that was stopped so long ago that its samples are gone goes on. */
  #keepInHistory() {
    const { ring } = this.store;
    if (this.view.end === null || ring.end === 0 || this.view.end >= ring.at("t", ring.begin))
      return;
    this.resume();
    this.#say("What was shown is older than the history that is kept.");
  }

  #drawNavigation() {
    const { stats, snapshots } = this.store;
    const badges = {
      overview: "",
      threads: stats?.threads ?? "",
      sites: stats?.sites ?? "",
      snapshots: snapshots.length || "",
      leaks: "",
    };
    for (const link of this.links) {
      const id = /** @type {keyof typeof badges} */ (link.dataset.page);
      setText(
        /** @type {Element} */ (link.querySelector(".badge")),
        badges[id] === "" ? "" : count(Number(badges[id])),
      );
      if (id === this.#page) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
  }

  #route() {
    const wanted = location.hash.replace(/^#\//, "").split("?")[0];
    const page = wanted in this.pages ? wanted : "overview";
    if (page === this.#page && this.main.contains(this.page.element)) return;
    this.#page = page;
    this.main.replaceChildren(this.page.element);
    document.title = `${PAGES.find((p) => p.id === this.#page)?.label} · memscope`;
    this.drawer.hide();
    this.page.enter();
    if (this.store.hello) this.subscribe();
    this.redraw();
  }

  /** @param {number} id */
  chooseSession(id) {
    this.#session = id;
    this.store.session = this.store.sessions.find((s) => s.id === id) ?? this.store.session;
    this.store.epoch = ""; // nothing of it is held
    this.resume();
    this.subscribe(true);
  }

  /** @param {number} seconds */
  setWindow(seconds) {
    this.view.seconds = seconds;
    settings.set("window", String(seconds));
    this.redraw();
  }

  togglePause() {
    if (this.view.paused) this.resume();
    else this.stopAt(this.store.ring.last("t"));
  }

  /** @param {number} end uptime in seconds at which the charts shall end */
  stopAt(end) {
    if (!Number.isFinite(end)) return;
    if (!this.view.paused) this.store.newSamples = 0;
    this.view.end = end;
    this.redraw();
  }

  resume() {
    this.view.end = null;
    this.redraw();
  }

  /** @param {"live" | "rss"} column */
  jumpToPeak(column) {
    const { ring } = this.store;
    const highest = ring.max(column, ring.begin, ring.end);
    let best = ring.begin;
    while (best < ring.end && ring.at(column, best) !== highest) best++;
    if (best === ring.end) return;
    const last = ring.last("t");
    this.stopAt(Math.min(last, ring.at("t", best) + this.view.seconds / 2));
  }

  /** @param {string} name */
  takeSnapshot(name) {
    if (!this.source.send(encodeSnapshot(++this.#command, name)))
      this.#say("No snapshot: there is no connection.");
  }

  /** @returns {(typeof THEMES)[number]} auto: as the system */
  get theme() {
    return THEMES.find((theme) => theme === this.#theme) ?? "auto";
  }

  #applyTheme() {
    if (this.theme === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = this.theme;
  }

  nextTheme() {
    this.#theme = THEMES[(THEMES.indexOf(this.theme) + 1) % THEMES.length];
    settings.set("theme", this.#theme);
    this.#applyTheme();
    this.#restyle();
    this.#say(`Theme: ${this.#theme === "auto" ? "as the system" : this.#theme}.`);
  }

  #restyle() {
    forgetColors();
    for (const page of Object.values(this.pages)) page.restyle();
    this.redraw();
  }

  #visibility() {
    clearTimeout(this.#hiddenTimer);
    if (document.hidden) {
      this.#hiddenTimer = setTimeout(() => {
        this.source.send(encodeSub({ sub: ++this.asked, hz: 0, hist: false }));
      }, HIDDEN_MS);
    } else {
      this.subscribe();
      this.redraw();
    }
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    const typing = target.matches("input, select, textarea");
    if (event.key === "Escape") {
      if (typing) target.blur();
      else if (!this.help.open && !this.drawer.hide()) this.resume();
      return;
    }
    if (typing || event.ctrlKey || event.metaKey || event.altKey || this.help.open) return;
    const onButton = target.matches("button, a, summary");
    const index = WINDOWS.findIndex((w) => w.seconds === this.view.seconds);
    /** @type {Record<string, () => void>} */
    const keys = {
      " ": () => this.togglePause(),
      s: () => this.takeSnapshot(""),
      t: () => this.nextTheme(),
      p: () => this.jumpToPeak("live"),
      "?": () => this.help.showModal(),
      "/": () => this.#search(),
      "[": () => this.setWindow(WINDOWS[Math.max(0, index - 1)].seconds),
      "]": () => this.setWindow(WINDOWS[Math.min(WINDOWS.length - 1, index + 1)].seconds),
    };
    PAGES.forEach((page, i) => {
      keys[String(i + 1)] = () => {
        location.hash = `#/${page.id}`;
      };
    });
    const action = keys[event.key.toLowerCase()];
    if (!action || (event.key === " " && onButton)) return;
    event.preventDefault();
    action();
  }

  #search() {
    if (!(this.page instanceof TablePage)) {
      location.hash = "#/sites";
      this.#route(); // the browser would tell of it later
    }
    this.page.search.focus();
  }
}

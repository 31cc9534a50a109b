// SPDX-License-Identifier: MIT
//
// app: holds the parts together. Data arrive when they like; the screen draws
// once per animation frame, what is seen, when there is something new.

import { api } from "./api.js";
import { h, setText } from "./dom.js";
import { Findings } from "./findings.js";
import { listenToKeys } from "./keys.js";
import { MonitorCost } from "./monitor_cost.js";
import { askForOlder } from "./older.js";
import { PAGES } from "./pages.js";
import { encodeAck, encodeResume, encodeSnapshot, encodeSub } from "./protocol.js";
import { parseRoute, routeTo } from "./router.js";
import { settings } from "./settings.js";
import { staleSeconds } from "./staleness.js";
import { Store } from "./store.js";
import { Theme } from "./theme.js";
import { View, WINDOWS } from "./view.js";
import { Drawer } from "./views/drawer.js";
import { Header } from "./views/header.js";
import { makeHelp } from "./views/help.js";
import { Navigation } from "./views/navigation.js";
import { SessionStrip } from "./views/session_strip.js";
import { Tip } from "./views/tip.js";

/** @typedef {import("./pages.js").Page} Page */
/** @typedef {import("./router.js").Params} Params */

const HIDDEN_MS = 30000;
const NOTICE_MS = 5000;
const LEAST_RANGE_S = 0.2;

export class App {
  store = new Store();
  view = new View();
  findings = new Findings();
  hz = Number(settings.get("hz")) || 10;
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
  #monitor = new MonitorCost();
  /** The page that is looked at; "": none yet. */
  pageId = "";
  /** @type {Params} of the address */
  params = {};
  /** @type {Map<string, Page>} those that have been looked at */
  #pages = new Map();
  #timeTold = 0;
  /** The address that is shown. */
  #routed = "";

  /** @param {HTMLElement} root @param {import("./api.js").Source} source */
  constructor(root, source) {
    this.source = source;
    const window = Number(settings.get("window"));
    if (WINDOWS.some((w) => w.seconds === window)) this.view.window = window;
    this.theme = new Theme(() => this.restyle());
    source.open(
      (m) => this.#receive(m),
      (state) => this.#linkChanged(state),
    ); // it opens while the page is built
    this.drawer = new Drawer(this);
    this.tip = new Tip(this.store);
    this.help = makeHelp();
    this.header = new Header(this);
    this.navigation = new Navigation();
    this.strip = new SessionStrip(this);
    this.main = h("main", { id: "main" });
    // One region that readers of the screen hear, so it is never taken away.
    this.notice = h("p", { class: "notice", role: "status" });
    root.replaceChildren(
      this.header.element,
      h(
        "div",
        { class: "layout" },
        this.navigation.element,
        h("div", { class: "content" }, this.main, this.strip.element),
      ),
      this.drawer.element,
      this.help,
      this.notice,
      this.tip.element,
    );
    this.#listen();
    this.#route();
    this.findings.follow(
      // A pause stops them as well.
      () => (this.view.paused && this.findings.seq > 0 ? undefined : this.store.session?.id),
      () => this.redraw(),
    );
  }

  /** @returns {Page} */
  get page() {
    return /** @type {Page} */ (this.#pages.get(this.pageId));
  }

  get monitorCpu() {
    return this.#monitor.percent;
  }

  get staleSeconds() {
    const silent = performance.now() - this.#lastMessage;
    const period = (this.store.monitor?.tick_period_ns ?? 0) / 1e6;
    return this.link === "open" ? staleSeconds(silent, period) : 0;
  }

  #listen() {
    addEventListener("hashchange", () => {
      if (location.hash !== this.#routed) this.#route();
    });
    listenToKeys(this);
    document.addEventListener("visibilitychange", () => this.#visibility());
    setInterval(() => this.redraw(), 500); // for what only time changes
  }

  /** @param {Record<string, any>} m */
  #receive(m) {
    this.#lastMessage = performance.now();
    this.store.apply(m);
    if (this.store.notice) {
      this.say(this.store.notice);
      this.store.notice = "";
    }
    if (m.t === "hello") {
      document.documentElement.toggleAttribute("data-read-only", m.read_only === true);
      this.subscribe();
    }
    if (this.store.lost) this.subscribe(true);
    if (m.t === "full" && this.store.beginsLate) askForOlder(this).then(() => this.redraw());
    if (m.t === "res") this.#answered(m);
    if (m.t === "gone" && m.session === this.store.session?.id) this.#shownIsGone();
    if (m.t === "full" || m.t === "d") {
      if (m.monitor) this.#monitor.told(m.monitor.cpu_ns);
      // A page that is not seen paints nothing and still says that it lives.
      if (document.hidden) this.#ack(0);
    }
    this.redraw();
  }

  /** @param {Record<string, any>} m */
  #answered(m) {
    this.say(m.ok ? `Kept as “${m.snapshot.name}”.` : `No snapshot: ${m.message}`);
  }

  /** A sentence for a few seconds. @param {string} text */
  say(text) {
    setText(this.notice, text);
    clearTimeout(this.#noticeTimer);
    this.#noticeTimer = setTimeout(() => setText(this.notice, ""), NOTICE_MS);
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
    const wanted = {
      sub,
      hz: this.hz,
      hist: false,
      session: this.#session || undefined,
      ...this.page.want(sub),
    };
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
    this.#frame = requestAnimationFrame(this.#draw);
  }

  #draw = () => {
    this.#frame = 0;
    const begin = performance.now();
    this.header.draw();
    this.navigation.draw(this);
    this.#keepInHistory();
    if (this.#timeTold !== this.view.version) {
      this.#timeTold = this.view.version;
      this.page.timeChanged?.();
      this.drawer.timeChanged();
    }
    this.page.draw();
    this.strip.draw();
    if (!this.view.paused) this.drawer.draw();
    const end = performance.now();
    if (this.store.seq !== this.#lastAck) {
      performance.clearMeasures("paint");
      performance.measure("paint", { start: begin, end });
    }
    this.#ack(end - begin);
  };

  /** A view that was stopped so long ago that its samples are gone goes on. */
  #keepInHistory() {
    const ring = this.store.ringFrom(0);
    if (this.view.end === null || ring.end === 0 || this.view.end >= ring.at("t", ring.begin))
      return;
    this.resume();
    this.say("What was shown is older than the history that is kept.");
  }

  #route() {
    this.#routed = location.hash;
    const { id, params } = parseRoute(location.hash);
    const plan = PAGES.find((p) => p.id === id) ?? PAGES[0];
    this.params = params;
    this.#routeTime(params);
    if (plan.id !== this.pageId) {
      if (this.pageId !== "") this.page.leave?.();
      this.pageId = plan.id;
      if (!this.#pages.has(plan.id)) this.#pages.set(plan.id, plan.make(this));
      this.main.replaceChildren(this.page.element);
      document.title = `${plan.label} · memscope`;
      this.drawer.hide();
      scrollTo(0, 0);
    }
    this.page.enter?.(params);
    if (this.store.hello) this.subscribe();
    this.redraw();
  }

  /** `at=SECONDS`, or `from=` and `to=`, of uptime. @param {Params} params */
  #routeTime({ at, from, to }) {
    const end = Number(to ?? at ?? Number.NaN);
    if (!(end > 0)) return; // the time stays as it is
    this.view.stop(end, { begin: from === undefined ? null : Number(from) });
  }

  /**
   * To a page, by the address.
   * @param {string} id
   * @param {Parameters<typeof routeTo>[1]} [params]
   */
  go(id, params = {}) {
    const hash = routeTo(id, params);
    if (location.hash === hash) return;
    location.hash = hash;
    this.#route(); // the browser would tell of it later
  }

  /** What the page shows belongs into its address: no step of the history. */
  /** @param {Parameters<typeof routeTo>[1]} params */
  setParams(params) {
    const hash = routeTo(this.pageId, params);
    this.params = parseRoute(hash).params;
    if (location.hash !== hash) history.replaceState(null, "", hash);
    this.#routed = hash;
  }

  /**
   * What there is to know of the session shown; null when there is no answer.
   * @param {string} path below /api/v1/
   * @param {import("./api.js").Params} [params]
   * @returns {Promise<any>}
   */
  ask = (path, params = {}) =>
    api.get(path, { session: this.store.session?.id, ...params }).catch(() => null);

  #shownIsGone() {
    const next = this.store.sessions.find((s) => s.primary) ?? this.store.sessions.at(-1);
    if (next) this.chooseSession(next.id);
    this.say("The process that was shown has ended, and is kept no longer.");
  }

  /** @param {number} id */
  chooseSession(id) {
    this.#session = id;
    this.store.session = this.store.sessions.find((s) => s.id === id) ?? this.store.session;
    this.store.epoch = ""; // nothing of it is held
    this.findings.forget();
    this.resume();
    this.subscribe(true);
    this.page.enter?.(this.params); // what it has asked for is another's
  }

  /** @param {number} seconds */
  setWindow(seconds) {
    const { view } = this;
    view.window = seconds;
    if (view.begin !== null && view.end !== null) view.stop(view.end, { chosen: view.chosen });
    settings.set("window", String(seconds));
    this.redraw();
  }

  togglePause() {
    const last = this.store.ring.last("t");
    if (this.view.paused) this.resume();
    else if (Number.isFinite(last)) this.#stop(last, { chosen: false });
  }

  /** @param {number} end uptime in seconds of the moment that shall be shown */
  stopAt(end) {
    if (Number.isFinite(end)) this.#stop(this.store.timeAt(end));
  }

  /** @param {number} begin @param {number} end uptimes in seconds */
  showRange(begin, end) {
    if (end - begin < LEAST_RANGE_S) return;
    this.#stop(this.store.timeAt(end), { begin: this.store.timeAt(begin) });
  }

  /** A range of the window's length, or a moment again. */
  toggleRange() {
    const { view } = this;
    const end = view.endOf(this.store.ring);
    if (view.begin !== null) this.stopAt(end);
    else this.showRange(Math.max(0, end - view.window), end);
  }

  /** @param {number} end @param {Parameters<View["stop"]>[1]} [how] */
  #stop(end, how) {
    if (!this.view.paused) this.store.newSamples = 0;
    this.view.stop(end, how);
    this.redraw();
  }

  resume() {
    if (this.view.paused) this.view.resume();
    this.redraw();
  }

  /** @param {"live" | "rss"} column */
  jumpToPeak(column) {
    this.stopAt(this.store.peakTime(column));
  }

  /** @param {string} name */
  takeSnapshot(name) {
    if (this.store.hello?.read_only) this.say("No snapshot: this memscope is read-only.");
    else if (!this.source.send(encodeSnapshot(++this.#command, name)))
      this.say("No snapshot: there is no connection.");
  }

  nextTheme() {
    this.theme.next();
    this.say(`Theme: ${this.theme.words}.`);
  }

  /** Colours or units are others now. */
  restyle() {
    for (const page of this.#pages.values()) page.restyle?.();
    this.drawer.restyle();
    this.strip.restyle();
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

  /** Esc: the nearest thing first. */
  escape() {
    if (!this.tip.hide() && !this.drawer.hide() && !this.page.escape?.()) this.resume();
  }

  search() {
    if (!this.page.search) this.go("sites");
    this.page.search?.focus();
  }
}

// SPDX-License-Identifier: MIT
//
// drawer: everything that is known of one call site or thread, beside the
// page. Its numbers follow the table; the rest is asked for while it is open.

import { h, setText } from "../dom.js";
import { clipMiddle, clock } from "../format.js";
import { Poll } from "../poll.js";
import { SiteDetail } from "./site_detail.js";
import { ThreadDetail } from "./thread_detail.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {Record<string, any>} Row */

const EVERY_MS = 2000;
const NAMES_MS = 400; // while names are on their way
const TITLE_CHARS = 400; // a longer name is in its title

export class Drawer {
  /** @type {{part: "th" | "site", id: number, row: Row | null} | null} */
  #shown = null;
  /** @type {Element | null} */
  #opener = null;
  /** @type {ThreadDetail | undefined} */
  thread;
  /** @type {SiteDetail | undefined} */
  site;

  /** @param {App} app */
  constructor(app) {
    this.app = app;
    this.title = h("h2", {});
    this.when = h("p", { class: "note" });
    this.close = h("button", {
      type: "button",
      "aria-label": "Close",
      onclick: () => this.hide(),
      text: "✕",
    });
    this.body = h("div", {});
    this.element = h(
      "aside",
      { class: "drawer card", "aria-label": "Details", hidden: true },
      h("header", {}, this.title, this.close),
      this.when,
      this.body,
    );
    this.poll = new Poll(
      EVERY_MS,
      () => (this.#shown ? this.#detail.ask(this.#shown.id) : Promise.resolve(null)),
      (answer, error) => this.#take(answer, error),
    );
  }

  get #detail() {
    if (this.#shown?.part === "th") {
      this.thread ??= new ThreadDetail(this.app);
      return this.thread;
    }
    this.site ??= new SiteDetail(this.app);
    return this.site;
  }

  /** @param {"th" | "site"} part @param {number} id @param {Row | null} [row] as it is shown elsewhere */
  open(part, id, row = null) {
    if (this.#shown?.part === part && this.#shown.id === id) return;
    if (!this.#shown) this.#opener = document.activeElement;
    this.#shown = { part, id, row };
    const detail = this.#detail;
    setText(this.title, "…");
    detail.start(id);
    this.body.replaceChildren(detail.element);
    this.element.hidden = false;
    this.element.scrollTop = 0;
    this.poll.start();
    this.draw();
    this.close.focus();
  }

  /** Returns whether it was open. */
  hide() {
    const open = !this.element.hidden;
    this.element.hidden = true;
    this.#shown = null;
    this.poll.stop();
    if (open && this.#opener instanceof HTMLElement) this.#opener.focus();
    return open;
  }

  /** @param {Row | null} answer @param {Error | null} error */
  #take(answer, error) {
    const shown = this.#shown;
    if (!shown) return;
    if (error) this.#detail.fail(error);
    if (!answer) return;
    this.poll.everyMs = answer.unnamed > 0 ? NAMES_MS : EVERY_MS;
    const row = this.#detail.take(answer);
    // Stopped, the numbers are those of the moment.
    const { view } = this.app;
    if (!view.paused || !shown.row || view.chosen) shown.row = row;
    this.draw();
  }

  /** Another time is shown: so is the detail, once it has come. */
  timeChanged() {
    if (!this.#shown) return;
    if (this.app.view.chosen) this.#shown.row = null;
    this.poll.now();
    this.draw();
  }

  draw() {
    const shown = this.#shown;
    if (!shown) return;
    const { store, view } = this.app;
    const live = (shown.part === "site" ? store.sites : store.threads).rows.get(shown.id);
    if (live && !view.paused) shown.row = live;
    const { row } = shown;
    setText(this.when, this.#words());
    if (!row) return;
    const name = shown.part === "site" ? row.function : row.name || `thread ${row.tid}`;
    setText(this.title, clipMiddle(name, TITLE_CHARS));
    if (this.title.title !== name && name.length > TITLE_CHARS)
      this.title.title = name.slice(0, 10_000);
    this.#detail.drawRow(row);
  }

  /** What time all this is of. */
  #words() {
    const { view } = this.app;
    if (view.end === null) return "";
    const end = clock(view.end * 1000);
    if (this.#shown?.part !== "site" || !view.chosen)
      return `The numbers are as of ${end}; charts, histograms and lists as of now.`;
    return view.begin === null ? `As of ${end}.` : `From ${clock(view.begin * 1000)} to ${end}.`;
  }

  restyle() {
    this.site?.restyle();
    this.thread?.restyle();
  }
}

// SPDX-License-Identifier: MIT
//
// leaks: the page of who keeps growing, and of what is lost.

import { h } from "../dom.js";
import { Lost } from "./lost.js";
import { Suspects } from "./suspects.js";

/** @typedef {import("../app.js").App} App */

export class LeaksPage {
  /** @param {App} app */
  constructor(app) {
    this.suspects = new Suspects(app, () => app.setParams({ suspect: this.suspects.open || "" }));
    this.lost = new Lost(app);
    this.app = app;
    this.moment = h("p", {
      class: "empty",
      hidden: true,
      text: "This file was written by an older memscope: who keeps growing, and what no pointer leads to, is not in it. Compare two snapshots instead.",
    });
    this.element = h(
      "div",
      { class: "leaks" },
      this.moment,
      this.suspects.element,
      this.lost.element,
    );
  }

  want() {
    return {};
  }

  /** @param {import("../router.js").Params} params */
  enter(params) {
    if (params.suspect) this.suspects.show(Number(params.suspect));
    this.lost.enter();
  }

  leave() {
    this.lost.leave();
  }

  draw() {
    const { store, findings } = this.app;
    // Of a saved snapshot, only what its file has.
    this.suspects.element.hidden = store.saved && findings.seq === 0;
    this.lost.element.hidden = store.saved && !this.lost.known;
    this.moment.hidden = !this.suspects.element.hidden || !this.lost.element.hidden;
    this.suspects.draw();
    this.lost.draw();
  }

  restyle() {
    this.suspects.restyle();
  }
}

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
      text: "A saved snapshot is one moment: who keeps growing, and what no pointer leads to, can only be told while the program runs. Compare two snapshots instead.",
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
    const { saved } = this.app.store;
    this.moment.hidden = !saved;
    this.suspects.element.hidden = this.lost.element.hidden = saved;
    this.suspects.draw();
    this.lost.draw();
  }

  restyle() {
    this.suspects.restyle();
  }
}

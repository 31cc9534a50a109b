// SPDX-License-Identifier: MIT
//
// capture: how much of the program's calls is recorded, and the way to change
// it.

import { api } from "../api.js";
import { h, setText } from "../dom.js";
import { bytes, percent } from "../format.js";
import { button, card, field, select, Trouble } from "./parts.js";

/** @typedef {import("../app.js").App} App */

const INTERVALS = /** @type {[string, string][]} */ ([
  ["0", "as the governor chooses"],
  ["4096", "4 KiB"],
  ["65536", "64 KiB"],
  ["524288", "512 KiB"],
  ["4194304", "4 MiB"],
]);

export class Capture {
  /** @param {App} app */
  constructor(app) {
    this.app = app;
    this.trouble = new Trouble();
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
      "aria-label": "Budget in per cent of the program's CPU; 0: none",
    });
    this.apply = button("Apply", () => this.#control(), { class: "primary" });
    this.inForce = h("p", { class: "note", role: "status" });
    this.form = h(
      "div",
      { class: "form" },
      field("Mode", this.mode),
      field("One sample for", this.interval),
      field("Budget, % of its CPU (0: none)", this.budget),
      h("div", {}, this.apply),
    );
    this.element = card(
      "Capture",
      {
        about:
          "How much of the program's calls is recorded from now on. What was recorded stays as it is.",
      },
      [],
      this.inForce,
      this.form,
      this.trouble.element,
    );
  }

  enter() {
    const capture = this.app.store.stats?.capture;
    if (capture) {
      this.mode.value = capture.mode;
      this.budget.value = String(capture.budget ?? 0);
    }
    this.#enable();
  }

  #enable() {
    this.interval.disabled = this.mode.value !== "sampled";
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

  draw() {
    const { store } = this.app;
    if (!store.stats) return;
    const c = store.stats.capture;
    const sampled = c.mode === "sampled" ? `, one sample for ${bytes(c.interval)}` : "";
    const budget = c.budget > 0 ? `, budget ${percent(c.budget)} % of its CPU` : "";
    setText(
      this.inForce,
      store.ended
        ? "The program has ended: nothing is captured any more."
        : `In force: ${c.mode}${sampled}${budget}. Backend: ${c.backend_name ?? c.backend}.`,
    );
    this.form.hidden = store.ended || api.saved;
  }
}

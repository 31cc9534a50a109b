// SPDX-License-Identifier: MIT
//
// theme: light, dark, or as the system says; the choice outlives the page.

import { forgetColors } from "./dom.js";
import { settings } from "./settings.js";

export const THEMES = /** @type {const} */ (["auto", "light", "dark"]);

export class Theme {
  #chosen = settings.get("theme");

  /** @param {() => void} onChange colours are others now */
  constructor(onChange) {
    this.onChange = onChange;
    this.#apply();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#changed());
  }

  /** @returns {(typeof THEMES)[number]} auto: as the system */
  get name() {
    const chosen = /** @type {(typeof THEMES)[number]} */ (this.#chosen);
    return THEMES.includes(chosen) ? chosen : "auto";
  }

  /** For people. */
  get words() {
    return this.name === "auto" ? "as the system" : this.name;
  }

  /** @param {(typeof THEMES)[number]} name */
  choose(name) {
    this.#chosen = name;
    settings.set("theme", name);
    this.#apply();
    this.#changed();
  }

  next() {
    this.choose(THEMES[(THEMES.indexOf(this.name) + 1) % THEMES.length]);
  }

  #apply() {
    if (this.name === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = this.name;
  }

  #changed() {
    forgetColors();
    this.onChange();
  }
}

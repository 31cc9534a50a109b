// SPDX-License-Identifier: MIT
//
// tip: the explanation of the number under the pointer or with the focus. One
// for the whole page. What has a title shows it on focus as well, which
// browsers do not. What comes to lie under a pointer that stands still since
// its last click was not asked for.

import { h } from "../dom.js";
import { explanation } from "../explain.js";

const HOVER_MS = 350;
const GAP_PX = 6;

export class Tip {
  #timer = 0;
  /** @type {Element | null} */
  #of = null;
  #pressed = { x: Number.NaN, y: Number.NaN }; // where the last click was

  /** @param {{stats: Record<string, any> | null}} store */
  constructor(store) {
    this.store = store;
    this.element = h("div", { class: "tip", role: "tooltip", id: "tip", hidden: true });
    document.addEventListener("pointerover", (event) => this.#over(event));
    document.addEventListener("pointerdown", (event) => {
      this.#pressed = { x: event.clientX, y: event.clientY };
      this.hide();
    });
    document.addEventListener("focusin", (event) => this.#focused(event));
    document.addEventListener("focusout", () => this.hide());
    addEventListener("scroll", () => this.hide(), { capture: true, passive: true });
  }

  /** @param {PointerEvent} event */
  #over(event) {
    if (event.pointerType === "touch") return;
    const target = /** @type {Element} */ (event.target).closest?.("[data-explain]") ?? null;
    if (target === this.#of) return;
    if (this.#of && !this.#of.matches(":focus-visible")) this.hide();
    clearTimeout(this.#timer);
    const { x, y } = this.#pressed;
    const still = event.clientX === x && event.clientY === y;
    if (target && !still) this.#timer = setTimeout(() => this.#show(target), HOVER_MS);
  }

  /** @param {FocusEvent} event */
  #focused(event) {
    const target = /** @type {Element} */ (event.target);
    if (
      target.matches(":focus-visible") &&
      (target.matches("[data-explain]") || target.matches("[title]"))
    )
      this.#show(target);
  }

  /** @param {Element} target */
  #show(target) {
    const key = target.getAttribute("data-explain");
    const text = key ? explanation(key, this.store.stats) : (target.getAttribute("title") ?? "");
    if (!text || !target.isConnected) return;
    this.#of = target;
    this.element.textContent = text;
    this.element.hidden = false;
    target.setAttribute("aria-describedby", "tip");
    const box = target.getBoundingClientRect();
    const mine = this.element.getBoundingClientRect();
    const below = box.bottom + GAP_PX + mine.height < innerHeight;
    const x = Math.max(8, Math.min(box.left, innerWidth - mine.width - 8));
    const y = below ? box.bottom + GAP_PX : Math.max(8, box.top - mine.height - GAP_PX);
    this.element.style.transform = `translate(${Math.round(x)}px, ${Math.round(y)}px)`;
  }

  /** Returns whether it was there. */
  hide() {
    clearTimeout(this.#timer);
    const shown = this.#of !== null;
    this.#of?.removeAttribute("aria-describedby");
    this.#of = null;
    this.element.hidden = true;
    return shown;
  }
}

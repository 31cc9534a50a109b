// SPDX-License-Identifier: MIT
//
// parts: small pieces that several pages are made of.

import { ApiError, api } from "../api.js";
import { h, setText } from "../dom.js";
import { explained } from "../explain.js";

/** A control with its name before it. @param {string} label @param {HTMLElement} control */
export function field(label, control) {
  return h("label", { class: "field" }, h("span", { class: "dim", text: label }), control);
}

/**
 * @param {string} label
 * @param {[string, string][]} options value and text
 * @param {(value: string) => void} onChange
 */
export function select(label, options, onChange) {
  const element = h(
    "select",
    { "aria-label": label, onchange: () => onChange(element.value) },
    ...options.map(([value, text]) => h("option", { value, text })),
  );
  return element;
}

/** @param {string} text @param {() => void} onClick @param {Record<string, any>} [more] */
export function button(text, onClick, more = {}) {
  return h("button", { type: "button", text, onclick: onClick, ...more });
}

/**
 * A page's section with a heading.
 * @param {string} title
 * @param {Record<string, any>} props
 * @param {(Node | string | null)[]} beside in the heading's line
 * @param {...(Node | string | null)} children
 */
export function card(title, props, beside, ...children) {
  const { level = "h2", about, ...rest } = props;
  return h(
    "section",
    { ...rest, class: `card page ${rest.class ?? ""}` },
    h("header", {}, h(level, { text: title, title: about }), ...beside),
    ...children,
  );
}

/** A sentence where something went wrong; hidden without one. */
export class Trouble {
  constructor() {
    this.element = h("p", { class: "insight warn", role: "alert", hidden: true });
  }

  /** @param {Error | null} error @param {string} [what] what did not come */
  show(error, what = "") {
    this.element.hidden = error === null;
    if (error) setText(this.element, wordsOf(error, what));
  }
}

/** @param {Error} error @param {string} what */
export function wordsOf(error, what) {
  if (error instanceof ApiError && error.code === "not_kept" && api.saved)
    return `${what || "This"}: not part of a report. It has to be asked of memscope while it runs.`;
  return what ? `${what}: ${error.message}` : error.message;
}

/** A name and what it is, in a list of facts. @param {string} label @param {string} key of explain.js */
export function term(label, key) {
  return h("dt", {}, h("span", { tabindex: 0, text: label, ...explained(key) }));
}

/** Copies a text. @param {string} text @returns {Promise<string>} what came of it, in words */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return "Copied";
  } catch {
    return "The browser did not allow it to be copied";
  }
}

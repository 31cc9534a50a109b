// SPDX-License-Identifier: MIT
//
// dom: making elements without HTML text, so that no name can become markup.

// Control characters, and those that turn the direction of what follows: a name
// with them is shown as what it is.
const UNSEEN = /(?![\t\n\u200c\u200d])[\p{Cc}\p{Cf}]|[\u2028\u2029]/gu; // emoji are joined by the two

const SHOWN = new Set(["title", "aria-label", "placeholder"]);

/** A text in which every character can be seen. @param {string} text */
export function visible(text) {
  return text.replace(UNSEEN, (c) => {
    const code = c.codePointAt(0) ?? 0;
    if (code < 0x20) return String.fromCharCode(0x2400 + code); // its own picture: ␛
    return `⟨U+${code.toString(16).toUpperCase().padStart(4, "0")}⟩`;
  });
}

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, any>} [props] attributes; `on…` are listeners, `class` and `text` as they say
 * @param {...(Node | string | null | undefined)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "text") element.textContent = visible(String(value));
    else if (name === "class") element.className = value;
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else
      element.setAttribute(
        name,
        value === true ? "" : SHOWN.has(name) ? visible(String(value)) : String(value),
      );
  }
  for (const child of children) {
    if (child === null || child === undefined) continue;
    element.append(typeof child === "string" ? visible(child) : child);
  }
  return element;
}

/** Sets a text only when it differs: the page is not laid out again for nothing. */
/** @param {Element} element @param {string} text */
export function setText(element, text) {
  // The node itself, when it is the only one: textContent makes a new string, and a new node.
  const node = element.firstChild;
  const own = node !== null && node.nodeType === Node.TEXT_NODE && node.nextSibling === null;
  const before = own ? /** @type {Text} */ (node).data : element.textContent;
  if (before === text) return;
  const shown = visible(text);
  if (before === shown) return;
  if (own) /** @type {Text} */ (node).data = shown;
  else element.textContent = shown;
}

/** @param {Element} element @param {string} name @param {string} value */
export function setAttribute(element, name, value) {
  const shown = SHOWN.has(name) ? visible(value) : value;
  if (element.getAttribute(name) !== shown) element.setAttribute(name, shown);
}

/** @type {Map<string, string>} */
const colors = new Map();

/** A colour of the theme; asking the style sheet costs more than a line of a chart. */
/** @param {string} name */
export function color(name) {
  let value = colors.get(name);
  if (value === undefined) {
    value = getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
    colors.set(name, value);
  }
  return value;
}

/** After a change of the theme. */
export function forgetColors() {
  colors.clear();
}

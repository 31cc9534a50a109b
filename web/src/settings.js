// SPDX-License-Identifier: MIT
//
// settings: what the user chose, kept by the browser.

/** A setting that outlives the page, where the browser lets it. */
export const settings = {
  /** @param {string} key */
  get(key) {
    try {
      return localStorage.getItem(`memscope.${key}`);
    } catch {
      return null;
    }
  },
  /** @param {string} key @param {string} value */
  set(key, value) {
    try {
      localStorage.setItem(`memscope.${key}`, value);
    } catch {
      // Private windows keep nothing: the setting holds for this page.
    }
  },
  clear() {
    try {
      for (const key of Object.keys(localStorage))
        if (key.startsWith("memscope.")) localStorage.removeItem(key);
    } catch {
      // There is nothing then.
    }
  },
};

// SPDX-License-Identifier: MIT
//
// router: what the address says after `#`: a page and its parameters, as in
// `#/sites?q=parse&site=12`. Pure.

/** @typedef {Record<string, string>} Params */

/**
 * @param {string} hash
 * @returns {{id: string, params: Params}} id "" when none is named
 */
export function parseRoute(hash) {
  const [path, query = ""] = hash.replace(/^#?\/?/, "").split(/\?(.*)/s);
  return { id: path, params: Object.fromEntries(new URLSearchParams(query)) };
}

/**
 * @param {string} id
 * @param {Record<string, string | number | boolean | null | undefined>} [params] those that are
 *   empty, null or false are left out
 */
export function routeTo(id, params = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value === undefined || value === null || value === "" || value === false) continue;
    query.set(name, value === true ? "1" : String(value));
  }
  const text = query.toString();
  return `#/${id}${text ? `?${text}` : ""}`;
}

// SPDX-License-Identifier: MIT
//
// sql_text: places in a query, and values that are put into one. Pure.

/** The character at which a byte of the query stands. @param {string} sql @param {number} offset in bytes of UTF-8 */
export function charAt(sql, offset) {
  const bytes = new TextEncoder().encode(sql).slice(0, offset);
  return new TextDecoder().decode(bytes).length;
}

/** Line and column, from 1. @param {string} sql @param {number} at a character */
export function lineOf(sql, at) {
  const lines = sql.slice(0, at).split("\n");
  return { line: lines.length, column: lines[lines.length - 1].length + 1 };
}

/**
 * A parameter as the user wrote it, by its type. Not a number: as it is, and
 * the server says what is wrong.
 * @param {{type: string}} parameter
 * @param {string} text
 */
export function parameterValue(parameter, text) {
  const number = Number(text);
  if (parameter.type === "text" || parameter.type === "address") return text;
  return text.trim() !== "" && Number.isSafeInteger(number) ? number : text;
}

/**
 * Conditions that hold together, and their values.
 * @param {[string, string, any][]} list condition, name of its parameter, value; left out when null
 */
export function where(list) {
  const used = list.filter(([, , value]) => value !== null && value !== undefined && value !== "");
  return {
    text: used.length ? ` WHERE ${used.map(([condition]) => condition).join(" AND ")}` : "",
    parameters: Object.fromEntries(used.map(([, name, value]) => [name, value])),
  };
}

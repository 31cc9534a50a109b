// SPDX-License-Identifier: MIT
//
// protocol: memscope.v1 as docs/PROTOCOL.md has it: what comes in becomes
// named fields, what goes out becomes text. Pure; knows no socket and no page.

export const SUBPROTOCOL = "memscope.v1";

/** @typedef {Record<string, any>} Message */
/**
 * @typedef {object} Window what is wanted of a table
 * @property {string} sort
 * @property {"asc" | "desc"} order
 * @property {string} q
 * @property {number} off
 * @property {number} n
 */

/** @param {string} text @returns {Message | null} null: not a message of ours */
export function decode(text) {
  try {
    const message = JSON.parse(text);
    return message !== null && typeof message === "object" && typeof message.t === "string"
      ? message
      : null;
  } catch {
    return null;
  }
}

/** @typedef {{sub: number, session?: number, hz: number, th?: Window, site?: Window, hist: boolean}} Wanted */

/** @param {Wanted} wanted */
export function encodeSub(wanted) {
  return JSON.stringify({ t: "sub", ...wanted });
}

/** @param {string} epoch @param {number} seq */
export function encodeResume(epoch, seq) {
  return JSON.stringify({ t: "resume", epoch, seq });
}

/** @param {number} seq @param {number} paintMs */
export function encodeAck(seq, paintMs) {
  return JSON.stringify({ t: "ack", seq, paint_ms: Math.round(paintMs * 100) / 100 });
}

/** @param {number} id @param {string} name */
export function encodeSnapshot(id, name) {
  return JSON.stringify({ t: "cmd", id, op: "snapshot", name });
}

// Columns whose values are numbers of texts.
export const TEXTS = new Set(["name", "function", "file", "module", "address"]);

/**
 * A row as an object, its text numbers replaced.
 * @param {string[]} columns
 * @param {any[]} row
 * @param {Map<number, string>} texts
 * @returns {Record<string, any>}
 */
export function namedRow(columns, row, texts) {
  /** @type {Record<string, any>} */
  const named = {};
  for (let i = 0; i < columns.length; i++) {
    const column = columns[i];
    named[column] = TEXTS.has(column) ? (texts.get(row[i]) ?? "?") : row[i];
  }
  return named;
}

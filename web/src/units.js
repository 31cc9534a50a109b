// SPDX-License-Identifier: MIT
//
// units: a value of a query as text, by the unit of its column. Pure.

import {
  byteRate,
  bytes,
  count,
  duration,
  exactBytes,
  percent,
  perSecond,
  UNKNOWN,
} from "./format.js";

/** @typedef {{name: string, type: string, unit: string | null}} QueryColumn */

/** @type {Record<string, (n: number) => string>} */
const TEXTS = {
  bytes,
  count,
  ns: duration,
  ms: (n) => duration(n * 1e6),
  percent: (n) => `${percent(n)} %`,
  per_s: perSecond,
  bytes_per_s: byteRate,
};

const NAMES = /** @type {Record<string, string>} */ ({
  bytes: "bytes",
  count: "number",
  ns: "time",
  ms: "time",
  percent: "%",
  per_s: "a second",
  bytes_per_s: "bytes a second",
  address: "address",
});

/** Whether values are numbers to reckon with. @param {QueryColumn} column */
export function isNumber(column) {
  return (column.type === "integer" || column.type === "real") && column.unit !== "address";
}

/** What a column's unit is called. @param {QueryColumn} column */
export function unitName(column) {
  return column.unit ? (NAMES[column.unit] ?? column.unit) : column.type;
}

/** @param {QueryColumn} column @param {any} value */
export function valueText(column, value) {
  if (value === null || value === undefined) return UNKNOWN;
  if (typeof value !== "number") return String(value);
  const text = column.unit ? TEXTS[column.unit] : undefined;
  if (text) return text(value);
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(6)));
}

/** Exactly, for the title. @param {QueryColumn} column @param {any} value */
export function exactText(column, value) {
  if (value === null || value === undefined) return "not known";
  if (typeof value !== "number") return String(value);
  return column.unit === "bytes" ? exactBytes(value) : `${value} ${column.unit ?? ""}`.trim();
}

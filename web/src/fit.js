// SPDX-License-Identifier: MIT
//
// fit: which columns of a table have room on a narrow screen: those that stay
// there in any case, and then, in their order, as many others as fit. Pure.

const WIDTH = "88px"; // of a column that says none
const ELASTIC = "minmax"; // how the widths of names and places begin
const ROOM = 1.25; // so much of its least a name gets before there is another column
const NARROW = "minmax(0, 1fr)";

/** @typedef {import("./table.js").Column} Column */

/** The track of a grid. @param {Column} column */
export function track({ width = WIDTH }) {
  return width;
}

/** Its least width, in px. @param {Column} column */
export function least(column) {
  return Number(track(column).match(/(\d+)px/)?.[1] ?? 0);
}

/** @param {Column[]} columns @param {number} width in px @returns {boolean[]} which of them are shown */
export function fitting(columns, width) {
  /** @param {Column} column */
  const need = (column) => least(column) * (track(column).startsWith(ELASTIC) ? ROOM : 1);
  let free = width;
  for (const column of columns) if (column.keep) free -= need(column);
  return columns.map((column) => {
    if (column.keep) return true;
    if (need(column) > free) return false;
    free -= need(column);
    return true;
  });
}

/** Their tracks; where not even they fit, names give way to numbers. @param {Column[]} columns those shown @param {number} width in px */
export function tracks(columns, width) {
  const own = columns.reduce((sum, column) => sum + least(column), 0) <= width;
  return columns
    .map((column) => (own || column.class?.includes("num") ? track(column) : NARROW))
    .join(" ");
}

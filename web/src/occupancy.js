// SPDX-License-Identifier: MIT
//
// occupancy: which parts of the address space hold live blocks, as cells of
// equal size in areas, the gaps between left out. Pure.

/** @typedef {{begin: number, bytes: number, blocks: number}} Cell */
/** @typedef {{begin: number, cells: Cell[]}} Area neighbours, without a gap */

const GAP_CELLS = 16; // so many empty ones are still drawn

/**
 * @param {[number, number, number][]} small address, bytes, blocks of each cell that has any, of blocks
 *   no larger than a cell; in any order
 * @param {[number, number][]} large address and size of blocks larger than a cell
 * @param {number} cell bytes of one
 * @param {number} most cells that are wanted at most
 * @param {{from: number, to: number} | null} [all] this range is one area, empty cells as well
 * @returns {{cell: number, areas: Area[]}}
 */
export function occupancy(small, large, cell, most, all = null) {
  let size = cell;
  for (;;) {
    const areas = areasOf(small, large, size, all);
    const cells = areas.reduce((sum, area) => sum + area.cells.length, 0);
    if (cells <= most) return { cell: size, areas };
    size *= 2;
  }
}

/** @param {[number, number, number][]} small @param {[number, number][]} large @param {number} cell @param {{from: number, to: number} | null} all */
function areasOf(small, large, cell, all) {
  /** @type {Map<number, Cell>} by its number in the address space */
  const cells = new Map();
  /** @param {number} number */
  const at = (number) => {
    let found = cells.get(number);
    if (!found) {
      found = { begin: number * cell, bytes: 0, blocks: 0 };
      cells.set(number, found);
    }
    return found;
  };
  for (const [address, bytes, blocks] of small) {
    const found = at(Math.floor(address / cell));
    found.bytes += bytes;
    found.blocks += blocks;
  }
  for (const [address, bytes] of large) {
    at(Math.floor(address / cell)).blocks++;
    for (let from = address, left = bytes; left > 0; ) {
      const number = Math.floor(from / cell);
      const part = Math.min(left, (number + 1) * cell - from);
      at(number).bytes += part;
      from += part;
      left -= part;
    }
  }
  return all ? [whole(cells, cell, all)] : clustered(cells, cell);
}

/** @param {Map<number, Cell>} cells @param {number} cell @param {{from: number, to: number}} range @returns {Area} */
function whole(cells, cell, { from, to }) {
  const first = Math.floor(from / cell);
  const count = Math.ceil(to / cell) - first;
  return {
    begin: from,
    cells: Array.from(
      { length: count },
      (_, i) => cells.get(first + i) ?? { begin: (first + i) * cell, bytes: 0, blocks: 0 },
    ),
  };
}

/** @param {Map<number, Cell>} cells @param {number} cell @returns {Area[]} */
function clustered(cells, cell) {
  /** @type {Area[]} */
  const areas = [];
  let last = Number.NEGATIVE_INFINITY;
  for (const number of [...cells.keys()].sort((a, b) => a - b)) {
    if (number - last > GAP_CELLS) areas.push({ begin: number * cell, cells: [] });
    const { cells: into } = areas[areas.length - 1];
    for (let n = Math.max(last + 1, areas[areas.length - 1].begin / cell); n < number; n++)
      into.push({ begin: n * cell, bytes: 0, blocks: 0 });
    into.push(/** @type {Cell} */ (cells.get(number)));
    last = number;
  }
  return areas;
}

/**
 * Where cells are drawn: each area begins a line.
 * @param {Area[]} areas
 * @param {number} perLine cells in a line
 */
export function layout(areas, perLine) {
  /** @type {{cell: Cell, x: number, y: number}[]} */
  const placed = [];
  let line = 0;
  for (const area of areas) {
    area.cells.forEach((cell, i) => {
      placed.push({ cell, x: i % perLine, y: line + Math.floor(i / perLine) });
    });
    line += Math.ceil(area.cells.length / perLine);
  }
  return { placed, lines: line };
}

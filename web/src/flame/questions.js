// SPDX-License-Identifier: MIT
//
// questions: what one asks of a tree of calls: where is a name, who calls a
// function, what does it call, how much does each function weigh. Pure.

import { build, frameKey } from "./tree.js";

/** @typedef {import("./tree.js").FlameTree} FlameTree */

/**
 * A regular expression that ignores case; when it is none, the text itself.
 * @param {string} text
 * @returns {{pattern: RegExp | null, valid: boolean}} null: nothing is looked for
 */
export function patternOf(text) {
  if (text === "") return { pattern: null, valid: true };
  try {
    return { pattern: new RegExp(text, "i"), valid: true };
  } catch {
    return { pattern: new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"), "i"), valid: false };
  }
}

/**
 * @param {FlameTree} tree
 * @param {RegExp} pattern
 * @returns {{found: Uint8Array, nodes: number, weight: number}} weight: of all stacks with a
 *   name that matches, each once
 */
export function search(tree, pattern) {
  const names = tree.frames.map((f) => pattern.test(f.function) || pattern.test(f.module));
  const found = new Uint8Array(tree.size);
  let nodes = 0;
  let weight = 0;
  let covered = 0; // nodes before this one are below a match
  for (let i = 1; i < tree.size; i++) {
    if (!names[tree.frame[i]]) continue;
    found[i] = 1;
    nodes++;
    if (i < covered) continue;
    covered = tree.next[i];
    weight += tree.total[i];
  }
  return { found, nodes, weight };
}

/** @typedef {{frame: import("./tree.js").Frame, key: string, self: number, total: number, before: number, count: number}} FunctionRow */

/**
 * Each function once: a recursive one counts where it is called first.
 * @param {FlameTree} tree
 * @returns {FunctionRow[]} heaviest first
 */
export function functions(tree) {
  /** @type {Map<string, FunctionRow & {open: number}>} */
  const rows = new Map();
  const keys = tree.frames.map(frameKey);
  for (let i = 1; i < tree.size; i++) {
    const key = keys[tree.frame[i]];
    let row = rows.get(key);
    if (!row) {
      row = { frame: tree.at(i), key, self: 0, total: 0, before: 0, count: 0, open: 0 };
      rows.set(key, row);
    }
    row.self += tree.self[i];
    if (i < row.open) continue; // below itself
    row.open = tree.next[i];
    row.total += tree.total[i];
    row.before += tree.before[i];
    row.count += tree.count[i];
  }
  /** @param {FunctionRow} row */
  const weight = (row) => (tree.kind === "diff" ? Math.abs(row.total - row.before) : row.total);
  return [...rows.values()].sort((a, b) => weight(b) - weight(a));
}

/** Collects paths into one tree. @param {FlameTree} of */
function collector(of) {
  /** @type {import("./tree.js").Raw} */
  const raw = { frame: [], parent: [], self: [], total: [], before: [], count: [] };
  const all = { total: 0, self: 0, before: 0, count: 0 };
  /** @type {Map<string, number>} */
  const made = new Map();
  return {
    all,
    /** The child of `parent` with a frame, made when it is missing. */
    /** @param {number} parent @param {number} frame */
    child(parent, frame) {
      const name = `${parent} ${frame}`;
      let at = made.get(name);
      if (at === undefined) {
        at = raw.frame.length;
        made.set(name, at);
        raw.frame.push(frame);
        raw.parent.push(parent);
        for (const column of [raw.self, raw.total, raw.before, raw.count]) column.push(0);
      }
      return at;
    },
    /** @param {number} at @param {number} node of the tree @param {number} self */
    add(at, node, self) {
      raw.self[at] += self;
      raw.total[at] += of.total[node];
      raw.before[at] += of.before[node];
      raw.count[at] += of.count[node];
    },
    /** @param {number} node */
    addAll(node) {
      all.total += of.total[node];
      all.before += of.before[node];
      all.count += of.count[node];
    },
    tree: () => build(of.kind, of.frames, raw, all),
  };
}

/** The places of a function that are not below another one. @param {FlameTree} tree @param {string} key */
function outermost(tree, key) {
  const own = tree.frames.map((f) => frameKey(f) === key);
  const places = [];
  for (let i = 1; i < tree.size; ) {
    if (!own[tree.frame[i]]) i++;
    else {
      places.push(i);
      i = tree.next[i];
    }
  }
  return places;
}

/** What a function calls, from wherever it is called. @param {FlameTree} tree @param {string} key */
export function callees(tree, key) {
  const into = collector(tree);
  for (const place of outermost(tree, key)) {
    into.addAll(place);
    const top = into.child(-1, tree.frame[place]);
    into.add(top, place, tree.self[place]);
    /** @type {number[]} by depth below the place */
    const path = [top];
    for (let i = place + 1; i < tree.next[place]; i++) {
      const depth = tree.depth[i] - tree.depth[place];
      path[depth] = into.child(path[depth - 1], tree.frame[i]);
      into.add(path[depth], i, tree.self[i]);
    }
  }
  return into.tree();
}

/** Who calls a function, from it outwards. @param {FlameTree} tree @param {string} key */
export function callers(tree, key) {
  const into = collector(tree);
  for (const place of outermost(tree, key)) {
    into.addAll(place);
    let at = -1;
    for (let node = place; node > 0; node = tree.parent[node]) {
      at = into.child(at, tree.frame[node]);
      into.add(at, place, tree.parent[node] === 0 ? tree.total[place] : 0);
    }
  }
  return into.tree();
}

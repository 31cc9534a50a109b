// SPDX-License-Identifier: MIT
//
// words: what is said of a node of a flame graph. Pure.

import { bytes, clipMiddle, count, exactBytes, percent, place, signedBytes } from "../format.js";

/** @typedef {import("./tree.js").FlameTree} FlameTree */
/** @typedef {"bytes" | "count"} Unit */

/** @param {number} n @param {Unit} unit */
export function amount(n, unit) {
  return unit === "bytes" ? bytes(n) : count(n);
}

/** @param {number} n @param {Unit} unit */
export function signed(n, unit) {
  if (unit === "bytes") return signedBytes(n);
  return n === 0 ? "±0" : `${n > 0 ? "+" : ""}${count(n)}`;
}

/** @param {number} n @param {Unit} unit */
export function exact(n, unit) {
  return unit === "bytes" ? exactBytes(n) : count(n);
}

/** @param {number} part @param {number} whole */
export function share(part, whole) {
  return whole > 0 ? `${percent((part / whole) * 100)} %` : "–";
}

/**
 * On the node itself: with its number where there is room; else the name, and
 * in a difference which way it went.
 * @param {FlameTree} tree
 * @param {number} node
 * @param {Unit} unit
 * @param {number} most letters
 */
export function label(tree, node, unit, most) {
  const f = tree.at(node);
  const name = f.line > 0 ? `${f.function}:${f.line}` : f.function;
  const change = tree.change(node);
  const number = tree.kind === "diff" ? signed(change, unit) : amount(tree.total[node], unit);
  const full = `${name}  ${number}`;
  if (full.length <= most) return full;
  const way = tree.kind !== "diff" || change === 0 ? "" : change > 0 ? "+" : "−";
  return clipMiddle(way + name, most);
}

/**
 * Everything, as pairs of a word and a value.
 * @param {FlameTree} tree
 * @param {number} node
 * @param {Unit} unit
 * @param {string} counted what `count` counts
 * @returns {[string, string][]}
 */
export function facts(tree, node, unit, counted) {
  const f = tree.at(node);
  const total = tree.total[node];
  /** @type {[string, string][]} */
  const list = [];
  if (tree.kind === "diff") {
    list.push(["change", signed(tree.change(node), unit)]);
    list.push(["A → B", `${amount(tree.before[node], unit)} → ${amount(total, unit)}`]);
  } else {
    list.push(["total", `${amount(total, unit)} · ${share(total, tree.total[0])} of all`]);
    const parent = tree.parent[node];
    if (parent > 0) list.push(["of its caller", share(total, tree.total[parent])]);
    list.push(["self", `${amount(tree.self[node], unit)} · ${share(tree.self[node], total)}`]);
  }
  if (unit === "bytes") list.push([counted, count(tree.count[node])]);
  if (f.module)
    list.push(["in", f.file ? `${place(f.file, f.line || null)} · ${f.module}` : f.module]);
  return list;
}

/** @param {FlameTree} tree @param {number} node @param {Unit} unit @param {string} counted */
export function sentence(tree, node, unit, counted) {
  const parts = facts(tree, node, unit, counted).map(([word, value]) => `${word} ${value}`);
  return `${tree.at(node).function}: ${parts.join(", ")}`;
}

// SPDX-License-Identifier: MIT

import assert from "node:assert/strict";
import { test } from "node:test";
import { callees, callers, functions, patternOf, search } from "../../web/src/flame/questions.js";
import { frameKey, treeOf } from "../../web/src/flame/tree.js";
import { label } from "../../web/src/flame/words.js";

/**
 * An answer of the server, from paths.
 * @param {[string, number, number?][]} paths a path, its own weight, and that at A
 */
function answer(paths, more = {}) {
  const names = [...new Set(paths.flatMap(([path]) => path.split(" ")))];
  /** @type {Record<string, number[]>} */
  const nodes = {
    frame: [],
    depth: [],
    self: [],
    total: [],
    count: [],
    from_self: [],
    from_total: [],
    from_count: [],
  };
  const all = [
    ...new Set(
      paths.flatMap(([path]) =>
        path.split(" ").map((_, i, parts) => parts.slice(0, i + 1).join(" ")),
      ),
    ),
  ].sort();
  const sum = (/** @type {string} */ at, /** @type {1 | 2} */ column, below = true) =>
    paths
      .filter(([path]) => path === at || (below && path.startsWith(`${at} `)))
      .reduce((n, path) => n + (path[column] ?? 0), 0);
  for (const at of all) {
    const parts = at.split(" ");
    nodes.frame.push(names.indexOf(parts[parts.length - 1]));
    nodes.depth.push(parts.length - 1);
    nodes.self.push(sum(at, 1, false));
    nodes.total.push(sum(at, 1));
    nodes.count.push(1);
    nodes.from_self.push(sum(at, 2, false));
    nodes.from_total.push(sum(at, 2));
    nodes.from_count.push(0);
  }
  const total = (/** @type {1 | 2} */ c) => paths.reduce((n, path) => n + (path[c] ?? 0), 0);
  return {
    total: total(1),
    count: paths.length,
    from: { total: total(2), count: 0 },
    frames: {
      function: names,
      file: names.map(() => "a.c"),
      line: names.map(() => 0),
      module: names.map((name) => (name.startsWith("l") ? "libl.so" : "app")),
    },
    nodes,
    ...more,
  };
}

/** @param {import("../../web/src/flame/tree.js").FlameTree} tree */
function shape(tree) {
  return Array.from({ length: tree.size }, (_, i) => [
    tree
      .path(i)
      .map((n) => tree.at(n).function)
      .join(" "),
    tree.total[i],
    tree.x[i],
  ]);
}

const PATHS = /** @type {[string, number][]} */ ([
  ["main parse node", 30],
  ["main parse", 5],
  ["main load lib", 60],
  ["worker parse node", 8],
]);

test("a tree has all as its root, children by weight, each within its parent", () => {
  const tree = treeOf(answer(PATHS), "plain");
  assert.deepEqual(shape(tree), [
    ["all", 103, 0],
    ["all main", 95, 0],
    ["all main load", 60, 0],
    ["all main load lib", 60, 0],
    ["all main parse", 35, 60],
    ["all main parse node", 30, 60],
    ["all worker", 8, 95],
    ["all worker parse", 8, 95],
    ["all worker parse node", 8, 95],
  ]);
  assert.equal(tree.deepest, 3);
  assert.deepEqual(
    [tree.firstChild(1), tree.firstChild(3), tree.sibling(2, 1), tree.sibling(4, -1)],
    [2, -1, 4, 2],
  );
  assert.deepEqual([tree.sibling(4, 1), tree.sibling(0, 1), tree.sibling(1, -1)], [-1, -1, -1]);
});

test("a tree that comes anew keeps its order, and its nodes are found again", () => {
  const before = treeOf(answer(PATHS), "plain");
  const grown = PATHS.map(
    ([path, n]) => /** @type {[string, number]} */ ([path, path.includes("parse") ? n * 9 : n]),
  );
  const order = (/** @type {any} */ tree) => shape(tree).map(([path]) => path);
  assert.notDeepEqual(order(treeOf(answer(grown), "plain")), order(before));
  const after = treeOf(answer([...grown, ["aaa", 999]]), "plain", before);
  assert.deepEqual(order(after), [...order(before), "all aaa"]);
  for (let i = 0; i < before.size; i++) assert.equal(after.find(before.key[i]), i);
  assert.equal(after.find(-1), 0, "what is gone is all of it");
  assert.equal(new Set(after.key).size, after.size);
});

test("a range shows what came within it, and nothing else", () => {
  const tree = treeOf(
    answer([
      ["main old", 50, 50],
      ["main new", 40, 10],
    ]),
    "range",
  );
  assert.deepEqual(shape(tree), [
    ["all", 30, 0],
    ["all main", 30, 0],
    ["all main new", 30, 0],
  ]);
});

test("a difference keeps what is gone, and room for it", () => {
  const tree = treeOf(
    answer([
      ["main gone", 0, 40],
      ["main grown", 70, 60],
      ["fresh", 5, 0],
    ]),
    "diff",
  );
  const by = Object.fromEntries(shape(tree).map(([path], i) => [path, i]));
  assert.equal(tree.change(by["all main gone"]), -40);
  assert.equal(tree.width[by["all main gone"]], 40);
  assert.equal(tree.change(by["all main grown"]), 10);
  assert.equal(tree.change(by["all fresh"]), 5);
  assert.equal(tree.change(0), -25);
  assert.equal(tree.width[0], 115, "as wide as its children");
  assert.match(label(tree, by["all main gone"], "bytes", 40), /^gone {2}−40 B$/);
  assert.equal(label(tree, by["all main grown"], "bytes", 7), "+grown");
});

test("search: each stack counts once, a bad expression is a text", () => {
  const tree = treeOf(answer([...PATHS, ["parse parse", 7]]), "plain");
  const find = (/** @type {string} */ text) =>
    search(tree, /** @type {RegExp} */ (patternOf(text).pattern));
  assert.deepEqual([find("^parse$").weight, find("^parse$").nodes], [35 + 8 + 7, 4]);
  assert.equal(find("PARSE|lib").weight, 110);
  assert.equal(find("libl\\.so").weight, 60, "modules too");
  assert.equal(find("nothing").weight, 0);
  assert.deepEqual(patternOf(""), { pattern: null, valid: true });
  assert.equal(patternOf("operator[").valid, false);
  assert.match("operator[](int)", /** @type {RegExp} */ (patternOf("operator[").pattern));
});

test("functions: recursion does not count twice", () => {
  const rows = functions(
    treeOf(
      answer([
        ["f f f", 10],
        ["g f", 5],
        ["f", 1],
      ]),
      "plain",
    ),
  );
  const of = (/** @type {string} */ name) => rows.find((row) => row.frame.function === name);
  assert.deepEqual([of("f")?.total, of("f")?.self], [16, 16]);
  assert.deepEqual([of("g")?.total, of("g")?.self], [5, 0]);
});

test("callers and callees of a function add up to it", () => {
  const tree = treeOf(answer(PATHS), "plain");
  const key = frameKey(tree.at(4));
  assert.deepEqual(shape(callees(tree, key)), [
    ["all", 43, 0],
    ["all parse", 43, 0],
    ["all parse node", 38, 0],
  ]);
  assert.deepEqual(shape(callers(tree, key)), [
    ["all", 43, 0],
    ["all parse", 43, 0],
    ["all parse main", 35, 0],
    ["all parse worker", 8, 35],
  ]);
});

// SPDX-License-Identifier: MIT
//
// task_tree: tasks in the order of a tree, each below the one that created it.
// Pure.

/** @typedef {Record<string, any>} Row */

/**
 * @param {Row[]} tasks with `id` and `parent` (0: none)
 * @returns {Row[]} the same with `depth`, heaviest branch first; one whose parent is not there is a root
 */
export function asTree(tasks) {
  const known = new Set(tasks.map((task) => task.id));
  /** @type {Map<number, Row[]>} */
  const below = new Map();
  for (const task of tasks) {
    const parent = known.has(task.parent) && task.parent !== task.id ? task.parent : 0;
    below.set(parent, [...(below.get(parent) ?? []), task]);
  }
  /** @type {Row[]} */
  const out = [];
  /** @type {[Row, number][]} */
  const next = [];
  /** @param {number} parent @param {number} depth */
  const push = (parent, depth) => {
    const list = [...(below.get(parent) ?? [])].sort((a, b) => a.live_bytes - b.live_bytes);
    below.delete(parent);
    for (const task of list) next.push([task, depth]);
  };
  push(0, 0);
  // What is left over after that goes round in a circle: its smallest id stands for a root.
  for (;;) {
    for (let top = next.pop(); top; top = next.pop()) {
      out.push({ ...top[0], depth: top[1] });
      push(top[0].id, top[1] + 1);
    }
    const rest = [...below.values()].flat();
    if (rest.length === 0) return out;
    const root = rest.reduce((a, b) => (b.id < a.id ? b : a));
    const siblings = below.get(root.parent) ?? [];
    below.set(
      root.parent,
      siblings.filter((task) => task !== root),
    );
    if (below.get(root.parent)?.length === 0) below.delete(root.parent);
    next.push([root, 0]);
  }
}

// SPDX-License-Identifier: MIT
//
// flame: the flame graph of a snapshot, as GET /api/v1/flame answers: the tree
// of calls merged by function. Pure.

/** @typedef {Record<string, any>} Snapshot */
/**
 * @typedef {object} Order
 * @property {string} weight
 * @property {boolean} byLine
 * @property {boolean} inverted
 * @property {number} least share of the total; nodes below it are left out
 */

/** A tree in which a call is found again by its caller and its name. */
class Tree {
  /** @type {Map<number, number>} */
  #found = new Map();
  #names;
  // Node 0 is the root.
  parent = [-1];
  name = [-1];
  self = [0];
  count = [0];

  /** @param {number} names how many there are */
  constructor(names) {
    this.#names = names;
  }

  /** @param {number} parent @param {number} name */
  child(parent, name) {
    const key = parent * this.#names + name;
    const known = this.#found.get(key);
    if (known !== undefined) return known;
    const node = this.parent.length;
    this.#found.set(key, node);
    this.parent.push(parent);
    this.name.push(name);
    this.self.push(0);
    this.count.push(0);
    return node;
  }

  /** @param {number[]} self of each node: with what it calls */
  static #sums(self, /** @type {number[]} */ parent) {
    const total = [...self];
    for (let i = total.length - 1; i > 0; i--) total[parent[i]] += total[i];
    return total;
  }

  sums() {
    return {
      total: Tree.#sums(this.self, this.parent),
      count: Tree.#sums(this.count, this.parent),
    };
  }
}

/** Names that are the same are one. */
class Names {
  /** @type {Map<string, number>} */
  #numbers = new Map();
  /** @type {{function: string[], file: string[], line: number[], module: string[]}} */
  columns = { function: [], file: [], line: [], module: [] };

  /** @param {Record<string, any>} call @param {string} module @param {number} line */
  number(call, module, line) {
    const key = JSON.stringify([call.function, module, call.file, line]);
    let number = this.#numbers.get(key);
    if (number === undefined) {
      number = this.#numbers.size;
      this.#numbers.set(key, number);
      this.columns.function.push(call.function);
      this.columns.file.push(call.file);
      this.columns.line.push(line);
      this.columns.module.push(module);
    }
    return number;
  }

  get size() {
    return this.#numbers.size;
  }
}

/** The functions at each frame, innermost first. @param {Snapshot} snapshot @param {Names} names @param {boolean} byLine */
function callsOf(snapshot, names, byLine) {
  const modules = snapshot.modules.map((/** @type {any} */ m) => m.path.split("/").pop());
  return snapshot.frames.map((/** @type {any} */ f) =>
    [f, ...f.inlined_into].map((call) =>
      names.number(call, modules[f.module - 1] ?? "", byLine ? call.line : 0),
    ),
  );
}

/** @param {string} weight */
function countOf(weight) {
  return weight.startsWith("live") ? "live_blocks" : "alloc_count";
}

/** @param {Snapshot} snapshot @param {Order} order @param {Names} names */
function load(snapshot, order, names) {
  const calls = callsOf(snapshot, names, order.byLine);
  const { weight } = order;
  const stacks = snapshot.stacks.filter(
    (/** @type {any} */ s) => s[weight] !== 0 || s[countOf(weight)] !== 0,
  );
  const unread = stacks.some((/** @type {any} */ s) => s.node === 0)
    ? names.number({ function: "(damaged stack)", file: "" }, "", 0)
    : -1;
  const tree = new Tree(names.size);
  const lost = unread >= 0 ? tree.child(0, unread) : 0;
  /** @param {number} parent @param {number} frame */
  const enter = (parent, frame) => {
    const list = calls[frame - 1];
    return (order.inverted ? list : [...list].reverse()).reduce(
      (/** @type {number} */ at, /** @type {number} */ name) => tree.child(at, name),
      parent,
    );
  };
  const of = order.inverted
    ? calleesFirst(snapshot.nodes, enter)
    : callersFirst(snapshot.nodes, stacks, enter);
  for (const stack of stacks) {
    const node = stack.node === 0 ? lost : of(stack.node);
    tree.self[node] += stack[weight];
    tree.count[node] += stack[countOf(weight)];
  }
  return tree;
}

/**
 * Callers come before what they call, in the list of nodes: each is entered once.
 * @param {[number, number][]} nodes
 * @param {any[]} stacks
 * @param {(parent: number, frame: number) => number} enter
 */
function callersFirst(nodes, stacks, enter) {
  const needed = new Uint8Array(nodes.length + 1);
  for (const stack of stacks) needed[stack.node] = 1;
  for (let i = nodes.length; i > 0; i--) if (needed[i]) needed[nodes[i - 1][0]] = 1;
  const place = new Float64Array(nodes.length + 1);
  nodes.forEach(([parent, frame], i) => {
    if (needed[i + 1]) place[i + 1] = enter(place[parent], frame);
  });
  return (/** @type {number} */ node) => place[node];
}

/** @param {[number, number][]} nodes @param {(parent: number, frame: number) => number} enter */
function calleesFirst(nodes, enter) {
  return (/** @type {number} */ innermost) => {
    let at = 0;
    for (let node = innermost; node !== 0; node = nodes[node - 1][0])
      at = enter(at, nodes[node - 1][1]);
    return at;
  };
}

/** @param {Snapshot} snapshot @param {Order} order */
export function flameOf(snapshot, order) {
  const names = new Names();
  const tree = load(snapshot, order, names);
  const { total, count } = tree.sums();
  /** @type {number[][]} */
  const children = total.map(() => []);
  for (let i = 1; i < total.length; i++) children[tree.parent[i]].push(i);
  for (const list of children) list.sort((a, b) => total[b] - total[a] || a - b);

  /** @type {Record<string, number[]>} */
  const nodes = { frame: [], depth: [], self: [], total: [], count: [] };
  let hidden = 0;
  const least = order.least * total[0];
  /** @type {[number, number][]} node and depth, the next one last */
  const open = [];
  /** @param {number} node @param {number} depth */
  const openChildren = (node, depth) => {
    for (const child of [...children[node]].reverse())
      if (total[child] >= least) open.push([child, depth]);
      else hidden += total[child];
  };
  openChildren(0, 0);
  for (let next = open.pop(); next; next = open.pop()) {
    const [node, depth] = next;
    nodes.frame.push(tree.name[node]);
    nodes.depth.push(depth);
    nodes.self.push(tree.self[node]);
    nodes.total.push(total[node]);
    nodes.count.push(count[node]);
    openChildren(node, depth + 1);
  }
  return {
    weight: order.weight,
    unit: order.weight.endsWith("bytes") ? "bytes" : "count",
    by: order.byLine ? "line" : "function",
    inverted: order.inverted,
    total: total[0],
    count: count[0],
    hidden_nodes: total.length - 1 - nodes.frame.length,
    hidden_total: hidden,
    unnamed: 0,
    frames: names.columns,
    nodes,
  };
}

// SPDX-License-Identifier: MIT
//
// tree: the tree of calls of a flame graph, as arrays in preorder. Node 0 is
// all of it. Pure.

/** @typedef {"plain" | "range" | "diff"} Kind plain: what is; range: what came from A to B; diff: B against A */
/**
 * @typedef {object} Frame
 * @property {string} function
 * @property {string} file
 * @property {number} line 0: not known
 * @property {string} module
 */

/** @type {Frame} */
const ALL = { function: "all", file: "", line: 0, module: "" };

/** @param {number} seed @param {string} text */
function hash(seed, text) {
  let h = seed;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h >>> 0;
}

/** Two frames of one function have the same. @param {Frame} f */
export function frameKey(f) {
  return `${f.function}\0${f.module}\0${f.line > 0 ? `${f.file}:${f.line}` : ""}`;
}

export class FlameTree {
  /** @param {Kind} kind @param {Frame[]} frames @param {number} size nodes, with the root */
  constructor(kind, frames, size) {
    this.kind = kind;
    this.frames = frames;
    this.size = size;
    this.frame = new Int32Array(size);
    this.parent = new Int32Array(size).fill(-1);
    this.depth = new Int32Array(size);
    /** Index after the last node below. */
    this.next = new Int32Array(size);
    this.self = new Float64Array(size);
    this.total = new Float64Array(size);
    /** What it was at A; with kind diff only. */
    this.before = new Float64Array(size);
    this.count = new Float64Array(size);
    /** What it takes in the picture, in the unit of `total`, and where. */
    this.width = new Float64Array(size);
    this.x = new Float64Array(size);
    /** Tells the path from the root, also in another tree of the same program. */
    this.key = new Float64Array(size);
  }

  /** @param {number} node @returns {Frame} */
  at(node) {
    return node === 0 ? ALL : this.frames[this.frame[node]];
  }

  /** @param {number} node */
  change(node) {
    return this.total[node] - this.before[node];
  }

  get deepest() {
    let most = 0;
    for (let i = 0; i < this.size; i++) if (this.depth[i] > most) most = this.depth[i];
    return most;
  }

  /** From the root. @param {number} node @returns {number[]} */
  path(node) {
    const path = [];
    for (let at = node; at >= 0; at = this.parent[at]) path.unshift(at);
    return path;
  }

  /** The node with that key, or 0. @param {number} key */
  find(key) {
    return Math.max(0, this.key.indexOf(key));
  }

  /** @param {number} node */
  firstChild(node) {
    return node + 1 < this.next[node] ? node + 1 : -1;
  }

  /** The neighbour with the same parent, or -1. @param {number} node @param {1 | -1} way */
  sibling(node, way) {
    const parent = this.parent[node];
    if (parent < 0) return -1;
    if (way === 1) return this.next[node] < this.next[parent] ? this.next[node] : -1;
    let before = -1;
    for (let at = parent + 1; at < node; at = this.next[at]) before = at;
    return before;
  }
}

/**
 * @typedef {object} Raw nodes in any order that has parents before children
 * @property {number[]} frame
 * @property {number[]} parent -1: below the root
 * @property {number[]} self
 * @property {number[]} total
 * @property {number[]} before
 * @property {number[]} count
 */

/**
 * Children of each node lie in the order that they had before, so that a
 * picture that is drawn anew does not jump; new ones come last, heaviest first.
 * @param {Kind} kind
 * @param {Frame[]} frames
 * @param {Raw} raw
 * @param {{total: number, self: number, before: number, count: number}} all
 * @param {FlameTree | null} [previous]
 */
export function build(kind, frames, raw, all, previous = null) {
  const n = raw.frame.length;
  const seeds = frames.map((f) => frameKey(f));
  const low = seeds.map((s) => hash(0x811c9dc5, s));
  const high = seeds.map((s) => hash(0x9747b28c, s));
  /** @type {number[][]} by parent + 1 */
  const children = Array.from({ length: n + 1 }, () => []);
  const width = new Float64Array(n);
  const below = new Float64Array(n + 1);
  for (let i = n - 1; i >= 0; i--) {
    width[i] = Math.max(raw.total[i], kind === "diff" ? raw.before[i] : 0, below[i + 1]);
    below[raw.parent[i] + 1] += width[i];
  }
  for (let i = 0; i < n; i++) if (width[i] > 0) children[raw.parent[i] + 1].push(i);
  /** @type {Map<number, number>} */
  const rank = new Map();
  if (previous) for (let i = 1; i < previous.size; i++) rank.set(previous.key[i], i);

  let used = 1;
  for (const list of children) used += list.length;
  const tree = new FlameTree(kind, frames, used);
  tree.total[0] = all.total;
  tree.self[0] = all.self;
  tree.before[0] = all.before;
  tree.count[0] = all.count;
  tree.width[0] = Math.max(all.total, kind === "diff" ? all.before : 0, below[0]);
  tree.key[0] = 1;
  let made = 1;
  /** @param {number} a @param {number} b */
  const mixed = (a, b) => Math.imul(a ^ b, 0x85ebca6b) >>> 0;
  /** @type {{children: {raw: number, key: number, hash: [number, number]}[], at: number, node: number, x: number}[]} */
  const open = [];
  /** @param {number} parent in raw @param {number} node @param {[number, number]} path */
  const enter = (parent, node, path) => {
    const list = children[parent + 1].map((i) => {
      const f = raw.frame[i];
      /** @type {[number, number]} */
      const h = [mixed(path[0], low[f]) + 1, mixed(path[1] + 7, high[f])];
      return { raw: i, key: (h[0] & 0x1fffff) * 2 ** 32 + h[1], hash: h };
    });
    list.sort(
      (a, b) => (rank.get(a.key) ?? 1e9) - (rank.get(b.key) ?? 1e9) || width[b.raw] - width[a.raw],
    );
    open.push({ children: list, at: 0, node, x: tree.x[node] });
  };
  enter(-1, 0, [1, 1]);
  while (open.length > 0) {
    const top = open[open.length - 1];
    if (top.at === top.children.length) {
      tree.next[top.node] = made;
      open.pop();
      continue;
    }
    const child = top.children[top.at++];
    const i = child.raw;
    const node = made++;
    tree.frame[node] = raw.frame[i];
    tree.parent[node] = top.node;
    tree.depth[node] = open.length;
    tree.self[node] = raw.self[i];
    tree.total[node] = raw.total[i];
    tree.before[node] = raw.before[i];
    tree.count[node] = raw.count[i];
    tree.width[node] = width[i];
    tree.key[node] = child.key;
    tree.x[node] = top.x;
    top.x += width[i];
    enter(i, node, child.hash);
  }
  return tree;
}

/**
 * What `GET /api/v1/flame` answers, as a tree.
 * @param {Record<string, any>} answer
 * @param {Kind} kind range and diff need `from`
 * @param {FlameTree | null} [previous]
 */
export function treeOf(answer, kind, previous = null) {
  const { nodes, frames } = answer;
  const n = nodes.frame.length;
  const zero = new Array(n).fill(0);
  /** @param {string} name */
  const before = (name) => nodes[`from_${name}`] ?? zero;
  /** @param {string} name @returns {number[]} */
  const values = (name) =>
    kind === "range"
      ? nodes[name].map((/** @type {number} */ v, /** @type {number} */ i) =>
          Math.max(0, v - before(name)[i]),
        )
      : nodes[name];
  const parent = new Array(n);
  /** @type {number[]} the last node of each depth */
  const last = [];
  for (let i = 0; i < n; i++) {
    const depth = nodes.depth[i];
    parent[i] = depth === 0 ? -1 : last[depth - 1];
    last[depth] = i;
  }
  const from = answer.from ?? { total: 0, count: 0 };
  const less = kind === "range" ? from : { total: 0, count: 0 };
  return build(
    kind,
    frames.function.map((/** @type {string} */ name, /** @type {number} */ i) => ({
      function: name,
      file: frames.file[i],
      line: frames.line[i],
      module: frames.module[i],
    })),
    {
      frame: nodes.frame,
      parent,
      self: values("self"),
      total: values("total"),
      before: kind === "diff" ? before("total") : zero,
      count: values("count"),
    },
    {
      total: answer.total - less.total,
      self: 0,
      before: kind === "diff" ? from.total : 0,
      count: answer.count - less.count,
    },
    previous,
  );
}

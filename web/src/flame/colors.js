// SPDX-License-Identifier: MIT
//
// colors: of the nodes of a flame graph. Hue tells the module, lightness tells
// neighbours apart. In a difference blue is less and orange more, the stronger
// the larger the change; a sign says it too.

import { color } from "../dom.js";

/** @typedef {import("./tree.js").FlameTree} FlameTree */

const STEPS = 6;

/** @param {string} text */
function spread(text) {
  let h = 0;
  for (let i = 0; i < text.length; i++) h = (Math.imul(h, 31) + text.charCodeAt(i)) >>> 0;
  return h;
}

/**
 * @param {FlameTree} tree
 * @returns {(node: number) => string}
 */
export function palette(tree) {
  const night = color("night") === "1"; // the scheme says less where colours are forced
  const ground = night ? "hsl(215 14% 26%)" : "hsl(215 16% 88%)";
  if (tree.kind === "diff") {
    const most = Math.max(1, ...[tree.change(0)].map(Math.abs), largest(tree));
    return (node) => {
      const change = tree.change(node);
      if (change === 0) return ground;
      const step = Math.ceil((Math.sqrt(Math.abs(change) / most) || 0) * STEPS) / STEPS;
      const [hue, strong] = change > 0 ? [28, 92] : [212, 80];
      return night
        ? `hsl(${hue} ${strong * 0.62}% ${20 + 16 * step}%)`
        : `hsl(${hue} ${strong}% ${92 - 26 * step}%)`;
    };
  }
  const colors = tree.frames.map((f) => {
    const hue = 12 + (spread(f.module) % 23) * 2 + (spread(f.module) % 4) * 42;
    const jitter = spread(f.function) % 9;
    return night ? `hsl(${hue} 34% ${24 + jitter}%)` : `hsl(${hue} 62% ${74 + jitter * 1.3}%)`;
  });
  return (node) => (node === 0 ? ground : colors[tree.frame[node]]);
}

/** @param {FlameTree} tree */
function largest(tree) {
  let most = 0;
  for (let i = 1; i < tree.size; i++) most = Math.max(most, Math.abs(tree.change(i)));
  return most;
}

/** Of the text on all of them. */
export function ink() {
  return color("text");
}

// SPDX-License-Identifier: MIT
//
// same: whether two lists hold the same values: what a drawing depends on, and
// what the last one did. A loop without a function of its own: at each tick a
// new one would be made, and each that V8 finds hot is compiled anew. Pure.

/** @param {any[]} now @param {any[]} before */
export function same(now, before) {
  for (let i = 0; i < now.length; i++) if (now[i] !== before[i]) return false;
  return true;
}

// SPDX-License-Identifier: MIT
//
// monitor_cost: memscope's own CPU, from what it says of it now and then.

export class MonitorCost {
  /** Per cent of one core; NaN: not known yet. */
  percent = Number.NaN;
  /** @type {{ns: number, at: number} | null} */
  #before = null;

  /** @param {number} ns of CPU, in all */
  told(ns) {
    const at = performance.now();
    const before = this.#before;
    if (before && at > before.at && ns >= before.ns)
      this.percent = ((ns - before.ns) / 1e6 / (at - before.at)) * 100;
    this.#before = { ns, at };
  }
}

// SPDX-License-Identifier: MIT
//
// whole: the session from its start to now, in a bounded number of samples:
// when there are too many, every second one goes, and from then on they are
// twice as far apart. Pure.

import { Ring } from "./ring.js";

const MOST = 7200;

export class Whole {
  /** Seconds between samples, at least. */
  step = 1;
  #next = 0;

  /** @param {string[]} columns @param {number} [most] */
  constructor(columns, most = MOST) {
    this.ring = new Ring(columns, most);
  }

  clear() {
    this.ring.clear();
    this.step = this.ring.step = 1;
    this.#next = 0;
  }

  /** Takes one where one is due. @param {Record<string, number>} sample */
  add(sample) {
    const { ring } = this;
    if (sample.t < this.#next) return;
    if (ring.end === ring.capacity) this.#thin();
    ring.push(sample);
    this.#next = (Math.floor(sample.t / this.step) + 1) * this.step;
  }

  /** Those from before the ones that are held. @param {Record<string, number>[]} samples in their order */
  addBefore(samples) {
    const { ring } = this;
    const held = [];
    for (let i = ring.begin; i < ring.end; i++) held.push(ring.sample(i));
    const first = held[0]?.t ?? Number.POSITIVE_INFINITY;
    this.clear();
    for (const sample of samples) if (sample.t < first) this.add(sample);
    for (const sample of held) this.add(sample);
  }

  #thin() {
    const { ring } = this;
    for (const data of Object.values(ring.columns))
      for (let i = 0; 2 * i < ring.end; i++) data[i] = data[2 * i];
    ring.end = Math.ceil(ring.end / 2);
    ring.changes++;
    this.step = ring.step = 2 * this.step;
  }
}

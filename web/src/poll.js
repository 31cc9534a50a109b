// SPDX-License-Identifier: MIT
//
// poll: asks again and again while a page is looked at, one question at a
// time. What comes after the page was left is dropped.

export class Poll {
  #timer = 0;
  #round = 0;
  #running = false;

  /**
   * @param {number} everyMs
   * @param {() => Promise<any>} ask
   * @param {(answer: any, error: Error | null) => void} take
   */
  constructor(everyMs, ask, take) {
    this.everyMs = everyMs;
    this.ask = ask;
    this.take = take;
  }

  start() {
    this.#running = true;
    this.now();
  }

  stop() {
    this.#running = false;
    this.#round++;
    clearTimeout(this.#timer);
  }

  /** Asks at once; an answer that is under way counts no more. */
  async now() {
    if (!this.#running) return;
    clearTimeout(this.#timer);
    const round = ++this.#round;
    if (!document.hidden) {
      /** @type {any} */
      let answer = null;
      /** @type {Error | null} */
      let error = null;
      try {
        answer = await this.ask();
      } catch (reason) {
        error = reason instanceof Error ? reason : new Error(String(reason));
      }
      if (round !== this.#round) return;
      this.take(answer, error);
    }
    if (this.#running && round === this.#round)
      this.#timer = setTimeout(() => this.now(), this.everyMs);
  }
}

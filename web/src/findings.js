// SPDX-License-Identifier: MIT
//
// findings: what the engine's analyzers have found, asked for every three
// seconds while the page is seen: they look no more often.

import { api } from "./api.js";

const EVERY_MS = 3000;

/** @typedef {Record<string, any>} Finding */

/** @param {Finding} finding @returns {Record<string, number>} its numbers by name */
export function evidenceOf(finding) {
  /** @type {Record<string, number>} */
  const evidence = {};
  for (const { name, value } of finding.evidence) evidence[name] = value;
  return evidence;
}

/** @param {number | null} confidence */
export function confidenceText(confidence) {
  if (confidence === null) return "unknown";
  return confidence > 0.9999 ? "> 99.99 %" : `${(confidence * 100).toFixed(2)} %`;
}

export class Findings {
  /** @type {Finding[]} weightiest first */
  all = [];
  /** @type {{name: string, finds: string, method: string}[]} */
  analyzers = [];
  /** The tick at which they were looked for; 0: not yet. */
  seq = 0;

  /** @param {string} analyzer */
  of(analyzer) {
    const mine = []; // asked for at each tick
    for (const finding of this.all) if (finding.analyzer === analyzer) mine.push(finding);
    return mine;
  }

  /** @param {string} analyzer */
  method(analyzer) {
    return this.analyzers.find((one) => one.name === analyzer)?.method ?? "";
  }

  forget() {
    this.all = [];
    this.seq = 0;
  }

  /**
   * Asks from now on.
   * @param {() => number | undefined} session whose
   * @param {() => void} onChange
   */
  follow(session, onChange) {
    const ask = async () => {
      const id = session();
      if (!document.hidden && id !== undefined) {
        const answer = await api.get("analysis", { session: id }).catch(() => null);
        if (answer && id === session()) {
          this.all = answer.findings;
          this.analyzers = answer.analyzers;
          this.seq = answer.seq;
          onChange();
        }
      }
      setTimeout(ask, id === undefined ? EVERY_MS / 10 : EVERY_MS);
    };
    ask();
  }
}

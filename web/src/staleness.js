// SPDX-License-Identifier: MIT
//
// staleness: when what is shown is too old to be called live. A program whose
// ticks cost much is read less often: its silence is none yet.

const STALE_MS = 3000;
const PERIODS = 5;

/**
 * How many seconds old it is, or 0: it is as new as it can be.
 * @param {number} silentMs since the last message
 * @param {number} periodMs between two ticks, as the collector says
 */
export function staleSeconds(silentMs, periodMs) {
  return silentMs > Math.max(STALE_MS, PERIODS * periodMs) ? Math.floor(silentMs / 1000) : 0;
}

// SPDX-License-Identifier: MIT
//
// older: the session from before the samples that come by the socket, from
// the server's history, which is coarser the older it is.

const STEPS = ["10s", "1s"]; // coarsest first

/** @param {import("./app.js").App} app */
export async function askForOlder({ store, ask }) {
  const { epoch } = store;
  const [coarse, fine] = await Promise.all(STEPS.map((step) => ask("history", { step })));
  if (!coarse || !fine || epoch !== store.epoch) return;
  const first = fine.rows[0]?.[0] ?? Number.POSITIVE_INFINITY; // its seq
  const before = coarse.rows.filter((/** @type {number[]} */ [seq]) => seq < first);
  store.addHistory([...before, ...fine.rows]);
}

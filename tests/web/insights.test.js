// SPDX-License-Identifier: MIT

import assert from "node:assert/strict";
import { test } from "node:test";
import { Findings } from "../../web/src/findings.js";
import { insights } from "../../web/src/insights.js";
import { Store } from "../../web/src/store.js";
import { full, hello, MIB, sample, stats } from "./messages.js";

/** A store with `seconds` of samples. */
/** @param {number} seconds @param {(t: number) => number} live @param {Record<string, any>} [more] */
function watched(seconds, live, more = {}) {
  const rows = [];
  for (let seq = 1; seq <= seconds * 10; seq++) rows.push(sample(seq, live(seq / 10)));
  const store = new Store();
  store.apply(hello());
  store.apply(full(seconds * 10, rows, more));
  return store;
}

/** @param {Store} store */
function ids(store) {
  return insights(store, new Findings()).map((one) => one.id);
}

/** @param {string} analyzer @param {Record<string, number>} evidence @param {string} [name] */
function found(analyzer, evidence, name = "session_leak") {
  return {
    analyzer,
    site: { id: 7, function: name, file: "/src/demo/leaker.c", line: 19, live_bytes: 6 * MIB },
    thread: null,
    confidence: 1,
    text: "",
    evidence: Object.entries(evidence).map(([n, value]) => ({ name: n, value })),
  };
}

/** @param {any[]} all */
function findings(...all) {
  return Object.assign(new Findings(), { all });
}

const RISE = { bytes_per_s: 0.1 * MIB, growth_bytes: 5 * MIB, span_s: 50 };

test("who grows is named, with rate and place, and a way to it", () => {
  const store = watched(5, () => MIB);
  const one = insights(store, findings(found("leak_suspects", RISE))).find(
    (i) => i.id === "growth",
  );
  assert.equal(one?.text, "session_leak (demo/leaker.c:19) by 6.00 MiB/min, 6.00 MiB live.");
  assert.deepEqual([one?.kind, one?.page, one?.params], ["warn", "leaks", { suspect: 7 }]);
  const two = findings(found("leak_suspects", RISE), found("leak_suspects", RISE, "b"));
  assert.match(insights(store, two)[0].text, /; 1 site more\.$/);
  assert.ok(!ids(store).includes("growth"), "not when nobody does");
});

test("what is lost, and what lives for a moment only", () => {
  const store = watched(5, () => MIB);
  const all = insights(
    store,
    findings(
      found("lost_blocks", { lost_bytes: 1024, lost_blocks: 10 }),
      found("lost_blocks", { lost_bytes: 1024, lost_blocks: 5 }, "b"),
      found("temporary_churn", { temporary_count: 900, free_count: 1000 }),
    ),
  );
  assert.match(
    all.find((i) => i.id === "lost")?.text ?? "",
    /^no pointer leads to 2\.00 KiB in 15 blocks, most of them from session_leak/,
  );
  assert.match(
    all.find((i) => i.id === "churn")?.text ?? "",
    /^90 % of the 1,000 blocks that session_leak/,
  );
});

test("three are said at most, the gravest first", () => {
  const lossy = { capture: { dropped_allocs: 3, dropped_frees: 4, store_bytes: 0, mode: "off" } };
  const store = watched(5, () => MIB, { stats: stats({}, lossy) });
  const all = insights(store, findings(found("leak_suspects", RISE), found("lost_blocks", {})));
  assert.deepEqual(
    all.map((i) => i.id),
    ["dropped", "mode", "growth"],
  );
});

test("lost events are always said, and never when there are none", () => {
  const lossy = { capture: { dropped_allocs: 3, dropped_frees: 4, store_bytes: 0 } };
  const store = watched(5, () => MIB, { stats: stats({}, lossy) });
  const one = insights(store, new Findings()).find((i) => i.id === "dropped");
  assert.equal(one?.kind, "warn");
  assert.match(one?.text ?? "", /\b7 events/);
  assert.ok(!ids(watched(5, () => MIB)).includes("dropped"));
});

test("it is said when the numbers are not exact, and only then", () => {
  const capture = { dropped_allocs: 0, dropped_frees: 0, store_bytes: 0 };
  const said = (/** @type {object} */ more, heap = {}) =>
    insights(
      watched(5, () => MIB, {
        stats: stats(
          { live_bytes: MIB, live_bytes_error: 0, ...heap },
          { capture: { ...capture, ...more } },
        ),
      }),
      new Findings(),
    ).find((i) => i.id === "mode");
  const sampled = said(
    { mode: "sampled", interval: 65536, always_exact: false },
    { live_bytes_error: 2048 },
  );
  assert.match(sampled?.text ?? "", /for 64\.0 KiB; live 1\.00 MiB ± 2\.00 KiB/);
  assert.equal(said({ mode: "off", always_exact: false })?.kind, "warn");
  assert.equal(said({ mode: "exact", always_exact: false })?.kind, "info");
  assert.equal(said({ mode: "exact", always_exact: true }), undefined);
});

test("what is resident and not live is explained", () => {
  const store = watched(5, () => MIB, { stats: stats({ live_bytes: 30 * MIB }) });
  const one = insights(store, new Findings()).find((i) => i.id === "gap");
  assert.match(one?.text ?? "", /^10\.0 MiB \(25 % of RSS\), 5\.00 MiB of it/);
});

test("without numbers there is nothing to say", () => {
  assert.deepEqual(insights(new Store(), new Findings()), []);
});

// SPDX-License-Identifier: MIT

import assert from "node:assert/strict";
import { test } from "node:test";
import { growth, insights, topGrower } from "../../web/src/insights.js";
import { Store } from "../../web/src/store.js";
import { full, hello, MIB, sample, siteRow, stats } from "./messages.js";

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
  return insights(store).map((one) => one.id);
}

test("a steady rise is found, with its rate", () => {
  const store = watched(120, (t) => 10 * MIB + t * 0.1 * MIB);
  const found = growth(store.ring);
  assert.ok(found && Math.abs(found.perMinute - 6 * MIB) < 0.2 * MIB, String(found?.perMinute));
  assert.ok(ids(store).includes("growth"));
});

test("bursts that come and go are no growth, even if each is larger", () => {
  const store = watched(120, (t) => 10 * MIB + (t % 5 < 1 ? t * MIB : 0));
  assert.ok(!ids(store).includes("growth"));
});

test("what a program sets up once is no growth", () => {
  const store = watched(120, (t) => (t < 3 ? t * 5 * MIB : 16 * MIB));
  assert.ok(!ids(store).includes("growth"));
});

test("the first seconds say nothing", () => {
  assert.equal(growth(watched(20, (t) => t * MIB).ring), null);
});

test("the site that grows is named, not one that was filled at the start", () => {
  const trend = Array.from({ length: 20 }, (_, i) => (i + 1) * 0.3 * MIB);
  const flat = [null, null, ...Array.from({ length: 18 }, () => 16 * MIB)];
  const store = watched(120, (t) => 16 * MIB + t * 0.1 * MIB, {
    str: [
      [1, "cache_store"],
      [2, "session_leak"],
    ],
    site: {
      total: 2,
      order: [1, 2],
      rows: [siteRow(1, 1, 16 * MIB, flat), siteRow(2, 2, 6 * MIB, trend)],
    },
  });
  const one = insights(store).find((i) => i.id === "growth");
  assert.match(one?.text ?? "", /most of it in session_leak/);
});

test("no site is named when none makes up most of it", () => {
  const little = { function: "a", trend: [0, 1000, 2000, 3000] };
  assert.equal(topGrower([little, little], 10 * MIB), null);
  assert.equal(
    topGrower([{ function: "new", trend: [null, null, null, 5 * MIB] }], MIB),
    null,
    "one point is no growth",
  );
});

test("lost events are always said, and never when there are none", () => {
  const lossy = { capture: { dropped_allocs: 3, dropped_frees: 4, store_bytes: 0 } };
  const store = watched(5, () => MIB, { stats: stats({}, lossy) });
  const one = insights(store).find((i) => i.id === "dropped");
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
  const one = insights(store).find((i) => i.id === "gap");
  assert.match(one?.text ?? "", /^10\.0 MiB \(25 % of RSS\), 5\.00 MiB of it/);
});

test("without numbers there is nothing to say", () => {
  assert.deepEqual(insights(new Store()), []);
});

// SPDX-License-Identifier: MIT

import assert from "node:assert/strict";
import { test } from "node:test";
import { Store } from "../../web/src/store.js";
import { delta, EPOCH, full, hello, MIB, sample, session, siteRow, stats } from "./messages.js";

/** @param {...Record<string, any>} messages */
function told(...messages) {
  const store = new Store();
  for (const message of [hello(), ...messages]) store.apply(message);
  return store;
}

/** @param {number} from @param {number} to */
function samples(from, to) {
  const rows = [];
  for (let seq = from; seq <= to; seq++) rows.push(sample(seq, seq * 1000));
  return rows;
}

/** @param {Store} store */
function sequence(store) {
  const seqs = [];
  for (let i = store.ring.begin; i < store.ring.end; i++) seqs.push(store.ring.at("seq", i));
  return seqs;
}

test("a full, then deltas: the series has every sample once", () => {
  const store = told(
    full(3, samples(1, 3)),
    delta(3, 4, samples(4, 4)),
    delta(4, 9, samples(5, 9)),
  );
  assert.deepEqual(sequence(store), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assert.equal(store.seq, 9);
  assert.equal(store.ring.last("live"), 9000);
  assert.equal(store.ring.last("t"), 0.9);
});

test("a delta that begins before what is held is taken, its known samples once", () => {
  // After a resume from 3: what was on its way (4) comes before the answer.
  const store = told(full(3, samples(1, 3)), delta(3, 4, samples(4, 4)));
  assert.equal(store.apply(delta(3, 6, samples(4, 6))), true);
  assert.deepEqual(sequence(store), [1, 2, 3, 4, 5, 6]);
  assert.equal(store.seq, 6);
});

test("a delta that leaves a hole is refused, and known as lost", () => {
  const store = told(full(3, samples(1, 3)));
  assert.equal(store.apply(delta(5, 6, samples(6, 6))), false);
  assert.equal(store.lost, true);
  assert.equal(store.seq, 3);
  store.apply(full(7, samples(1, 7)));
  assert.equal(store.lost, false);
  assert.equal(store.seq, 7);
});

test("a full forgets what was before", () => {
  const store = told(full(3, samples(1, 3)), full(20, samples(19, 20)));
  assert.deepEqual(sequence(store), [19, 20]);
});

test("rates are means over the last second", () => {
  const rows = [];
  for (let seq = 1; seq <= 30; seq++) rows.push(sample(seq, MIB, seq * 100_000));
  const store = told(full(30, rows));
  assert.ok(
    Math.abs(store.ring.last("allocRate") - 1_000_000) < 1,
    String(store.ring.last("allocRate")),
  );
  assert.ok(Number.isNaN(store.ring.at("allocRate", 0)), "the first has nothing before it");
});

test("a column that is null is not known, and not 0", () => {
  const row = sample(1, 1000);
  row[9] = /** @type {any} */ (null);
  assert.ok(Number.isNaN(told(full(1, [row])).ring.last("rss")));
});

test("rows are kept until they change; texts are put in their places", () => {
  const store = told(
    full(1, samples(1, 1), {
      str: [
        [1, "cache_store"],
        [2, "session_leak"],
      ],
      site: {
        total: 2,
        order: [7, 8],
        rows: [siteRow(7, 1, 4096, [1, 2]), siteRow(8, 2, 10_000, [3, 4])],
      },
    }),
    delta(1, 2, samples(2, 2), {
      site: { total: 2, order: [8, 7], rows: [siteRow(8, 2, 20_000)] },
    }),
  );
  assert.deepEqual(store.sites.order, [8, 7]);
  assert.equal(store.sites.rows.get(7)?.function, "cache_store");
  assert.equal(store.sites.rows.get(7)?.live_bytes, 4096);
  assert.equal(store.sites.rows.get(8)?.live_bytes, 20_000);
  assert.deepEqual(store.sites.rows.get(8)?.trend, [3, 4], "null is unchanged");
});

test("it is known which subscription a message answers", () => {
  const store = told(full(1, samples(1, 1), { sub: 1 }));
  assert.equal(store.sub, 1);
  store.apply(delta(1, 2, samples(2, 2), { sub: 1 }));
  assert.equal(store.sub, 1);
  store.apply(delta(2, 3, samples(3, 3), { sub: 2 }));
  assert.equal(store.sub, 2);
});

test("rows that left the window long ago are forgotten", () => {
  const store = told(full(1, samples(1, 1)));
  for (let seq = 2; seq < 3000; seq++) {
    store.apply(
      delta(seq - 1, seq, [], { site: { total: 1, order: [seq], rows: [siteRow(seq, 1, 1)] } }),
    );
  }
  assert.equal(store.sites.rows.size, 501);
  assert.ok(store.sites.rows.has(2999));
  assert.ok(!store.sites.rows.has(2000));
});

test("a row that was in the window just now is still known, however long it was there", () => {
  const store = told(
    full(2, samples(1, 2), {
      site: { total: 1, order: [1, 2], rows: [siteRow(1, 1, 1), siteRow(2, 1, 1)] },
    }),
  );
  const others = (/** @type {number} */ seq) => ({
    site: { total: 1, order: [1, seq], rows: [siteRow(seq, 1, 1)] },
  });
  for (let seq = 3; seq < 1000; seq++) store.apply(delta(seq - 1, seq, [], others(seq)));
  store.apply(delta(999, 1000, [], { site: { total: 1, order: [999], rows: [] } }));
  store.apply(
    delta(999, 1001, [], { site: { total: 1, order: [1001], rows: [siteRow(1001, 1, 1)] } }),
  );
  // The one before has not been acknowledged: that row is as it was.
  store.apply(delta(999, 1002, [], { site: { total: 1, order: [1, 1001], rows: [] } }));
  assert.ok(store.sites.rows.has(1));
});

test("another epoch is another process: all is forgotten, and said", () => {
  const store = told(full(3, samples(1, 3)));
  store.apply(hello({ epoch: "ffff", session: 2, sessions: [session({ id: 2, epoch: "ffff" })] }));
  assert.equal(store.seq, 0);
  assert.equal(store.ring.end, 0);
  assert.equal(store.stats, null);
  assert.match(store.notice, /Another process/);
});

test("the same epoch again keeps what is held", () => {
  const store = told(full(3, samples(1, 3)));
  store.apply(hello());
  assert.equal(store.epoch, EPOCH);
  assert.equal(store.ring.end, 3);
  assert.equal(store.notice, "");
});

test("an end keeps the last numbers", () => {
  const store = told(full(3, samples(1, 3), { stats: stats({ live_bytes: 3000 }) }));
  assert.equal(store.ended, false);
  store.apply({
    t: "session",
    session: session({ state: "ended", end_reason: "signal", signal: 9 }),
  });
  assert.equal(store.ended, true);
  assert.equal(store.session?.signal, 9);
  assert.equal(store.stats?.heap.live_bytes, 3000);
  assert.equal(store.ring.last("live"), 3000);
});

test("another session's end is not ours", () => {
  const store = told(full(3, samples(1, 3)));
  store.apply({ t: "session", session: session({ id: 2, state: "ended" }) });
  assert.equal(store.ended, false);
  assert.equal(store.sessions.length, 2);
});

test("snapshots come with the hello and with answers, each once", () => {
  const store = new Store();
  store.apply(hello({ snapshots: [{ id: 1, name: "a" }] }));
  store.apply({ t: "res", id: 1, ok: true, snapshot: { id: 2, name: "b" } });
  store.apply({ t: "res", id: 1, ok: true, snapshot: { id: 2, name: "b" } });
  store.apply({ t: "res", id: 2, ok: false, code: "limit", message: "no more" });
  assert.deepEqual(
    store.snapshots.map((s) => s.id),
    [1, 2],
  );
});

test("new samples are counted, those known already are not", () => {
  const store = told(
    full(3, samples(1, 3)),
    delta(3, 5, samples(4, 5)),
    delta(3, 6, samples(4, 6)),
  );
  assert.equal(store.newSamples, 3);
});

test("a message of a later version is not minded", () => {
  const store = told(full(3, samples(1, 3)));
  assert.equal(store.apply({ t: "weather", rain: true }), false);
  assert.equal(store.seq, 3);
});

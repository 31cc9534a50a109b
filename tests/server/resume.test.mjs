// SPDX-License-Identifier: MIT
//
// The page's own store behind a connection that is cut again and again, at any
// byte: it holds what the server says of the same tick, it is never sent
// anew what it could have gone on from, and no sample is missing.
//
// MEMSCOPE_SEED repeats a run, as far as the machine lets it.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { request } from "node:http";
import { createInterface } from "node:readline";
import { after, test } from "node:test";
import { decode, encodeAck, encodeResume, encodeSub } from "../../web/src/protocol.js";
import { Store } from "../../web/src/store.js";
import { CutSocket } from "./websocket.mjs";

const CLIENTS = 20;
const SEED = Number(process.env.MEMSCOPE_SEED ?? Date.now() % 2 ** 31);
// What a moment of the past has as the tick itself had it (docs/PROTOCOL.md):
// no rates, no trends.
const SITE_FIELDS = [
  "id",
  "function",
  "file",
  "line",
  "module",
  "address",
  "live_bytes",
  "live_blocks",
  "alloc_bytes",
  "alloc_count",
  "free_count",
];
const THREAD_FIELDS = ["id", "tid", "name", "live_bytes", "live_blocks", "alloc_bytes"];
const SORTS = ["live_bytes", "alloc_count", "free_count", "id", "name"];

/** @type {(() => void)[]} */
const endings = [];
after(() => {
  for (const end of endings) end();
});

/** @param {number} seed */
function randomFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** @param {number} port @param {string} path @returns {Promise<any>} */
function get(port, path) {
  return new Promise((resolve, reject) => {
    const asked = request(
      { port, host: "127.0.0.1", path: `/api/v1${path}`, headers: { Host: `localhost:${port}` } },
      (answer) => {
        let text = "";
        answer.setEncoding("utf8");
        answer.on("data", (piece) => {
          text += piece;
        });
        answer.on("end", () =>
          answer.statusCode === 200
            ? resolve(JSON.parse(text))
            : reject(new Error(`${path}: ${answer.statusCode} ${text}`)),
        );
      },
    );
    asked.on("error", reject);
    asked.end();
  });
}

/** A process with a server, told to end when all is done. @param {string[]} command */
function start(command) {
  const child = spawn(command[0], command.slice(1), { detached: true });
  child.stdout.resume();
  child.stderr.resume();
  endings.push(() => {
    if (child.pid && child.exitCode === null) process.kill(-child.pid, "SIGKILL");
  });
  return child;
}

/** @param {string} what @param {() => Promise<boolean>} condition */
async function waitUntil(what, condition) {
  for (const limit = Date.now() + 60_000; !(await condition()); ) {
    assert.ok(Date.now() < limit, `waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

class Client {
  store = new Store();
  cuts = 0;
  fulls = 0;
  deltas = 0;
  checks = 0;
  #sub = 0;
  #epoch = "";
  #messages = 0;

  /** @param {number} port @param {() => number} random */
  constructor(port, random) {
    this.port = port;
    this.random = random;
    const pick = (/** @type {number} */ n) => Math.floor(random() * n);
    this.window = {
      sort: SORTS[pick(SORTS.length)],
      order: /** @type {"asc" | "desc"} */ (pick(2) ? "asc" : "desc"),
      q: "",
      off: pick(2) * pick(40),
      n: 1 + pick(200),
    };
    this.hz = pick(3) ? 10 : 1 + pick(10);
  }

  /** One connection, until it is cut. */
  connection() {
    // In the head, in the hello, in one of the messages after it, or in
    // between two of them.
    const bytes = 1 + Math.floor(this.random() ** 2 * (this.store.seq ? 60_000 : 300_000));
    this.#messages = Math.floor(this.random() * 5);
    /** @type {Promise<void>[]} */
    const checks = [];
    return new Promise((resolve, reject) => {
      const link = new CutSocket(
        this.port,
        bytes,
        (text) => {
          try {
            this.#receive(link, decode(text), checks);
          } catch (error) {
            reject(error);
            link.socket.destroy();
          }
        },
        (problem) => {
          if (problem) reject(new Error(problem));
          else Promise.all(checks).then(resolve, reject);
        },
      );
    });
  }

  /** As web/src/app.js does. */
  #subscribe(link) {
    const { epoch, seq } = this.store;
    const wanted = encodeSub({
      sub: ++this.#sub,
      hz: this.hz,
      site: this.window,
      th: { ...this.window, off: 0, sort: "id" },
      hist: false,
    });
    if (seq > 0) link.send(wanted, encodeResume(epoch, seq));
    else link.send(wanted);
  }

  /** @param {CutSocket} link @param {any} m @param {Promise<void>[]} checks */
  #receive(link, m, checks) {
    const { store } = this;
    assert.ok(m, "a message that is none");
    const before = store.seq;
    store.apply(m);
    if (m.t === "hello") {
      this.#epoch ||= m.epoch;
      assert.equal(m.epoch, this.#epoch);
      this.#subscribe(link);
    }
    if (this.#messages-- === 0) link.left = Math.floor(this.random() * 40);
    if (m.t !== "full" && m.t !== "d") return;
    // A hole in what the server sends, or a picture anew without need.
    assert.equal(store.lost, false, `a delta from ${m.base} on, after ${before}`);
    assert.ok(m.t === "d" || this.fulls === 0, `a full at ${m.seq}, after ${before}`);
    assert.ok(store.seq >= before, `${store.seq} after ${before}`);
    this.fulls += m.t === "full" ? 1 : 0;
    this.deltas += m.t === "d" ? 1 : 0;
    if (this.random() < 0.9) link.send(encodeAck(m.seq, 0));
    if (this.random() < 0.25) checks.push(this.#check());
  }

  /** Holds the model to what the API says of the same tick. */
  async #check() {
    const { seq, stats, sites, threads, ring } = this.store;
    const held = (/** @type {any} */ table, /** @type {string[]} */ fields) =>
      table.order.map((/** @type {number} */ id) =>
        fields.map((field) => table.rows.get(id)?.[field]),
      );
    const siteRows = held(sites, SITE_FIELDS);
    const threadRows = held(threads, THREAD_FIELDS);
    const total = sites.total;
    const last = ring.last("live");
    const { sort, order, off, n } = this.window;
    const column = sort === "name" ? "function" : sort;
    const [itsStats, itsSites, itsThreads] = await Promise.all([
      get(this.port, `/stats?seq=${seq}`),
      get(this.port, `/sites?seq=${seq}&sort=${column}&order=${order}&offset=${off}&limit=${n}`),
      get(this.port, `/threads?seq=${seq}&sort=id&order=${order}&limit=${n}`),
    ]);
    assert.deepEqual(stats, itsStats);
    assert.equal(last, itsStats.heap.live_bytes);
    const rowsOf = (/** @type {any} */ page, /** @type {string[]} */ fields) =>
      page.rows.map((/** @type {any} */ row) => fields.map((field) => row[field]));
    assert.equal(itsSites.seq, seq);
    assert.equal(total, itsSites.total);
    assert.deepEqual(siteRows, rowsOf(itsSites, SITE_FIELDS));
    assert.deepEqual(threadRows, rowsOf(itsThreads, THREAD_FIELDS));
    this.checks++;
  }

  /** Every sample that the server has, once, and as it has it. */
  async checkSamples() {
    const { ring, seq } = this.store;
    const page = await get(this.port, "/history?step=100ms");
    const rows = page.rows.filter((/** @type {number[]} */ row) => row[0] <= seq);
    assert.equal(ring.end - ring.begin, rows.length);
    rows.forEach((/** @type {(number | null)[]} */ row, /** @type {number} */ i) => {
      const mine = ["seq", "t", "live", "blocks", "peak", "allocBytes", "freeBytes", "allocs"].map(
        (name) => ring.at(name, ring.begin + i),
      );
      assert.deepEqual(mine, [row[0], Number(row[1]) / 1000, ...row.slice(2, 8)]);
    });
  }

  /** @param {number} cuts */
  async run(cuts) {
    while (this.cuts < cuts) {
      await this.connection();
      this.cuts++;
    }
    await this.checkSamples();
  }
}

/** @param {any} t @param {number} port @param {number} cuts */
async function cutThem(t, port, cuts) {
  const clients = Array.from(
    { length: CLIENTS },
    (_, i) => new Client(port, randomFrom(SEED + port + i * 7919)),
  );
  t.diagnostic(`MEMSCOPE_SEED=${SEED}`);
  await Promise.all(clients.map((client) => client.run(cuts / CLIENTS)));
  const sum = (/** @type {(c: Client) => number} */ of) =>
    clients.reduce((all, client) => all + of(client), 0);
  t.diagnostic(
    `${sum((c) => c.cuts)} cuts, ${sum((c) => c.fulls)} fulls, ${sum((c) => c.deltas)} deltas, ` +
      `${sum((c) => c.checks)} models held to the API`,
  );
  // Of 25 in a hundred messages; a slow server has sent few before a cut.
  assert.ok(sum((c) => c.checks) >= cuts / 20, "too few models were looked at");
  assert.ok(sum((c) => c.fulls) <= CLIENTS);
}

test("beside a process of 500 sites, 600 cuts", async (t) => {
  const host = start([String(process.env.MEMSCOPE_FAKE_HOST)]);
  const lines = createInterface({ input: host.stdout })[Symbol.asyncIterator]();
  const port = Number((await lines.next()).value.split(" ")[0]);
  for (const command of ["open", "sites 500", "busy 5"]) {
    host.stdin.write(`${command}\n`);
    assert.match((await lines.next()).value, /^ok/);
  }
  await waitUntil("the first tick", async () => (await get(port, "/status")).sessions[0]?.seq > 1);
  await cutThem(t, port, 600);
});

const [memscope, demo] = [process.env.MEMSCOPE_BIN, process.env.MEMSCOPE_DEMO];
// A sanitizer wants malloc for itself: the library is not preloaded beside one.
const skip = !!process.env.MEMSCOPE_SANITIZER || !existsSync(String(memscope));
test("beside the demo, 400 cuts", { skip }, async (t) => {
  const run = start([String(memscope), "run", "--port", "0", "--", String(demo), "--quiet"]);
  let said = "";
  run.stderr.on("data", (piece) => {
    said += piece;
  });
  await waitUntil("its address", async () => /http:\/\/[^:]+:\d+/.test(said));
  const port = Number(/http:\/\/[^:]+:(\d+)/.exec(said)?.[1]);
  await waitUntil("its names", async () => {
    await get(port, "/sites");
    const status = await get(port, "/status");
    return status.sessions[0]?.seq > 30 && status.monitor.symbols_pending === 0;
  });
  await cutThem(t, port, 400);
});

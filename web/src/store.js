// SPDX-License-Identifier: MIT
//
// store: what the page knows: the session, its samples, two table windows,
// histograms, snapshots. Messages go in, readers look. Pure: no DOM, no socket,
// no clock.

import { namedRow } from "./protocol.js";
import { Ring } from "./ring.js";
import { Whole } from "./whole.js";

const RATE_SPAN_S = 1; // rates are means over this time
const MOST_LEFT = 500; // rows that have left the window and are still held
const CORE = [
  "seq",
  "t",
  "live",
  "blocks",
  "peak",
  "allocBytes",
  "freeBytes",
  "allocs",
  "frees",
  "rss",
  "cpu",
  "sysCpu",
  "threads",
]; // in the order of the wire
const RATES = /** @type {const} */ ([
  ["allocRate", "allocBytes"],
  ["freeRate", "freeBytes"],
  ["allocsRate", "allocs"],
  ["freesRate", "frees"],
]); // each with what it is the rate of
const COLUMNS = [...CORE, ...RATES.map(([rate]) => rate)];

/** @typedef {Record<string, any>} Row */
/**
 * @typedef {object} Table
 * @property {number} total rows that match
 * @property {number[]} order ids of the window, in order
 * @property {Map<number, Row>} rows by id
 * @property {{live_bytes: number, live_blocks: number} | null} [sum] of all that match
 * @property {string} [trouble] what is wrong with what is looked for
 */

/** A sample as it comes. @param {(number | null)[]} row @returns {Record<string, number>} */
function sampleOf(row) {
  /** @type {Record<string, number>} */
  const s = {};
  for (let i = 0; i < CORE.length; i++) s[CORE[i]] = row[i] ?? Number.NaN;
  s.t /= 1000;
  return s;
}

/** @param {Record<string, number>} s @param {Record<string, number>} [before] the sample that they count from */
function addRates(s, before) {
  const span = before ? s.t - before.t : 0;
  for (const [rate, total] of RATES)
    s[rate] = before && span > 0 ? (s[total] - before[total]) / span : Number.NaN;
}

/** @returns {Table} */
function emptyTable() {
  return { total: 0, order: [], rows: new Map() };
}

export class Store {
  #mode = "";

  constructor() {
    /** The last ten minutes, all samples. */
    this.ring = new Ring(COLUMNS, 6000);
    this.whole = new Whole(COLUMNS);
    /** @type {Record<string, string[]>} */
    this.columns = { th: [], site: [] };
    /** @type {Map<number, string>} */
    this.texts = new Map();
    /** @type {Row | null} */
    this.hello = null;
    /** @type {Row[]} */
    this.sessions = [];
    /** @type {Row | null} the session shown */
    this.session = null;
    this.epoch = "";
    this.seq = 0;
    this.uptimeMs = 0;
    /** @type {Row | null} */
    this.stats = null;
    this.threads = emptyTable();
    this.sites = emptyTable();
    /** @type {Row | null} */
    this.histograms = null;
    /** @type {Row | null} */
    this.monitor = null;
    /** @type {Row[]} */
    this.snapshots = [];
    /** Samples that came since the view was paused. */
    this.newSamples = 0;
    /** A message is missing: only a full one helps. */
    this.lost = false;
    /** The number of the subscription that the last message answers. */
    this.sub = 0;
    /** "" or a sentence for the user: another process took this one's place. */
    this.notice = "";
    /** @type {{t: number, mode: string}[]} changes of the capture, seen since the page was opened */
    this.modes = [];
    /** The reason that the server gave for its end. */
    this.bye = "";
  }

  /** Whether nothing comes any more: the program has ended, or this is a saved snapshot. */
  get ended() {
    return this.saved || this.session?.state === "ended" || this.bye === "exit";
  }

  get saved() {
    return this.session?.state === "saved";
  }

  /**
   * Takes a message over. Returns true when it has to be acknowledged.
   * @param {Row} m
   */
  apply(m) {
    switch (m.t) {
      case "hello":
        this.#hello(m);
        return false;
      case "full":
        this.#full(m);
        return true;
      case "d":
        return this.#delta(m);
      case "session":
        this.#sessionChanged(m.session);
        return false;
      case "gone":
        this.sessions = this.sessions.filter((s) => s.id !== m.session);
        return false;
      case "res":
        if (m.ok && m.snapshot) this.addSnapshot(m.snapshot);
        return false;
      case "bye":
        this.bye = m.why;
        return false;
      default:
        return false;
    }
  }

  /** @param {Row} head */
  addSnapshot(head) {
    this.snapshots = [...this.snapshots.filter((s) => s.id !== head.id), head];
  }

  /** @param {Row} m */
  #hello(m) {
    if (this.epoch && m.epoch !== this.epoch) {
      this.notice = "Another process took the place of the one shown before.";
      this.#forget();
      this.modes = [];
      this.#mode = "";
    }
    this.hello = m;
    this.bye = "";
    this.columns = m.cols;
    this.sessions = m.sessions ?? [];
    this.snapshots = m.snapshots ?? [];
    this.session = this.sessions.find((s) => s.id === m.session) ?? null;
    this.epoch = m.epoch ?? "";
  }

  #forget() {
    this.ring.clear();
    this.whole.clear();
    this.texts.clear();
    this.seq = 0;
    this.stats = null;
    this.histograms = null;
    this.threads = emptyTable();
    this.sites = emptyTable();
  }

  /** @param {Row} m */
  #full(m) {
    this.#forget();
    this.lost = false;
    this.epoch = m.epoch;
    this.#picture(m);
  }

  /** @param {Row} m */
  #delta(m) {
    // One that begins before what is held repeats some: after a resume, what
    // was on its way already comes first. One that begins later leaves a hole.
    if (m.base > this.seq) {
      this.lost = true;
      return false;
    }
    const before = this.ring.end;
    this.#picture(m);
    this.newSamples += this.ring.end - before;
    return true;
  }

  /** @param {Row} m */
  #picture(m) {
    for (const [number, text] of m.str ?? []) this.texts.set(number, text);
    for (const row of m.core?.rows ?? []) this.#sample(row);
    if (m.th) this.#table(this.threads, this.columns.th, m.th);
    if (m.site) this.#table(this.sites, this.columns.site, m.site);
    if (m.hist) this.histograms = m.hist;
    if (m.monitor) this.monitor = m.monitor;
    this.#captured(m);
    this.stats = m.stats;
    this.seq = m.seq;
    this.sub = m.sub ?? 0;
    this.uptimeMs = m.ts;
    if (this.session?.state === "running" && m.stats?.ended)
      this.session = { ...this.session, state: "ended" };
  }

  /** @param {Row} m */
  #captured(m) {
    const mode = m.stats?.capture?.mode ?? "";
    if (this.#mode && mode && this.#mode !== mode) this.modes.push({ t: m.ts / 1000, mode });
    this.#mode = mode;
  }

  /** @param {(number | null)[]} row */
  #sample(row) {
    const s = sampleOf(row);
    const ring = this.ring;
    if (ring.end > 0 && s.seq <= ring.last("seq")) return;
    const from = Math.min(ring.find("t", s.t - RATE_SPAN_S), ring.end - 1);
    addRates(s, from >= ring.begin ? ring.sample(from) : undefined);
    ring.push(s);
    this.whole.add(s);
  }

  /** What the session was before the first sample that is held is not known. */
  get beginsLate() {
    return this.whole.ring.at("seq", 0) > 2;
  }

  /** Samples of the server's history, the oldest first. @param {(number | null)[][]} rows */
  addHistory(rows) {
    const samples = rows.map(sampleOf);
    samples.forEach((s, i) => {
      addRates(s, samples[i - 1]);
    });
    this.whole.addBefore(samples);
  }

  /** When a column was highest, in seconds. @param {string} column */
  peakTime(column) {
    let [most, time] = [Number.NEGATIVE_INFINITY, Number.NaN];
    for (const ring of [this.ring, this.whole.ring])
      for (let i = ring.begin; i < ring.end; i++)
        if (ring.at(column, i) > most) [most, time] = [ring.at(column, i), ring.at("t", i)];
    return time;
  }

  /** The time of the sample at a time, or before. @param {number} t */
  timeAt(t) {
    return this.ringFrom(t).timeAt(t);
  }

  /** The ring that has all of what is shown, in the finest steps. @param {import("./view.js").View} view */
  ringOf(view) {
    if (view.end === null) return this.ring;
    return this.ringFrom(view.end - view.seconds);
  }

  /** The ring that reaches back to a time. @param {number} t */
  ringFrom(t) {
    const first = this.ring.at("t", this.ring.begin);
    const reaches = this.whole.ring.at("t", 0) < first - 1;
    return t < first && reaches ? this.whole.ring : this.ring;
  }

  /** @param {Table} table @param {string[]} columns @param {Row} part */
  #table(table, columns, part) {
    table.total = part.total;
    table.sum = part.sum ?? null;
    table.trouble = part.trouble ?? "";
    const shown = new Set(part.order);
    // The last to leave the window is the last to be forgotten: the server
    // takes it for known until what came without it has been acknowledged.
    for (const id of table.order) {
      const row = shown.has(id) ? undefined : table.rows.get(id);
      if (row && table.rows.delete(id)) table.rows.set(id, row);
    }
    table.order = part.order;
    for (const row of part.rows) {
      const named = namedRow(columns, row, this.texts);
      const before = table.rows.get(named.id);
      if (named.trend === null && before) named.trend = before.trend;
      table.rows.set(named.id, named);
    }
    for (const id of table.rows.keys()) {
      if (table.rows.size <= shown.size + MOST_LEFT) break;
      if (!shown.has(id)) table.rows.delete(id);
    }
  }

  /** @param {Row} session */
  #sessionChanged(session) {
    const known = this.sessions.some((s) => s.id === session.id);
    this.sessions = known
      ? this.sessions.map((s) => (s.id === session.id ? session : s))
      : [...this.sessions, session];
    if (this.session?.id === session.id || this.session === null) this.session = session;
  }
}

// SPDX-License-Identifier: MIT
//
// tiles: the eight numbers on top of the overview. They are the samples at the
// end of the time shown: where the view is stopped, so are they.

import { h, setAttribute, setText } from "../dom.js";
import {
  byteRate,
  bytes,
  bytesParts,
  clock,
  compact,
  count,
  exactBytes,
  known,
  percent,
  perSecond,
  signedBytes,
} from "../format.js";
import { same } from "../same.js";

/** @typedef {import("../ring.js").Ring} Ring */
/** @typedef {import("../store.js").Store} Store */
/**
 * @typedef {object} Moment
 * @property {Store} store
 * @property {Ring} ring
 * @property {number} at index of the sample
 * @property {boolean} live nothing newer was shown
 * @property {boolean} paused
 */
/**
 * @typedef {object} Tile
 * @property {string} id
 * @property {string} label
 * @property {string} help
 * @property {string} column of the sample
 * @property {(value: number) => [string, string]} value text and unit
 * @property {(moment: Moment) => string | null} sub null: as it is
 */

const MINUTE_S = 60;

/**
 * Change of a column over the last minute, or since the first sample.
 * @param {Moment} moment
 * @param {string} column
 * @param {(n: number) => string} format
 */
function change({ ring, at }, column, format) {
  const now = ring.at("t", at);
  const before = Math.min(ring.find("t", now - MINUTE_S), at);
  const span = now - ring.at("t", before);
  const difference = ring.at(column, at) - ring.at(column, before);
  if (!(span >= 2) || !Number.isFinite(difference)) return "";
  return `${format(difference)} ${span > MINUTE_S - 1 ? "/ min" : `in ${Math.round(span)} s`}`;
}

/** @param {number} n */
function signedCount(n) {
  return `${n > 0 ? "+" : n === 0 ? "±" : ""}${compact(n)}`;
}

/** @param {number} n @returns {[string, string]} */
function rateParts(n) {
  const [number, unit] = bytesParts(n);
  return [number, unit ? `${unit}/s` : ""];
}

/** @type {Tile[]} */
const TILES = [
  {
    id: "heap",
    label: "Heap live",
    help: "Requested bytes of all blocks that are allocated and not freed. Measured, exact.",
    column: "live",
    value: bytesParts,
    sub: (m) => change(m, "live", signedBytes),
  },
  {
    id: "rss",
    label: "RSS",
    help: "Memory of the process that is resident, as the kernel counts it. It includes code, stacks, and memscope's records in the program.",
    column: "rss",
    value: bytesParts,
    sub: (m) => change(m, "rss", signedBytes),
  },
  {
    id: "peak",
    label: "Peak heap",
    help: "The most that was live at once. Caught between ticks to within 64 KiB a thread.",
    column: "peak",
    value: bytesParts,
    sub: ({ store, ring, at }) => {
      const peak = ring.at("peak", at);
      const first = ring.find("peak", peak);
      // Older than what is held: only the newest one's time is known.
      if (first > ring.begin) return `at ${clock(ring.at("t", first) * 1000)}`;
      return peak === store.stats?.heap.peak_bytes
        ? `at ${clock(store.stats?.heap.peak_time_ns / 1e6)}`
        : "until then";
    },
  },
  {
    id: "rate",
    label: "Alloc rate",
    help: "Bytes allocated per second, over the last second. Measured, exact.",
    column: "allocRate",
    value: rateParts,
    sub: ({ ring, at }) => `free ${byteRate(ring.at("freeRate", at))}`,
  },
  {
    id: "allocs",
    label: "Allocations",
    help: "Allocations per second, over the last second. Measured, exact.",
    column: "allocsRate",
    value: (n) => [perSecond(n), ""],
    sub: ({ ring, at }) => {
      const mean = ring.at("allocRate", at) / ring.at("allocsRate", at);
      return Number.isFinite(mean)
        ? `mean ${bytes(mean)}`
        : `${compact(ring.at("allocs", at))} in all`;
    },
  },
  {
    id: "blocks",
    label: "Live blocks",
    help: "Number of blocks that are allocated and not freed. Measured, exact.",
    column: "blocks",
    value: (n) => [compact(n), ""],
    sub: (m) => change(m, "blocks", signedCount),
  },
  {
    id: "threads",
    label: "Threads",
    help: "Threads of the process, as the kernel counts them.",
    column: "threads",
    value: (n) => [count(n), ""],
    sub: ({ store, live, paused }) => {
      if (!live) return "";
      if (paused) return null;
      const running = store.stats?.system.threads_running;
      return known(running) ? `${count(running)} running` : "";
    },
  },
  {
    id: "cpu",
    label: "Process CPU",
    help: "Per cent of one core, since the last tick. From the kernel's clock of the process.",
    column: "cpu",
    value: (n) => [percent(n), known(n) ? "%" : ""],
    sub: ({ store }) => (store.stats ? `of ${count(store.stats.system.cores * 100)} %` : ""),
  },
];

const BYTES = new Set(["heap", "rss", "peak"]);

export class Tiles {
  /** What the last drawing was of. @type {any[]} */
  #drawn = [];

  constructor() {
    this.parts = TILES.map((tile) => {
      const number = h("span", { class: "number" });
      const unit = h("span", { class: "unit" });
      const sub = h("div", { class: "sub" });
      const label = h("div", { class: "label", text: tile.label });
      const element = h(
        "div",
        {
          class: "tile card",
          id: `tile-${tile.id}`,
          role: "group",
          "aria-label": tile.label,
          title: tile.help,
        },
        label,
        h("div", { class: "value" }, number, " ", unit),
        sub,
      );
      return { tile, element, number, unit, sub };
    });
    this.element = h("div", { class: "tiles" }, ...this.parts.map((part) => part.element));
  }

  /** @param {Moment} moment */
  draw(moment) {
    const { ring, at, live, paused, store } = moment;
    const now = [ring, ring.changes, at, live, paused, store.stats];
    if (same(now, this.#drawn)) return;
    this.#drawn = now;
    for (const { tile, element, number, unit, sub } of this.parts) {
      const exact = ring.at(tile.column, at);
      const [text, symbol] = tile.value(exact);
      setText(number, text);
      setText(unit, symbol);
      const below = tile.sub(moment);
      if (below !== null) setText(sub, below);
      setAttribute(element, "data-seq", String(ring.at("seq", at)));
      setAttribute(element, "data-value", String(exact));
      if (BYTES.has(tile.id))
        setAttribute(element, "title", `${tile.help} Now ${exactBytes(exact)}.`);
    }
  }

  /** Units are others now. */
  restyle() {
    this.#drawn = [];
  }
}

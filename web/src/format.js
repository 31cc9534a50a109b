// SPDX-License-Identifier: MIT
//
// format: numbers as text. Binary units, three significant digits, a true
// minus sign. What is not known is a dash, never 0. Pure.

const BINARY = { name: "binary", step: 1024, symbols: ["B", "KiB", "MiB", "GiB", "TiB", "PiB"] };
const DECIMAL = { name: "decimal", step: 1000, symbols: ["B", "kB", "MB", "GB", "TB", "PB"] };
let units = BINARY;
export const UNKNOWN = "–";
const grouping = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

/** @param {number | null | undefined} n @returns {n is number} */
export function known(n) {
  return typeof n === "number" && Number.isFinite(n);
}

/** Sizes by 1024 or by 1000, from now on. @param {string | null} name binary or decimal */
export function setUnits(name) {
  units = name === "decimal" ? DECIMAL : BINARY;
}

export function unitsName() {
  return units.name;
}

/** Three significant digits. @param {number} n */
function digits3(n) {
  if (n >= 99.95) return n.toFixed(0);
  return n >= 9.995 ? n.toFixed(1) : n.toFixed(2);
}

/** @param {string} text */
function minus(text) {
  return text.replace("-", "−");
}

/** Splits into number and unit. @param {number | null | undefined} n @returns {[string, string]} */
export function bytesParts(n) {
  if (!known(n)) return [UNKNOWN, ""];
  let value = Math.abs(n);
  let unit = 0;
  while (value >= units.step - 0.5 && unit + 1 < units.symbols.length) {
    value /= units.step;
    unit++;
  }
  const text = unit === 0 ? value.toFixed(0) : digits3(value);
  return [(n < 0 ? "−" : "") + text, units.symbols[unit]];
}

/** @param {number | null | undefined} n */
export function bytes(n) {
  return bytesParts(n).join(" ").trim();
}

/** With a sign; 0 is ±0. @param {number | null | undefined} n */
export function signedBytes(n) {
  if (!known(n)) return UNKNOWN;
  if (n === 0) return "±0 B";
  return (n > 0 ? "+" : "") + bytes(n);
}

/** @param {number | null | undefined} n */
export function exactBytes(n) {
  return known(n) ? `${minus(grouping.format(n))} bytes` : "not known";
}

/** 1,344,941 @param {number | null | undefined} n */
export function count(n) {
  return known(n) ? minus(grouping.format(n)) : UNKNOWN;
}

/** 1.34M @param {number | null | undefined} n */
export function compact(n) {
  if (!known(n)) return UNKNOWN;
  const size = Math.abs(n);
  if (size < 9999.5) return minus(grouping.format(n));
  const steps = /** @type {[number, string][]} */ ([
    [1e9, "G"],
    [1e6, "M"],
    [1e3, "K"],
  ]);
  for (const [step, unit] of steps) {
    if (size >= step * 0.9995) return (n < 0 ? "−" : "") + digits3(size / step) + unit;
  }
  return count(n);
}

/** A rate below 10 keeps a digit. @param {number | null | undefined} n */
export function perSecond(n) {
  if (!known(n)) return UNKNOWN;
  const text = Math.abs(n) > 0 && Math.abs(n) < 9.95 ? minus(n.toFixed(1)) : compact(n);
  return `${text}/s`;
}

/** 0.50 -> 0.5, 32.0 MiB -> 32 MiB @param {string} text */
function trimmed(text) {
  return text.replace(/(\.\d*?)0+(?!\d)/, (_, kept) => (kept === "." ? "" : kept));
}

/** On an axis every digit is a round one. @param {number} n */
export function axisBytes(n) {
  return trimmed(bytes(n));
}

/** @param {number} n */
export function axisCount(n) {
  return Math.abs(n) >= 1000 && Math.abs(n) < 9999.5
    ? `${minus(String(n / 1000))}K`
    : trimmed(compact(n));
}

/** @param {number} n */
export function axisPercent(n) {
  return `${trimmed(percent(n))} %`;
}

/** Bytes per second. @param {number | null | undefined} n */
export function byteRate(n) {
  return known(n) ? `${bytes(n)}/s` : UNKNOWN;
}

/** @param {number | null | undefined} n */
export function percent(n) {
  if (!known(n)) return UNKNOWN;
  return minus(Math.abs(n) < 9.95 ? n.toFixed(1) : n.toFixed(0));
}

/** @param {number | null | undefined} ns */
export function duration(ns) {
  if (!known(ns)) return UNKNOWN;
  const steps = /** @type {[number, string][]} */ ([
    [86400e9, "d"],
    [3600e9, "h"],
    [60e9, "min"],
    [1e9, "s"],
    [1e6, "ms"],
    [1e3, "µs"],
  ]);
  for (const [step, unit] of steps) {
    if (ns >= step * 0.9995) return `${digits3(ns / step)} ${unit}`;
  }
  return `${ns.toFixed(0)} ns`;
}

/** 00:10:00 @param {number | null | undefined} ms */
export function clock(ms) {
  if (!known(ms)) return UNKNOWN;
  const s = Math.max(0, Math.floor(ms / 1000));
  /** @param {number} n */
  const two = (n) => String(n).padStart(2, "0");
  return `${two(Math.floor(s / 3600))}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
}

/** 00:10:00.25 @param {number} seconds @param {number} digits */
export function instant(seconds, digits) {
  const unit = 10 ** digits;
  const ticks = Math.floor(seconds * unit + 1e-6);
  const rest = String(ticks % unit).padStart(digits, "0");
  return `${clock(Math.floor(ticks / unit) * 1000)}.${rest}`;
}

/** Clips in the middle: equal beginnings stay apart. @param {string} text @param {number} most */
export function clipMiddle(text, most) {
  const chars = Array.from(
    text.length > 4 * most ? text.slice(0, 2 * most) + text.slice(-2 * most) : text,
  );
  if (chars.length <= most) return text;
  const tail = Math.floor((most - 1) * 0.6);
  return `${chars.slice(0, most - 1 - tail).join("")}…${chars.slice(-tail).join("")}`;
}

/** The last two parts of a path. @param {string} path @param {number | null} line */
export function place(path, line) {
  if (path === "") return "";
  const short = path.split("/").slice(-2).join("/");
  return line ? `${short}:${line}` : short;
}

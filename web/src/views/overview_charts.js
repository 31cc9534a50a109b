// SPDX-License-Identifier: MIT
//
// overview_charts: what the overview's charts show, and in which colours.

import { BarChart } from "../charts/bars.js";
import { TimeChart } from "../charts/time_chart.js";
import { axisBytes, axisCount, axisPercent, byteRate, bytes, compact, percent } from "../format.js";

/** @typedef {import("../charts/ring_controller.js").Source} Source */

/** @param {number} v */
const axisRate = (v) => `${axisBytes(v)}/s`;

/** @param {Source} source @param {() => void} hover */
export function timeCharts(source, hover) {
  return [
    new TimeChart(
      {
        id: "memory",
        title: "Memory",
        kind: "bytes",
        format: bytes,
        axis: axisBytes,
        help: "Live heap and peak: requested bytes, measured, exact. RSS: as the kernel counts it.",
        series: [
          { column: "live", label: "Heap live", color: "heap", fill: true },
          { column: "rss", label: "RSS", color: "rss" },
          { column: "peak", label: "Peak heap", color: "peak", dash: [5, 4] },
        ],
      },
      source,
      hover,
    ),
    new TimeChart(
      {
        id: "rate",
        title: "Allocation rate",
        kind: "bytes",
        format: byteRate,
        axis: axisRate,
        help: "Bytes allocated (above) and freed (below) per second.",
        series: [
          { column: "allocRate", label: "alloc", color: "heap", fill: true },
          {
            column: "freeRate",
            label: "free",
            color: "free",
            fill: true,
            dash: [4, 2],
            sign: -1,
          },
        ],
      },
      source,
      hover,
    ),
    new TimeChart(
      {
        id: "blocks",
        title: "Live blocks",
        kind: "count",
        format: compact,
        axis: axisCount,
        help: "Blocks that are allocated and not freed.",
        series: [{ column: "blocks", label: "now", color: "heap", fill: true }],
      },
      source,
      hover,
    ),
    new TimeChart(
      {
        id: "cpu",
        title: "CPU",
        kind: "percent",
        format: (v) => `${percent(v)} %`,
        axis: axisPercent,
        help: "The process: per cent of one core. The machine: per cent of all its cores.",
        series: [
          { column: "cpu", label: "process", color: "heap", fill: true },
          { column: "sysCpu", label: "machine", color: "peak", dash: [4, 3] },
        ],
      },
      source,
      hover,
    ),
  ];
}

/** @param {() => string} moment that they show */
export function histogramCharts(moment) {
  const size = new BarChart({
    id: "sizes",
    moment,
    title: "Live bytes by size",
    note: "of the block",
    help: "Live bytes by the requested size of their blocks.",
    color: "heap",
    kind: "bytes",
    format: bytes,
    axis: axisBytes,
  });
  const life = new BarChart({
    id: "lifetimes",
    moment,
    title: "Block lifetime",
    note: "of freed blocks",
    help: "All blocks freed so far, by how long they lived. Stamps are 0.5 ms apart.",
    color: "free",
    kind: "count",
    format: compact,
    axis: axisCount,
  });
  return { size, life };
}

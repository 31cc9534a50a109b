// SPDX-License-Identifier: MIT
//
// six_charts: the six charts of the overview, drawn in the page by ours, by
// Chart.js in two ways and by uPlot, tick by tick from the same samples. What
// the others want as arrays is put together outside the time that is taken.

import { Chart } from "chart.js/auto";
import uPlot from "uplot";
import { lifetimeBars, sizeBars } from "../../web/src/histograms.js";
import { encodeAck, encodeSub } from "../../web/src/protocol.js";
import { Socket } from "../../web/src/socket.js";
import { Store } from "../../web/src/store.js";
import { View } from "../../web/src/view.js";
import { histogramCharts, timeCharts } from "../../web/src/views/overview_charts.js";

const WIDTH = 600;
const HEIGHT = 200;
const COLORS = ["#0b62c4", "#b35900", "#5f6b7a"];
const LINES = [["live", "rss", "peak"], ["allocRate", "freeRate"], ["blocks"], ["cpu", "sysCpu"]];

const store = new Store();
const view = new View();

function row() {
  const element = document.createElement("div");
  element.style.cssText = `display:grid;grid-template-columns:repeat(3,${WIDTH}px);gap:4px`;
  document.body.append(element);
  return element;
}

function canvasIn(parent) {
  const box = document.createElement("div");
  box.style.cssText = `position:relative;width:${WIDTH}px;height:${HEIGHT}px`;
  const canvas = document.createElement("canvas");
  box.append(canvas);
  parent.append(box);
  return canvas;
}

/** What is seen of a tick, as arrays: [x, ...series] of each chart, and bars. */
function arrays() {
  const { ring } = store;
  const end = view.endOf(ring);
  const from = ring.find("t", end - view.seconds);
  const x = [];
  for (let i = from; i < ring.end; i++) x.push(ring.at("t", i) - end);
  const lines = LINES.map((names) => [
    x,
    ...names.map((name) => x.map((_, i) => ring.at(name, from + i))),
  ]);
  const { size, lifetime } = store.histograms;
  return { lines, bars: [sizeBars(size), lifetimeBars(lifetime)] };
}

function ours() {
  const parent = row();
  const lines = timeCharts({ ring: store.ring, view }, () => {});
  const { size, life } = histogramCharts();
  for (const chart of [...lines, size, life]) {
    chart.element.querySelector(".plot").style.cssText = `width:${WIDTH}px;height:${HEIGHT}px`;
    parent.append(chart.element);
  }
  return {
    prepare: () => {},
    draw() {
      for (const chart of lines) chart.draw();
      size.draw(sizeBars(store.histograms.size));
      life.draw(lifetimeBars(store.histograms.lifetime));
    },
  };
}

// As its own page on performance says: no animation, data that need not be
// parsed, no markers.
const ADVISED = { animation: false, responsive: false, normalized: true, parsing: false };

/** @param {boolean} lean fixed axes, nothing that reacts, update("none") */
function byChartJs(lean) {
  const parent = row();
  const still = {
    events: [],
    plugins: { legend: { display: false }, tooltip: { enabled: false } },
  };
  const axis = lean ? { afterFit: (s) => Object.assign(s, { width: 64 }) } : {};
  const ticks = lean ? { autoSkip: false, maxRotation: 0 } : {};
  const make = (type, datasets, scales) => {
    const canvas = canvasIn(parent);
    [canvas.width, canvas.height] = [WIDTH, HEIGHT];
    return new Chart(canvas, {
      type,
      data: { datasets },
      options: {
        ...ADVISED,
        ...(type === "bar" ? { parsing: true } : {}),
        ...(lean ? still : {}),
        scales,
      },
    });
  };
  const charts = LINES.map((names) =>
    make(
      "line",
      names.map((label, i) => ({ label, data: [], borderColor: COLORS[i], pointRadius: 0 })),
      {
        x: { type: "linear", min: -60, max: 0, ticks: { ...ticks, stepSize: 15 } },
        y: { ...axis, beginAtZero: true, ticks },
      },
    ),
  );
  const bars = [0, 1].map(() =>
    make("bar", [{ label: "", data: [], backgroundColor: COLORS[0] }], {
      x: { type: "category", ticks },
      y: { ...axis, beginAtZero: true, ticks },
    }),
  );
  let next = { lines: [], bars: [] };
  return {
    prepare(data) {
      const points = ([x, ...all]) => all.map((ys) => ys.map((y, i) => ({ x: x[i], y })));
      next = { lines: data.lines.map(points), bars: data.bars };
    },
    draw() {
      charts.forEach((chart, c) => {
        chart.data.datasets.forEach((set, i) => {
          set.data = next.lines[c][i];
        });
        if (lean) {
          const most = Math.max(1, ...next.lines[c].flat().map((p) => p.y || 0));
          const top = 2 ** Math.ceil(Math.log2(most));
          Object.assign(chart.options.scales.y, { min: 0, max: top });
          chart.options.scales.y.ticks.stepSize = top / 4;
        }
        chart.update(lean ? "none" : undefined);
      });
      bars.forEach((chart, i) => {
        chart.data.labels = next.bars[i].labels;
        chart.data.datasets[0].data = next.bars[i].values;
        chart.update(lean ? "none" : undefined);
      });
    },
  };
}

function byUplot() {
  const parent = row();
  const make = (series, axes, data) => {
    const box = document.createElement("div");
    box.style.cssText = `width:${WIDTH}px;height:${HEIGHT}px`;
    parent.append(box);
    const options = { width: WIDTH, height: HEIGHT - 4, legend: { show: false }, axes };
    return new uPlot(
      { ...options, cursor: { show: false }, scales: { x: { time: false } }, series },
      data,
      box,
    );
  };
  const charts = LINES.map((names) =>
    make(
      [{}, ...names.map((_, i) => ({ stroke: COLORS[i], width: 1.75 }))],
      [{}, { size: 64 }],
      [[0, 1], ...names.map(() => [0, 1])],
    ),
  );
  const paths = uPlot.paths.bars({ size: [0.86] });
  const bars = [0, 1].map(() =>
    make([{}, { fill: COLORS[0], paths, points: { show: false } }], [{}, { size: 64 }], [[0], [0]]),
  );
  let next = { lines: [], bars: [] };
  return {
    prepare(data) {
      const bar = ({ values }) => [values.map((_, i) => i), values];
      next = { lines: data.lines, bars: data.bars.map(bar) };
    },
    async draw() {
      for (const [i, chart] of charts.entries()) chart.setData(next.lines[i]);
      for (const [i, chart] of bars.entries()) chart.setData(next.bars[i]);
      await null; // it draws in a microtask of its own
    },
  };
}

const ways = { ours: ours(), update: byChartJs(false), lean: byChartJs(true), uplot: byUplot() };
const keys = Object.keys(ways);
const taken = Object.fromEntries(keys.map((key) => [key, []]));
let turn = 0;
let drawing = false;

/** All draw the tick, each time another one first. */
async function draw() {
  const data = arrays();
  turn++;
  const times = {};
  for (let i = 0; i < keys.length; i++) {
    const key = keys[(i + turn) % keys.length];
    ways[key].prepare(data);
    const begin = performance.now();
    await ways[key].draw();
    times[key] = performance.now() - begin;
  }
  for (const key of keys) taken[key].push(times[key]);
}

const socket = new Socket(
  `ws://${location.host}/ws`,
  (m) => {
    store.apply(m);
    if (m.t === "hello") socket.send(encodeSub({ sub: 1, hz: 10, hist: true }));
    if (m.t !== "full" && m.t !== "d") return;
    socket.send(encodeAck(m.seq, 0));
    if (drawing || !store.histograms) return;
    drawing = true;
    requestAnimationFrame(async () => {
      await draw();
      drawing = false;
    });
  },
  () => {},
);
socket.open();
Object.assign(window, { taken });

// SPDX-License-Identifier: MIT
//
// spark: a small line without axes, for one row of a table.

import { color } from "../dom.js";

const WIDTH = 72;
const HEIGHT = 20;

/** @returns {HTMLCanvasElement} */
export function sparkCanvas() {
  const canvas = document.createElement("canvas");
  canvas.width = WIDTH * devicePixelRatio;
  canvas.height = HEIGHT * devicePixelRatio;
  canvas.className = "spark";
  canvas.setAttribute("aria-hidden", "true");
  return canvas;
}

/** @param {HTMLCanvasElement} canvas @param {(number | null)[] | null} trend oldest first */
export function drawSpark(canvas, trend) {
  const key = trend ? trend.join() : "";
  if (canvas.dataset.drawn === key) return;
  canvas.dataset.drawn = key;
  const ctx = canvas.getContext("2d");
  if (!ctx) return;
  ctx.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
  ctx.clearRect(0, 0, WIDTH, HEIGHT);
  const points = (trend ?? []).map((y, x) => ({ x, y })).filter((p) => p.y !== null);
  if (points.length < 2) return;
  const most = Math.max(...points.map((p) => Number(p.y)), 1);
  ctx.strokeStyle = color("heap");
  ctx.lineWidth = 1.25;
  ctx.beginPath();
  for (const p of points) {
    ctx.lineTo(
      (p.x / ((trend?.length ?? 1) - 1)) * (WIDTH - 2) + 1,
      HEIGHT - 2 - (Number(p.y) / most) * (HEIGHT - 4),
    );
  }
  ctx.stroke();
}

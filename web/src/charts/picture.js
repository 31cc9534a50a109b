// SPDX-License-Identifier: MIT
//
// picture: a chart as a PNG: as it is seen, under its title, the moment it
// shows and its numbers.

import { download } from "../csv.js";
import { color, h } from "../dom.js";
import { clock } from "../format.js";

const HEAD_PX = 46;
const EDGE_PX = 10;
const FONT = "system-ui, sans-serif";

/**
 * @typedef {object} Picture
 * @property {string} id
 * @property {string} title
 * @property {string} moment that it shows, as the reader is to see it
 * @property {{text: string, color: string}[]} words side by side, in colours of the theme
 */

/** The moment that is shown. @param {{ring: import("../ring.js").Ring, view: import("../view.js").View}} source */
export function momentOf({ ring, view }) {
  return clock(view.endOf(ring) * 1000);
}

/** A name that every system takes. @param {Picture} picture */
function fileName({ id, moment }) {
  return `memscope-${id}-${moment.replace(/[^\w.]+/g, "-")}.png`;
}

/** @param {CanvasRenderingContext2D} ctx @param {Picture} picture @param {number} width */
function drawHead(ctx, { title, moment, words }, width) {
  ctx.font = `600 14px ${FONT}`;
  ctx.fillStyle = color("text");
  ctx.fillText(title, EDGE_PX, 18);
  ctx.font = `12px ${FONT}`;
  ctx.fillStyle = color("dim");
  ctx.fillText(moment, width - EDGE_PX - ctx.measureText(moment).width, 18);
  let x = EDGE_PX;
  for (const word of words) {
    ctx.fillStyle = color(word.color);
    ctx.fillText(word.text, x, 37);
    x += ctx.measureText(word.text).width + 14;
  }
}

/** @param {HTMLCanvasElement} chart @param {Picture} picture */
function save(chart, picture) {
  const scale = chart.width / chart.clientWidth;
  const canvas = document.createElement("canvas");
  canvas.width = chart.width;
  canvas.height = chart.height + HEAD_PX * scale;
  const ctx = canvas.getContext("2d");
  if (!ctx) return;
  ctx.fillStyle = color("card"); // a chart itself is transparent
  ctx.fillRect(0, 0, canvas.width, canvas.height);
  ctx.drawImage(chart, 0, HEAD_PX * scale);
  ctx.scale(scale, scale);
  drawHead(ctx, picture, chart.clientWidth);
  canvas.toBlob((blob) => {
    if (blob) download(fileName(picture), blob, "image/png");
  });
}

/** @param {string} title @param {HTMLCanvasElement} canvas @param {() => Picture} picture */
export function pictureButton(title, canvas, picture) {
  return h("button", {
    type: "button",
    class: "to-png",
    title: "Save as PNG",
    "aria-label": `${title}: save as PNG`,
    text: "↓",
    onclick: () => save(canvas, picture()),
  });
}

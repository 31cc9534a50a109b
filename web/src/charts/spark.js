// SPDX-License-Identifier: MIT
//
// spark: a small line without axes, for one row of a table. A path, no canvas:
// each canvas would be a layer of its own to the browser, in every frame.

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 72;
const HEIGHT = 20;

/** @returns {SVGSVGElement} */
export function sparkLine() {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "spark");
  svg.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
  svg.setAttribute("aria-hidden", "true");
  svg.append(document.createElementNS(SVG, "path"));
  return svg;
}

/** The way of the line; "" when there is none. @param {(number | null)[] | null} trend oldest first */
export function sparkPath(trend) {
  const all = trend ?? [];
  const places = [];
  const most = Math.max(...all.map(Number), 1);
  for (let x = 0; x < all.length; x++) {
    if (all[x] === null) continue;
    const across = (x / (all.length - 1)) * (WIDTH - 2) + 1;
    const down = HEIGHT - 2 - (Number(all[x]) / most) * (HEIGHT - 4);
    places.push(`${across.toFixed(1)} ${down.toFixed(1)}`);
  }
  return places.length < 2 ? "" : `M${places.join("L")}`;
}

/** @type {WeakMap<Element, (number | null)[] | null>} */
const drawn = new WeakMap();

/** A trend that is new is another array. @param {Element} spark @param {(number | null)[] | null} trend oldest first */
export function drawSpark(spark, trend) {
  if (drawn.get(spark) === trend) return;
  drawn.set(spark, trend);
  const path = /** @type {Element} */ (spark.firstElementChild);
  const way = sparkPath(trend);
  if (path.getAttribute("d") !== way) path.setAttribute("d", way);
}

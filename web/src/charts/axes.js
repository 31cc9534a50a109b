// SPDX-License-Identifier: MIT
//
// axes: for charts whose data we draw by ourselves. Labels and grid lines cost
// most of a drawing and seldom change: Chart.js draws them when it lays the
// chart out, and they are kept as an image that every tick begins with.

import { DatasetController } from "chart.js";

/**
 * A dataset that nothing is resolved for: its numbers are drawn as they are.
 * An axis without ends of its own finds them in the dataset's `range`.
 */
export class OwnController extends DatasetController {
  static defaults = { dataElementType: "point", datasetElementType: false };

  parse() {}
  addElements() {}
  buildOrUpdateElements() {}
  update() {}
  reset() {}
  getMaxOverflow() {
    return 0;
  }

  /** @param {any} scale */
  getMinMax(scale) {
    const [min, max] = /** @type {any} */ (this.getDataset()).range?.[scale.axis] ?? [0, 1];
    return { min: scale.min ?? min, max: scale.max ?? max };
  }
}

export class Axes {
  #image = document.createElement("canvas");
  #kept = false;

  /** @param {(chart: import("chart.js").Chart) => void} [over] draws upon the data */
  constructor(over = () => {}) {
    this.over = over;
  }

  /** To be given to the chart. @returns {import("chart.js").Plugin<any>} */
  get plugin() {
    return {
      id: "axes",
      afterUpdate: () => {
        this.#kept = false;
      },
      beforeDatasetsDraw: () => false, // they come upon the image
      afterDraw: (chart) => {
        const { width, height } = chart.canvas;
        this.#image.width = width; // which clears it as well
        this.#image.height = height;
        this.#image.getContext("2d")?.drawImage(chart.canvas, 0, 0);
        this.#kept = true;
        this.#data(chart);
      },
    };
  }

  /** Draws the chart with the data of now, between the axes that it has. */
  /** @param {import("chart.js").Chart} chart */
  draw(chart) {
    if (!this.#kept) {
      chart.draw();
      return;
    }
    const { ctx } = chart;
    ctx.save();
    ctx.setTransform(1, 0, 0, 1, 0, 0); // pixel by pixel
    ctx.clearRect(0, 0, this.#image.width, this.#image.height);
    ctx.drawImage(this.#image, 0, 0);
    ctx.restore();
    this.#data(chart);
  }

  /** The first dataset lies above the others. @param {import("chart.js").Chart} chart */
  #data(chart) {
    const metas = chart.getSortedVisibleDatasetMetas();
    for (let i = metas.length; i-- > 0; ) metas[i].controller.draw();
    this.over(chart);
  }
}

// SPDX-License-Identifier: MIT
//
// columns_controller: a Chart.js controller that draws bars from plain numbers,
// so that new ones need no chart.update(). Bars of several datasets stand side
// by side, the first of the chart's on the left.

import { OwnController } from "./axes.js";

const PART = 0.86; // of the room that a bar has
const LEAST_PX = 2; // what is little can still be seen

export class ColumnsController extends OwnController {
  static id = "columns";

  draw() {
    const { ctx, data, scales } = this.chart;
    const { values, tint } = /** @type {{values: number[], tint: () => string}} */ (
      /** @type {any} */ (this.getDataset())
    );
    const room = scales.x.width / values.length / data.datasets.length;
    const left = scales.x.left + this.index * room + (room * (1 - PART)) / 2;
    const zero = scales.y.getPixelForValue(0);
    const perUnit = zero - scales.y.getPixelForValue(1);
    ctx.fillStyle = tint();
    for (let i = 0; i < values.length; i++) {
      const value = values[i];
      if (!value) continue;
      const height = Math.max(LEAST_PX, Math.abs(value) * perUnit);
      const top = value > 0 ? zero - height : zero;
      ctx.fillRect(left + i * room * data.datasets.length, top, room * PART, height);
    }
  }
}

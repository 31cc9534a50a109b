// SPDX-License-Identifier: MIT
//
// colorless: stands for the library by which Chart.js mixes colours: of hovered
// elements and within animations, neither of which there are here.

export class Color {
  valid = false;
  saturate() {
    return this;
  }
  darken() {
    return this;
  }
  hexString() {
    return "";
  }
}

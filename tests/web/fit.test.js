// SPDX-License-Identifier: MIT

import assert from "node:assert/strict";
import { test } from "node:test";
import { fitting, tracks } from "../../web/src/fit.js";

const COLUMNS = [
  { key: "pin", label: "", width: "44px" },
  { key: "name", label: "Name", width: "minmax(200px, 2fr)", keep: true },
  { key: "place", label: "Place", width: "minmax(120px, 1fr)" },
  { key: "live", label: "Live", class: "num", keep: true },
  { key: "blocks", label: "Blocks", class: "num" },
];

/** @param {number} width */
const shown = (width) => COLUMNS.filter((_, i) => fitting(COLUMNS, width)[i]).map((c) => c.key);

test("those that stay are shown, however narrow it is", () => {
  assert.deepEqual(shown(0), ["name", "live"]);
  assert.deepEqual(shown(374), ["name", "live"]);
});

test("others come as they have room, and a wide one does not keep out a narrow one", () => {
  assert.deepEqual(shown(382), ["pin", "name", "live"]); // 250 + 88 + 44
  assert.deepEqual(shown(470), ["pin", "name", "live", "blocks"]); // + 88
  assert.deepEqual(shown(532), ["pin", "name", "place", "live"]); // + 150, and no 88 more
  assert.deepEqual(shown(620), ["pin", "name", "place", "live", "blocks"]);
});

test("where not even they fit, names give way to numbers", () => {
  const kept = COLUMNS.filter((column) => column.keep);
  assert.equal(tracks(kept, 288), "minmax(200px, 2fr) 88px");
  assert.equal(tracks(kept, 287), "minmax(0, 1fr) 88px");
});

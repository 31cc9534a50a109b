// SPDX-License-Identifier: MIT
//
// main: starts the page.

import { useSource } from "./api.js";
import { App } from "./app.js";
import { setUnits } from "./format.js";
import { settings } from "./settings.js";
import { LiveSource } from "./source_live.js";

const root = document.getElementById("app");
const source = new LiveSource();
useSource(source);
setUnits(settings.get("units"));
if (root) new App(root, source);

// SPDX-License-Identifier: MIT
//
// main: starts the page.

import { App } from "./app.js";

const root = document.getElementById("app");
if (root) new App(root);

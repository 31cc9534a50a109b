// SPDX-License-Identifier: MIT
//
// main_report: starts the page of a one-file report, whose data is in it:
// a snapshot's JSON, by gzip and base64 (engine/render/report.c).

import { useSource } from "./api.js";
import { App } from "./app.js";
import { SavedSource } from "./saved/source.js";

/** @param {string} text */
async function unpack(text) {
  const packed = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

/** @param {HTMLElement} root */
async function start(root) {
  try {
    const data = document.getElementById("snapshot");
    const source = new SavedSource(await unpack(data?.textContent?.trim() ?? ""));
    data?.remove(); // it is large, and no longer needed
    document.body.dataset.source = "report";
    useSource(source);
    new App(root, source);
  } catch (error) {
    root.replaceChildren(`This report cannot be read: ${error}`);
  }
}

const root = document.getElementById("app");
if (root) start(root);

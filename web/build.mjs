// SPDX-License-Identifier: MIT
//
// build: bundles the dashboard into OUTPUT_DIR, each file also compressed.
// Fails when the page has outgrown its budget. Beside it: report.html, the
// beginning of a one-file report, which ends where the data are to follow
// (engine/render/report.c).

import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import * as esbuild from "esbuild";

const BUDGET_BYTES = 110 * 1000; // all of it, by brotli

const here = fileURLToPath(new URL(".", import.meta.url));
const output = process.argv[2] ?? join(here, "dist");

await mkdir(output, { recursive: true });
await esbuild.build({
  entryPoints: { app: join(here, "src/main.js"), report: join(here, "src/main_report.js") },
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  outdir: output,
  legalComments: "inline",
  alias: { "@kurkle/color": join(here, "src/charts/colorless.js") },
});
await esbuild.build({
  entryPoints: { app: join(here, "src/style.css") },
  bundle: true,
  minify: true,
  outdir: output,
});

const copied = ["index.html", "icon.svg"];
for (const name of copied) {
  await writeFile(join(output, name), await readFile(join(here, "src", name)));
}

await writeFile(join(output, "report.html"), await makeReport());

let total = 0;
for (const name of [...copied, "app.js", "app.css"]) {
  const content = await readFile(join(output, name));
  const small = brotliCompressSync(content, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11 },
  });
  await writeFile(join(output, `${name}.gz`), gzipSync(content, { level: 9 }));
  await writeFile(join(output, `${name}.br`), small);
  total += small.length;
}
if (total > BUDGET_BYTES) {
  console.error(`the page has ${total} bytes compressed; ${BUDGET_BYTES} are allowed`);
  process.exit(1);
}
console.log(`page: ${total} bytes compressed, of ${BUDGET_BYTES}`);

// Everything inline, and nothing else allowed: scripts and styles by their
// hashes, no address at all. Data blocks are no scripts.
async function makeReport() {
  const script = await readFile(join(output, "report.js"), "utf8");
  const style = await readFile(join(output, "app.css"), "utf8");
  const icon = await readFile(join(output, "icon.svg"), "base64");
  if (/<\/script|<!--/i.test(script) || /<\/style/i.test(style))
    throw new Error("the page would end within itself");
  const hash = (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
  const policy = [
    "default-src 'none'",
    `script-src ${hash(script)}`,
    `style-src ${hash(style)}`,
    "img-src data: blob:",
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join("; ");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>memscope report</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:image/svg+xml;base64,${icon}">
<style>${style}</style>
<script type="module">${script}</script>
</head>
<body>
<div id="app"><p class="boot">memscope is loading…</p></div>
<noscript>memscope draws this page with JavaScript.</noscript>
<script type="text/plain" id="snapshot">
`;
}

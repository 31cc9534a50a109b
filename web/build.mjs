// SPDX-License-Identifier: MIT
//
// build: bundles the dashboard into OUTPUT_DIR, each file also compressed.
// Fails when the page has outgrown its budget.

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
  entryPoints: { app: join(here, "src/main.js") },
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  outdir: output,
  legalComments: "inline",
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

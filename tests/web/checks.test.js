// SPDX-License-Identifier: MIT
//
// docs/CHECKS.md: every requirement has tests, and they exist.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

const ROOT = new URL("../../", import.meta.url);
const text = await readFile(new URL("docs/CHECKS.md", ROOT), "utf8");
const rows = text
  .split("\n")
  .map((line) => /^\| (F?\d+) \| .* \| (.*) \|$/.exec(line))
  .filter((found) => found !== null)
  .map(([, id, tests]) => ({ id, tests: tests.split("<br>").filter(Boolean) }));

test("no check and no feature is missing", () => {
  const ids = [
    ...Array.from({ length: 27 }, (_, i) => `${i + 1}`),
    ...Array.from({ length: 20 }, (_, i) => `F${i + 1}`),
  ];
  assert.deepEqual(
    rows.map((row) => row.id),
    ids,
  );
});

test("each has tests that exist", async () => {
  for (const { id, tests } of rows) {
    assert.ok(tests.length > 0, id);
    for (const one of tests) {
      const [, file, name] = /^`(tests\/\S+)`: (.+)$/.exec(one) ?? [];
      assert.ok(file, `${id}: ${one}`);
      const source = await readFile(new URL(file, ROOT), "utf8");
      const begin = file.endsWith(".py")
        ? [`def ${name}(`]
        : [`test("${name}"`, `test(\`${name}\``];
      assert.ok(
        // A long name stands on a line of its own.
        begin.some((words) => source.replace(/test\(\s+/g, "test(").includes(words)),
        `${id}: ${file} has no test "${name}"`,
      );
    }
  }
});

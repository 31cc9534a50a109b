// SPDX-License-Identifier: MIT

import assert from "node:assert/strict";
import { test } from "node:test";
import { programName } from "../../web/src/program.js";

/** @type {[string, string, string][]} the program, how it was called, its name */
const NAMES = [
  ["/usr/bin/sleep", "sleep 30", "sleep"],
  ["/usr/bin/sleep", "/usr/bin/sleep", "sleep"],
  ["/opt/My Tools/my server", "/opt/My Tools/my server --port 1", "my server"],
  ["/opt/My Tools/my server", "./my server", "my server"],
  ["/opt/My Tools/my server", "../My Tools/my server x y", "my server"],
  ["/opt/My Tools/server", "My Tools/server x", "server"],
  ["/bin/busybox", "ls /bin/busybox", "ls"],
  ["/usr/bin/python3.11", "/usr/bin/python3 -c 1", "python3"],
  ["/bin/x", "", "x"],
  ["", "a b", "a"],
  ["", "", "?"],
];

test("a program is called by its last part, spaces and all", () => {
  for (const [exe, command, name] of NAMES)
    assert.equal(programName({ exe, command }), name, `${exe}: ${command}`);
  assert.equal(programName({}), "?");
});

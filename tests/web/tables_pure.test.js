// SPDX-License-Identifier: MIT
//
// The parts of the table pages that know no page: order, files, units, groups,
// stacks, places in a query.

import assert from "node:assert/strict";
import { test } from "node:test";
import { toCsv } from "../../web/src/csv.js";
import { visible } from "../../web/src/dom.js";
import { explanation, TEXTS } from "../../web/src/explain.js";
import { bytes, setUnits } from "../../web/src/format.js";
import { stackLines, stackText, suppression } from "../../web/src/frames.js";
import { COLUMNS, Heat } from "../../web/src/heat.js";
import { sorted } from "../../web/src/local_table.js";
import { nextScale } from "../../web/src/scale.js";
import { charAt, lineOf, parameterValue, where } from "../../web/src/sql_text.js";
import { asTree } from "../../web/src/task_tree.js";
import { grouped, namePattern } from "../../web/src/thread_groups.js";
import { happenings } from "../../web/src/timeline_events.js";
import { exactText, isNumber, valueText } from "../../web/src/units.js";

test("rows are sorted by value, unknown ones below everything, equal ones as they came", () => {
  const rows = [{ n: 2 }, { n: null }, { n: 10, k: 1 }, { n: 10, k: 2 }];
  assert.deepEqual(
    sorted(rows, (r) => r.n, "desc"),
    [rows[2], rows[3], rows[0], rows[1]],
  );
  assert.deepEqual(
    sorted(rows, (r) => r.n, "asc"),
    [rows[1], rows[0], rows[2], rows[3]],
  );
});

test("a file keeps commas, quotes and lines, and holds no formula", () => {
  assert.equal(
    toCsv(
      ["a", "b"],
      [
        ['x "y", z', null],
        ["=cmd()", -3],
        ["two\nlines", 1.5],
      ],
    ),
    'a,b\r\n"x ""y"", z",\r\n\'=cmd(),-3\r\n"two\nlines",1.5\r\n',
  );
});

test("values of a query read by their unit", () => {
  /** @param {string | null} unit @param {string} [type] */
  const column = (unit, type = "integer") => ({ name: "x", type, unit });
  assert.equal(valueText(column("bytes"), 2048), "2.00 KiB");
  assert.equal(exactText(column("bytes"), 2048), "2,048 bytes");
  assert.equal(valueText(column("ns"), 1.5e9), "1.50 s");
  assert.equal(valueText(column("percent", "real"), 12.345), "12 %");
  assert.equal(valueText(column(null), 123456), "123456");
  assert.equal(valueText(column(null, "text"), null), "–");
  assert.ok(!isNumber(column("address")));
});

test("sizes can be by 1000, with round steps", () => {
  assert.equal(bytes(1_500_000), "1.43 MiB");
  setUnits("decimal");
  assert.equal(bytes(1_500_000), "1.50 MB");
  assert.equal(bytes(999), "999 B");
  assert.equal(nextScale(7_000_000, null, "bytes").step % 1_000_000, 0);
  setUnits("binary");
});

test("threads whose names differ in numbers are one group", () => {
  assert.equal(namePattern("worker-17"), "worker-*");
  const groups = grouped(
    [
      { id: 1, name: "w-1", ended: false, live_bytes: 5, cpu: 1.5 },
      { id: 2, name: "w-2", ended: true, live_bytes: 6, cpu: null },
      { id: 3, name: "main", ended: false, live_bytes: 1, cpu: null },
    ],
    (t) => namePattern(t.name),
  );
  assert.deepEqual(
    groups.map((g) => [g.name, g.count, g.ended_count, g.live_bytes, g.cpu]),
    [
      ["w-*", 2, 1, 11, 1.5],
      ["main", 1, 0, 1, null],
    ],
  );
});

test("a heat map begins with the trend, and keeps so many moments", () => {
  const heat = new Heat();
  const row = { id: 1, live_bytes: 9, alloc_bytes_rate: 2, cpu: null, trend: [null, 4, 6] };
  heat.push([row]);
  const { rows, highest } = heat.rows("live_bytes", 10);
  assert.deepEqual([...rows[0].values.slice(-3)], [4, 6, 9]);
  assert.equal(highest, 9);
  for (let i = 0; i < 2 * COLUMNS; i++) heat.push([{ ...row, live_bytes: i }]);
  assert.equal(heat.rows("live_bytes", 10).rows[0].values.length, COLUMNS);
  assert.ok(heat.rows("cpu", 10).rows[0].values.every(Number.isNaN));
  heat.push([]);
  assert.equal(heat.rows("live_bytes", 10).rows.length, 0);
});

test("inlined calls are lines of their own", () => {
  const lines = stackLines([
    {
      address: "0x1",
      module: "m",
      function: "inner",
      file: "a.h",
      line: 3,
      inlined_into: [{ function: "outer", file: "a.c", line: 9 }],
    },
    { address: "0x2", module: "m", function: "main", file: "", line: 0 },
  ]);
  assert.deepEqual(
    lines.map((l) => [l.function, l.inlined]),
    [
      ["inner", true],
      ["outer", false],
      ["main", false],
    ],
  );
  assert.equal(
    stackText(lines),
    "#0 inner (inlined) at a.h:3\n#1 outer at a.c:9\n#2 main at m 0x2",
  );
  assert.equal(suppression({ function: "f" }), "leak:f");
});

test("the place of an error is found behind letters of several bytes", () => {
  const sql = "SELECT 'ü€'\nFROM nowhere";
  const offset = new TextEncoder().encode("SELECT 'ü€'\nFROM ").length;
  const at = charAt(sql, offset);
  assert.equal(sql.slice(at), "nowhere");
  assert.deepEqual(lineOf(sql, at), { line: 2, column: 6 });
});

test("parameters are of their types", () => {
  assert.equal(parameterValue({ type: "integer" }, "20"), 20);
  assert.equal(parameterValue({ type: "address" }, "0x7f"), "0x7f");
  assert.equal(parameterValue({ type: "integer" }, "many"), "many");
});

test("only conditions with a value are asked", () => {
  const { text, parameters } = where([
    ["a = :a", "a", 1],
    ["b = :b", "b", null],
    ["c = :c", "c", ""],
    ["d = :d", "d", 0],
  ]);
  assert.equal(text, " WHERE a = :a AND d = :d");
  assert.deepEqual(parameters, { a: 1, d: 0 });
});

test("tasks stand below what created them; a circle loses none", () => {
  const task = (/** @type {number} */ id, /** @type {number} */ parent, live_bytes = 0) => ({
    id,
    parent,
    live_bytes,
  });
  assert.deepEqual(
    asTree([task(1, 0, 1), task(2, 1), task(3, 0, 9), task(4, 2), task(5, 77)]).map((t) => [
      t.id,
      t.depth,
    ]),
    [
      [3, 0],
      [1, 0],
      [2, 1],
      [4, 2],
      [5, 0],
    ],
  );
  assert.deepEqual(
    asTree([task(1, 2), task(2, 1), task(3, 3)])
      .map((t) => t.id)
      .sort(),
    [1, 2, 3],
  );
});

test("what has happened is in one list by time", () => {
  const list = happenings({
    marks: [
      { kind: "mark", name: "ready", time_ns: 2e9 },
      { kind: "over_release", name: "", address: "0x1", time_ns: 1e9, site: 4, thread: 1 },
      { kind: "snapshot", name: "s", time_ns: 3e9 },
    ],
    snapshots: [
      { id: 1, cause: "request", name: "s", time_ms: 4500, epoch: "e", imported: false },
      { id: 2, cause: "request", name: "other", time_ms: 4500, epoch: "f", imported: false },
    ],
    threads: [{ id: 7, tid: 70, name: "", birth_ms: 500, ended: true }],
    modes: [{ t: 3.25, mode: "sampled" }],
    session: {
      epoch: "e",
      start_ms: 1000,
      state: "ended",
      end_reason: "exit",
      exit_code: 3,
      uptime_ms: 9000,
    },
  });
  assert.deepEqual(
    list.map((x) => [x.t, x.lane]),
    [
      [0, "process"],
      [0.5, "thread"],
      [1, "violation"],
      [2, "mark"],
      [3.25, "mode"],
      [3.5, "snapshot"],
      [9, "process"],
    ],
  );
  assert.equal(list[6].what, "ended, exit code 3");
  assert.equal(list[1].name, "thread 70");
});

test("an explanation says what, how, and in which unit", () => {
  const exact = { capture: { mode: "exact", always_exact: true }, heap: {} };
  const sampled = {
    capture: { mode: "sampled", interval: 524288 },
    heap: { live_bytes_error: 2048 },
  };
  assert.match(explanation("site.live_bytes", exact), /Measured: every call.*Unit: bytes/);
  assert.match(explanation("site.live_bytes", sampled), /Sampled.*512 KiB.*± 2\.00 KiB \(95 %\)/);
  assert.match(explanation("site.live_bytes", { capture: { mode: "off" } }), /stands still/);
  assert.match(explanation("group.name", exact), /Annotated/);
  assert.match(explanation("thread.cpu", sampled), /by the kernel.*per cent of one core/);
  for (const key of Object.keys(TEXTS)) assert.doesNotMatch(explanation(key, exact), /\.\./, key);
});

test("what cannot be seen in a name is shown as what it is", () => {
  assert.equal(visible("a\u001b[31mred"), "a␛[31mred");
  assert.equal(visible("abc\u202ecod.exe"), "abc⟨U+202E⟩cod.exe");
  assert.equal(visible("a\nb\tc"), "a\nb\tc");
  assert.equal(visible("👩‍👩‍👧 é 漢"), "👩‍👩‍👧 é 漢");
});

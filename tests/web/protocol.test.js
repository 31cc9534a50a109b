// SPDX-License-Identifier: MIT

import assert from "node:assert/strict";
import { test } from "node:test";
import * as protocol from "../../web/src/protocol.js";

test("what is no message of ours is null, and throws nothing", () => {
  for (const text of ["", "{", "null", "[]", "7", '"full"', "{}", '{"t":5}', '{"type":"full"}']) {
    assert.equal(protocol.decode(text), null, text);
  }
  assert.deepEqual(protocol.decode('{"t":"hb","seq":4,"ts":400,"new":1}'), {
    t: "hb",
    seq: 4,
    ts: 400,
    new: 1,
  });
});

test("what goes out is as the contract has it", () => {
  const window = {
    sort: "live_bytes",
    order: /** @type {const} */ ("desc"),
    q: 'a"b',
    off: 0,
    n: 60,
  };
  assert.deepEqual(JSON.parse(protocol.encodeSub({ session: 2, hz: 10, th: window, hist: true })), {
    t: "sub",
    session: 2,
    hz: 10,
    th: window,
    hist: true,
  });
  assert.deepEqual(JSON.parse(protocol.encodeResume("0123456789abcdef", 812)), {
    t: "resume",
    epoch: "0123456789abcdef",
    seq: 812,
  });
  assert.deepEqual(JSON.parse(protocol.encodeAck(815, 1.23456)), {
    t: "ack",
    seq: 815,
    paint_ms: 1.23,
  });
  assert.deepEqual(JSON.parse(protocol.encodeSnapshot(5, "before load")), {
    t: "cmd",
    id: 5,
    op: "snapshot",
    name: "before load",
  });
});

test("a row gets names, and texts in place of their numbers", () => {
  const texts = new Map([
    [1, "cache_store"],
    [2, "<img src=x>"],
  ]);
  const row = protocol.namedRow(
    ["id", "function", "file", "line", "live_bytes"],
    [9, 1, 2, 29, 4096],
    texts,
  );
  assert.deepEqual(row, {
    id: 9,
    function: "cache_store",
    file: "<img src=x>",
    line: 29,
    live_bytes: 4096,
  });
});

test("a text whose number never came is a question mark, not a number", () => {
  assert.deepEqual(protocol.namedRow(["name"], [77], new Map()), { name: "?" });
});

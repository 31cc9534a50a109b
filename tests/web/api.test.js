// SPDX-License-Identifier: MIT

import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { ApiError, api, queryOf, useSource } from "../../web/src/api.js";
import { LiveSource } from "../../web/src/source_live.js";

const fetched = globalThis.fetch;
afterEach(() => {
  globalThis.fetch = fetched;
});

test("parameters that are not known are not asked with", () => {
  assert.equal(queryOf({ session: undefined, q: null }), "");
  assert.equal(
    queryOf({ session: 2, q: "a&b=c", whole: false }),
    "?session=2&q=a%26b%3Dc&whole=false",
  );
});

test("an answer of the server is its JSON; an error has its code", async () => {
  const asked = [];
  globalThis.fetch = async (url, options) => {
    asked.push([url, options.method, options.body]);
    return url.endsWith("/leakscan")
      ? new Response('{"error":{"code":"conflict","message":"one is running"}}', { status: 409 })
      : new Response('{"rows":[1]}');
  };
  useSource(new LiveSource());
  assert.deepEqual(await api.get("threads", { session: 1, limit: 5 }), { rows: [1] });
  await assert.rejects(
    api.post("leakscan", { session: 1 }),
    (e) => e instanceof ApiError && e.status === 409 && e.code === "conflict",
  );
  assert.deepEqual(asked, [
    ["api/v1/threads?session=1&limit=5", "GET", undefined],
    ["api/v1/leakscan", "POST", '{"session":1}'],
  ]);
});

test("a server that is gone is an error of its own", async () => {
  globalThis.fetch = async () => {
    throw new TypeError("Failed to fetch");
  };
  useSource(new LiveSource());
  await assert.rejects(api.remove("snapshots/1"), (e) => e instanceof ApiError && e.status === 0);
});

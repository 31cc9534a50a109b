// SPDX-License-Identifier: MIT
//
// server/openapi.json as others use it: a validator of OpenAPI 3.1 finds it
// sound, and a client that is made from it alone walks every operation, on a
// live redis-server and on one that has ended; each answer is what its schema
// says.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { Memscope } from "../browser/support/memscope.mjs";
import { until } from "../browser/support/until.mjs";

const require = createRequire(new URL("../../web/package.json", import.meta.url));
const { default: OpenAPIClientAxios } = require("openapi-client-axios");
const validatorPath = require.resolve("@seriousme/openapi-schema-validator");
const { Validator } = await import(validatorPath);
const { default: Ajv2020 } = createRequire(validatorPath)("ajv/dist/2020.js");
const run = promisify(execFile);

/** @type {Memscope} */
let memscope;
/** @type {any} */
let definition;
/** @type {any} */
let api;
/** @type {import("ajv").default} */
let ajv;
let redisPort = 0;

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(null)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** @param {...string} command */
async function redis(...command) {
  const { stdout } = await run("redis-cli", ["-p", String(redisPort), ...command]);
  return stdout.trim();
}

before(async () => {
  redisPort = await freePort();
  const command = ["/usr/bin/redis-server", "--port", String(redisPort), "--save", ""];
  memscope = await Memscope.start(command);
  await until("redis answers", async () => (await redis("PING").catch(() => "")) === "PONG");
  await redis("DEBUG", "POPULATE", "2000", "key", "100").catch(() => redis("SET", "key", "value"));
  definition = await memscope.api("openapi.json");
  ajv = new Ajv2020({ strict: false, validateFormats: false, validateSchema: false });
  ajv.addSchema(definition, "api");
  // A copy: the client resolves the references in what it is given.
  api = new OpenAPIClientAxios({
    definition: structuredClone(definition),
    withServer: { url: memscope.url.replace(/\/$/, "") },
    axiosConfigDefaults: { validateStatus: () => true, headers: { "Accept-Encoding": "gzip" } },
  });
  await api.init();
});
after(async () => {
  await memscope?.stop();
});

/** The parts of a JSON pointer, escaped. @param {...string} parts */
function pointer(...parts) {
  return parts.map((p) => encodeURIComponent(p.replace(/~/g, "~0").replace(/\//g, "~1"))).join("/");
}

/** Holds an answer against the description of it. */
/** @param {any} operation @param {any} answer */
function check(operation, answer) {
  const { path, method, operationId } = operation;
  const what = `${operationId}: ${answer.status} ${JSON.stringify(answer.data).slice(0, 300)}`;
  const documented = definition.paths[path][method].responses[answer.status];
  assert.ok(documented, `not documented: ${what}`);
  let place = ["paths", path, method, "responses", String(answer.status)];
  let response = documented;
  if (documented.$ref !== undefined) {
    place = documented.$ref.slice(2).split("/");
    response = place.reduce((at, part) => at[part], definition);
  }
  if (response.content === undefined) {
    assert.equal(answer.data || "", "", what);
    return;
  }
  const type = answer.headers["content-type"].split(";")[0];
  assert.ok(response.content[type], `${what}: ${type}`);
  if (response.content[type].schema === undefined) return;
  const schema = `api#/${pointer(...place, "content", type, "schema")}`;
  const valid = ajv.getSchema(schema) ?? assert.fail(`no ${schema}`);
  assert.ok(valid(answer.data), `${what}\n${JSON.stringify(valid.errors?.slice(0, 3))}`);
}

/**
 * Walks all operations: [parameters, body, status expected] by operation;
 * what is not named here is asked for without anything, and gives 200.
 * @param {boolean} live
 */
async function walk(live) {
  const client = await api.getClient();
  const operations = new Map(api.getOperations().map((o) => [o.operationId, o]));
  /** @type {Record<string, number>} */
  const answered = {};
  /** @param {string} id @param {any} parameters @param {any} [body] @param {number} [status] */
  const ask = async (id, parameters = null, body = undefined, status = 200) => {
    const operation = operations.get(id) ?? assert.fail(`no ${id}`);
    const answer = await client[id](parameters, body, {
      headers: { "Content-Type": "application/json" },
      responseType: /profile|export/i.test(id) ? "arraybuffer" : "json",
    });
    check(operation, answer);
    assert.equal(answer.status, status, `${id}: ${JSON.stringify(answer.data).slice(0, 300)}`);
    answered[id] = answer.status;
    return answer.data;
  };
  const first = await ask("takeSnapshot", null, { name: "first" }, 201);
  const whole = await ask("getSnapshot", { id: first.id });
  const second = await ask("importSnapshot", null, whole, 201);
  await ask("getDiff", { a: first.id, b: second.id });
  await ask("getChanges", { epoch: first.epoch, since: first.seq });
  await ask("deleteSnapshot", { id: second.id }, undefined, 204);
  await ask("getSnapshot", { id: second.id }, undefined, 404);
  const sites = await ask("getSites", { limit: 5, sort: "alloc_bytes", order: "desc" });
  const threads = await ask("getThreads", { limit: 5 });
  for (const [id, rows] of [
    ["getSite", sites.rows],
    ["getThread", threads.rows],
  ])
    if (operations.has(id)) await ask(id, { id: rows[0].id });
  await ask("getAsset", { asset: "app.js" });
  // Debian's redis-server has no debug information to name a file of.
  const nowhere = { module: "redis-server", file: "zmalloc.c", line: 1 };
  await ask("getSource", nowhere, undefined, 404);
  await ask("openWebSocket", null, undefined, 426);
  await ask("runQuery", null, { sql: "SELECT function, live_bytes FROM sites LIMIT 3" });
  await ask("control", null, { mode: "exact" }, live ? 200 : 409);
  await ask("beginLeakScan", null, {}, live ? 202 : 409);
  for (const id of operations.keys()) if (!(id in answered)) await ask(id);
  assert.equal(Object.keys(answered).length, operations.size);
  return Object.keys(answered).length;
}

test("the description is sound OpenAPI 3.1", async () => {
  const validator = new Validator();
  const result = await validator.validate(structuredClone(definition));
  assert.ok(result.valid, JSON.stringify(result.errors));
  assert.equal(validator.version, "3.1");
  // It would see a mistake.
  const wrong = structuredClone(definition);
  wrong.paths["/api/v1/status"].get.responses["200"].description = 1;
  assert.ok(!(await new Validator().validate(wrong)).valid);
});

test("a client made from it walks all operations of a live redis-server", async (t) => {
  const count = await walk(true);
  t.diagnostic(`${count} operations`);
  assert.equal(await redis("PING"), "PONG");
});

test("and of one that has ended", async (t) => {
  await until(
    "the leak scan is over",
    async () => (await memscope.api("leakscan")).state !== "running",
  );
  await redis("SHUTDOWN", "NOSAVE").catch(() => {}); // it does not answer to that
  await until("the session has ended", async () => {
    const { sessions } = await memscope.api("sessions");
    return sessions[0].state === "ended";
  });
  t.diagnostic(`${await walk(false)} operations`);
});

// SPDX-License-Identifier: MIT
//
// weight: what a page holds, once all that it holds no more has been
// collected; and of whose making that is.

/** @param {import("playwright-core").Page} page */
async function profiler(page) {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send("Performance.enable");
  await cdp.send("HeapProfiler.enable");
  return cdp;
}

/**
 * @param {import("playwright-core").Page} page
 * @returns {Promise<() => Promise<{heap: number, nodes: number, listeners: number}>>}
 */
export async function scales(page) {
  const cdp = await profiler(page);
  return async () => {
    await cdp.send("HeapProfiler.collectGarbage");
    const { metrics } = await cdp.send("Performance.getMetrics");
    const of = (/** @type {string} */ name) => metrics.find((m) => m.name === name)?.value ?? 0;
    return {
      heap: of("JSHeapUsedSize"),
      nodes: of("Nodes"),
      listeners: of("JSEventListeners"),
    };
  };
}

/**
 * What V8's heap has in use, without a collection: nothing of the page changes
 * by the look.
 * @param {import("playwright-core").Page} page
 * @returns {Promise<() => Promise<number>>} bytes
 */
export async function gauge(page) {
  const cdp = await profiler(page);
  return async () => (await cdp.send("Runtime.getHeapUsage")).usedSize;
}

// What a script can make: the rest of the types of a heap snapshot is V8's and
// the browser's own.
const MADE = new Set([
  "array",
  "bigint",
  "closure",
  "concatenated string",
  "number",
  "object",
  "object shape",
  "regexp",
  "sliced string",
  "string",
  "symbol",
]);
const COUNTED = new Set(["array", "closure", "object"]); // of those, how many there are is steady
// What its buffers and long texts hold lies outside of V8's heap.
const OUTSIDE = new Set(["system / JSArrayBufferData", "system / ExternalStringData"]);

// What the protocol keeps for who looks at the page from outside: answers to
// requests.
const KEPT = "blink::NetworkResourcesData";

/** @param {string} type @param {string} name @returns {"made" | "outside" | "engine" | "browser" | "watcher"} */
function makerOf(type, name) {
  if (MADE.has(type)) return "made";
  if (OUTSIDE.has(name)) return "outside";
  if (name.startsWith(KEPT)) return "watcher";
  return type === "code" || name.startsWith("system / ") ? "engine" : "browser";
}

/**
 * @typedef {object} Contents in bytes
 * @property {number} made objects, arrays, functions, texts: what the page's script has made and holds
 * @property {number} outside what buffers and long texts of it hold, beside the heap
 * @property {number} engine V8's own: code that it has compiled, what it has learned of it, templates
 * @property {number} browser elements, styles, entries of the performance timeline
 * @property {number} watcher what is held for us
 * @property {number} objects how many objects, arrays and functions are among the first
 */

/** @param {string} text a heap snapshot @returns {Contents} */
function contentsOf(text) {
  const { snapshot, nodes, strings } = JSON.parse(text);
  /** @type {string[]} */
  const fields = snapshot.meta.node_fields;
  const types = snapshot.meta.node_types[0];
  const [type, name, size] = ["type", "name", "self_size"].map((field) => fields.indexOf(field));
  const sums = { made: 0, outside: 0, engine: 0, browser: 0, watcher: 0, objects: 0 };
  for (let at = 0; at < nodes.length; at += fields.length) {
    const maker = makerOf(types[nodes[at + type]], strings[nodes[at + name]]);
    sums[maker] += nodes[at + size];
    if (COUNTED.has(types[nodes[at + type]])) sums.objects++;
  }
  return sums;
}

/**
 * What the page holds, by a snapshot of its heap: no tick comes between the
 * collection and the look, whose garbage would count.
 * @param {import("playwright-core").Page} page
 * @returns {Promise<() => Promise<Contents>>}
 */
export async function inventory(page) {
  const cdp = await profiler(page);
  return async () => {
    /** @type {string[]} */
    const chunks = [];
    const take = (/** @type {{chunk: string}} */ event) => chunks.push(event.chunk);
    cdp.on("HeapProfiler.addHeapSnapshotChunk", take);
    await cdp.send("HeapProfiler.takeHeapSnapshot", { reportProgress: false });
    cdp.off("HeapProfiler.addHeapSnapshotChunk", take);
    return contentsOf(chunks.join(""));
  };
}

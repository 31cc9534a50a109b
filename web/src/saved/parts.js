// SPDX-License-Identifier: MIT
//
// parts: what a snapshot has beside its picture, as a server would answer it.
// Files of an older memscope do not have them. Pure.

/** @typedef {Record<string, any>} Row */

/** @param {Row} snapshot @param {Row} finding */
function findingOf({ sites, threads }, finding) {
  /** @param {Row[]} rows @param {number} id */
  const row = (rows, id) => rows.find((r) => r.id === id) ?? null;
  return { ...finding, site: row(sites, finding.site), thread: row(threads, finding.thread) };
}

/**
 * @param {Row} snapshot
 * @param {string} path
 * @param {Row} cutOf session, epoch and seq
 * @param {Row} params
 * @returns {Row | undefined} undefined: it has none
 */
export function partOf(snapshot, path, cutOf, params) {
  const { findings, leak_scan, groups, types } = snapshot;
  const { session, epoch } = cutOf;
  if ((path === "analysis" || path === "leaks") && findings) {
    const only = path === "leaks" ? "leak_suspects" : params.analyzer;
    return {
      ...cutOf,
      uptime_ns: snapshot.stats.uptime_ns,
      analyzers: [],
      findings: findings
        .filter((/** @type {Row} */ f) => !only || f.analyzer === only)
        .map((/** @type {Row} */ f) => findingOf(snapshot, f)),
    };
  }
  if (path === "leakscan" && leak_scan)
    return { session, epoch, ...leak_scan, rows: snapshot.leak_rows ?? [] };
  if (path === "tasks" && groups) {
    /** @param {string} kind */
    const of = (kind) => groups.filter((/** @type {Row} */ g) => g.kind === kind);
    return { rows: of("task"), scopes: of("scope"), pools: of("pool") };
  }
  if (path === "types" && types) {
    const sums = snapshot.measured_types;
    return {
      rows: types,
      variables: snapshot.variables ?? [],
      measured: sums ? { ...sums, rows: snapshot.measured_rows ?? [] } : null,
    };
  }
  return undefined;
}

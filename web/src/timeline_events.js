// SPDX-License-Identifier: MIT
//
// timeline_events: what has happened, of every kind, in one list by time.
// Pure.

/** @typedef {Record<string, any>} Row */
/** @typedef {"mark" | "violation" | "snapshot" | "thread" | "mode" | "process"} Lane */
/**
 * @typedef {object} Happening
 * @property {number} id
 * @property {number} t seconds of uptime
 * @property {Lane} lane
 * @property {string} what
 * @property {string} name
 * @property {number} site 0: none
 * @property {number} thread 0: none
 */

export const LANES = /** @type {[Lane, string][]} */ ([
  ["process", "Process"],
  ["mode", "Capture"],
  ["snapshot", "Snapshots"],
  ["mark", "Marks"],
  ["violation", "Violations"],
  ["thread", "Threads"],
]);

const VIOLATIONS = /** @type {Record<string, string>} */ ({
  borrow_conflict: "borrowed while another holds it",
  freed_borrowed: "freed while it was borrowed",
  moved_borrowed: "moved while it was borrowed",
  bad_return: "returned what was not borrowed",
  freed_referenced: "freed while it was referenced",
  over_release: "released more often than retained",
  unknown_block: "said of no live block",
  unbalanced: "ended what had not begun",
  overlap: "blocks overlap",
});

/**
 * @param {object} of
 * @param {Row[]} of.marks of `GET /api/v1/marks`
 * @param {Row[]} of.snapshots heads
 * @param {Row[]} of.threads id, name, tid, birth_ms
 * @param {{t: number, mode: string}[]} of.modes changes that were seen
 * @param {Row | null} of.session
 * @returns {Happening[]} oldest first
 */
export function happenings({ marks, snapshots, threads, modes, session }) {
  /** @type {Omit<Happening, "id">[]} */
  const list = [];
  const none = { name: "", site: 0, thread: 0 };
  for (const row of marks) {
    if (row.kind === "snapshot") continue; // it is among the snapshots
    const violation = VIOLATIONS[row.kind];
    list.push({
      t: row.time_ns / 1e9,
      lane: violation ? "violation" : "mark",
      what: violation ?? row.kind,
      name: row.name || row.address || "",
      site: row.site ?? 0,
      thread: row.thread ?? 0,
    });
  }
  for (const row of snapshots) {
    if (row.imported || (session && row.epoch !== session.epoch)) continue;
    const t = (row.time_ms - (session?.start_ms ?? 0)) / 1000;
    list.push({
      ...none,
      t,
      lane: "snapshot",
      what: `snapshot ${row.id} (${row.cause})`,
      name: row.name,
    });
  }
  for (const row of threads)
    list.push({
      ...none,
      t: row.birth_ms / 1000,
      lane: "thread",
      what: row.ended ? "thread began, and has ended since" : "thread began",
      name: row.name || `thread ${row.tid}`,
      thread: row.id,
    });
  for (const { t, mode } of modes)
    list.push({ ...none, t, lane: "mode", what: `capture: ${mode}` });
  if (session) {
    list.push({ ...none, t: 0, lane: "process", what: "begun", name: session.command ?? "" });
    if (session.state === "ended")
      list.push({ ...none, t: session.uptime_ms / 1000, lane: "process", what: endOf(session) });
  }
  return list.sort((a, b) => a.t - b.t).map((happening, id) => ({ ...happening, id }));
}

/** @param {Row} session */
function endOf(session) {
  if (session.end_reason === "signal") return `ended by signal ${session.signal}`;
  if (session.end_reason === "exit") return `ended, exit code ${session.exit_code}`;
  return session.end_reason === "exec" ? "replaced by another program" : "ended";
}

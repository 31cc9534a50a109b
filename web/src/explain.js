// SPDX-License-Identifier: MIT
//
// explain: what every number of the page is, how it was got, and in which
// unit. The one place for these texts. Pure.

import { bytes } from "./format.js";

/**
 * How a number was got. `captured` depends on the mode: every call, or samples.
 * @typedef {"captured" | "kernel" | "annotated" | "read" | "computed" | "monitor"} How
 */
/** @typedef {{what: string, how: How, unit?: string}} Text */

const BYTES = "bytes, as requested (without the allocator's own)";

/** @type {Record<string, Text>} */
export const TEXTS = {
  // Threads
  "thread.name": {
    what: "The name given to the thread. Without one, the kernel's number is shown",
    how: "kernel",
  },
  "thread.tid": { what: "The kernel's number of the thread", how: "kernel" },
  "thread.state": {
    what: "What the thread does, as the kernel said within the last second; ended ones stay while they are asked for, since what they allocated may live on",
    how: "kernel",
  },
  "thread.cpu": {
    what: "Processor time over the last second",
    how: "kernel",
    unit: "per cent of one core",
  },
  "thread.live_bytes": {
    what: "Blocks that this thread allocated and nobody has freed",
    how: "captured",
    unit: BYTES,
  },
  "thread.live_blocks": {
    what: "How many of its blocks nobody has freed",
    how: "captured",
    unit: "blocks",
  },
  "thread.alloc_bytes": {
    what: "All that the thread has allocated since it began",
    how: "captured",
    unit: BYTES,
  },
  "thread.alloc_bytes_rate": {
    what: "What it allocated over the last second",
    how: "captured",
    unit: "bytes a second",
  },
  "thread.alloc_count_rate": {
    what: "Its allocations over the last second",
    how: "captured",
    unit: "calls a second",
  },
  "thread.cross_frees": {
    what: "Blocks of other threads that this thread has freed: each may wait for the other thread's arena",
    how: "captured",
    unit: "blocks",
  },
  "thread.trend": {
    what: "Its live bytes over the last minute, each three seconds; the top is its own maximum",
    how: "captured",
  },
  "thread.count": { what: "Threads of the group", how: "kernel" },

  // Call sites
  "site.function": {
    what: "The function that calls the allocator. Names are found in the program's debug information or symbols",
    how: "read",
  },
  "site.file": {
    what: "Source file and line, where debug information has them; else the module",
    how: "read",
  },
  "site.live_bytes": {
    what: "Blocks allocated here that nobody has freed",
    how: "captured",
    unit: BYTES,
  },
  "site.delta_bytes": {
    what: "Live bytes now against one minute ago",
    how: "captured",
    unit: BYTES,
  },
  "site.trend": {
    what: "Its live bytes over the last minute, each three seconds; the top is its own maximum",
    how: "captured",
  },
  "site.live_blocks": {
    what: "Blocks allocated here that nobody has freed",
    how: "captured",
    unit: "blocks",
  },
  "site.alloc_bytes": { what: "All that was ever allocated here", how: "captured", unit: BYTES },
  "site.alloc_count": { what: "Allocations ever made here", how: "captured", unit: "calls" },
  "site.free_count": { what: "Blocks from here that were freed", how: "captured", unit: "blocks" },
  "site.alloc_count_rate": {
    what: "Allocations over the last second",
    how: "captured",
    unit: "calls a second",
  },
  "site.free_count_rate": {
    what: "Blocks from here that were freed over the last second",
    how: "captured",
    unit: "blocks a second",
  },
  "site.mean_lifetime_ns": {
    what: "Mean lifetime of the blocks that were freed; those that live on do not count",
    how: "captured",
    unit: "time; stamps are 0.5 ms apart",
  },
  "site.stack": {
    what: "The calls that lead here, innermost first; inlined ones are marked",
    how: "captured",
  },
  "site.sizes": { what: "Blocks by size: each bar is a class of sizes", how: "captured" },
  "site.lifetimes": { what: "Freed blocks by how long they lived", how: "captured" },

  // Between A and B
  "range.net": {
    what: "By how much live bytes have changed from A to B: allocated less freed",
    how: "captured",
    unit: BYTES,
  },
  "range.alloc_bytes": { what: "Allocated from A to B", how: "captured", unit: BYTES },
  "range.free_bytes": {
    what: "Blocks freed from A to B, whenever they were allocated",
    how: "captured",
    unit: BYTES,
  },
  "range.alloc_count": { what: "Allocations from A to B", how: "captured", unit: "calls" },
  "range.free_count": { what: "Blocks freed from A to B", how: "captured", unit: "blocks" },
  "range.live_bytes": { what: "Live at B", how: "captured", unit: BYTES },

  // Live blocks
  "block.address": { what: "Where the block begins in the program's memory", how: "captured" },
  "block.size": { what: "The size that was asked for", how: "captured", unit: "bytes" },
  "block.age_ns": {
    what: "Time since it was allocated",
    how: "captured",
    unit: "time; stamps are 0.5 ms apart",
  },
  "block.thread": { what: "The thread that allocated it", how: "captured" },
  "block.site": { what: "Where it was allocated", how: "captured" },
  "block.said": {
    what: "Variable, type, scope and task, where the program has named them by memscope_tag and the like",
    how: "annotated",
  },

  // Groups
  "group.name": { what: "The name that the program gave", how: "annotated" },
  "group.live_bytes": {
    what: "Blocks allocated while it was the current one, that nobody has freed. Which is current, the program says",
    how: "captured",
    unit: BYTES,
  },
  "group.live_blocks": { what: "How many blocks these are", how: "captured", unit: "blocks" },
  "group.alloc_bytes": { what: "All that was ever allocated in it", how: "captured", unit: BYTES },
  "group.alloc_count": { what: "Allocations ever made in it", how: "captured", unit: "calls" },
  "group.free_count": { what: "Its blocks that were freed", how: "captured", unit: "blocks" },
  "task.state": {
    what: "Running from its creation to its end, as the program says",
    how: "annotated",
  },
  "task.entered": { what: "How often a thread has entered it", how: "annotated", unit: "times" },
  "task.hops": { what: "How often it went on in another thread", how: "annotated", unit: "times" },
  "task.time": {
    what: "From its creation to its end, or until now",
    how: "annotated",
    unit: "time",
  },
  "type.name": { what: "Types that blocks were tagged with", how: "annotated" },
  "type.measured": {
    what: "The class of the C++ object that a block begins with, by its table of virtual functions",
    how: "read",
  },
  "type.live_bytes": { what: "Live blocks of this type", how: "captured", unit: BYTES },
  "type.live_blocks": { what: "How many blocks these are", how: "captured", unit: "blocks" },

  // Resident memory
  "rss.total": {
    what: "Memory of the process that is in RAM; each page counts once",
    how: "kernel",
    unit: "bytes in whole pages",
  },
  "rss.heap": {
    what: "Areas in which blocks of malloc live or have lived, and the break: live blocks, free space between them, and what the allocator keeps",
    how: "kernel",
  },
  "rss.mapped": { what: "What the program itself has mapped by mmap and its like", how: "kernel" },
  "rss.stack": { what: "Stacks of threads that live", how: "kernel" },
  "rss.code": {
    what: "Code of the program and its libraries, as far as it has been run",
    how: "kernel",
  },
  "rss.file": {
    what: "Other parts of files: constants and data of libraries, files that were mapped",
    how: "kernel",
  },
  "rss.shared": { what: "Memory shared with other processes", how: "kernel" },
  "rss.store": {
    what: "Memscope's own records of this program. They are in the program's memory, so that they outlive it",
    how: "kernel",
  },
  "rss.other": {
    what: "What none of the others explains: zeroed data, guard pages, what was mapped before memscope could see it",
    how: "kernel",
  },
  "arena.kind": {
    what: "The main heap (brk), one arena of malloc, or a block with a mapping of its own",
    how: "read",
  },
  "arena.requested_bytes": {
    what: "What the program asked for, of live blocks",
    how: "captured",
    unit: "bytes",
  },
  "arena.usable_bytes": {
    what: "What the allocator gave it: rounded up to its own sizes",
    how: "read",
    unit: "bytes",
  },
  "arena.mapped_bytes": {
    what: "Address space that the area takes",
    how: "kernel",
    unit: "bytes in whole pages",
  },
  "arena.resident_bytes": {
    what: "How much of it is in RAM",
    how: "kernel",
    unit: "bytes in whole pages",
  },
  "arena.empty_bytes": {
    what: "In RAM, in pages that no live block touches: what a trim could give back at most",
    how: "computed",
    unit: "bytes in whole pages",
  },
  "arena.blocks": { what: "Live blocks in it", how: "captured", unit: "blocks" },
  "arena.areas": { what: "Mappings that it consists of", how: "kernel" },
  "arena.share": {
    what: "Requested bytes as a part of the resident ones: 100 % would be no waste at all",
    how: "computed",
    unit: "per cent",
  },
  "mapping.address": { what: "Where the mapping begins", how: "captured" },
  "mapping.size": { what: "Its whole size", how: "captured", unit: "bytes in whole pages" },
  "mapping.resident_bytes": {
    what: "How much of it is in RAM",
    how: "kernel",
    unit: "bytes in whole pages",
  },
  "mapping.protection": {
    what: "As it was mapped: r may be read, w written, x executed, p private, s shared",
    how: "captured",
  },
  "map.cell": {
    what: "A part of the address space; the darker, the more of it is live blocks",
    how: "captured",
  },

  // The monitor
  "self.cpu": {
    what: "Processor time of memscope's own process",
    how: "monitor",
    unit: "per cent of one core",
  },
  "self.rss": { what: "Memory of memscope's own process in RAM", how: "monitor", unit: "bytes" },
  "self.model": {
    what: "What it keeps of the program: sums, history, names",
    how: "monitor",
    unit: "bytes",
  },
  "self.store": { what: "Its records inside the program, in RAM", how: "monitor", unit: "bytes" },
  "self.ticks": {
    what: "Pictures made so far, ten a second; late ones came after their time",
    how: "monitor",
  },
  "self.tick": {
    what: "Time that a picture takes: the last one, and the longest so far",
    how: "monitor",
    unit: "time",
  },
  "self.drops": {
    what: "Events that could not be recorded, by reason. Each is missing in the numbers",
    how: "monitor",
    unit: "events",
  },
  "self.clients": { what: "Pages that are connected, and how many may be", how: "monitor" },
  "self.messages": {
    what: "Messages sent to pages, and pictures left out for pages that were slow",
    how: "monitor",
  },
  "self.requests": { what: "Requests answered over HTTP", how: "monitor" },
  "self.symbols": { what: "Names found, and those still looked for", how: "monitor" },
  "self.overhead": {
    what: "What capturing took of the program's own processor time in the last second, about: it times one event of a thousand or more, and a third of that is reckoned with, as the others overlap with the program's work. The governor goes by it",
    how: "computed",
    unit: "per cent of the program's CPU",
  },
  "capture.mode": {
    what: "Exact: every call. Sampled: one for so many bytes, with errors stated. Off: nothing new is recorded",
    how: "monitor",
  },
};

/** What is to be said of the way a number was got. @param {How} how @param {Record<string, any> | null} stats */
function wayOf(how, stats) {
  switch (how) {
    case "kernel":
      return "Measured, by the kernel.";
    case "annotated":
      return "Annotated: the program says so.";
    case "read":
      return "Measured: read from the program and its files.";
    case "computed":
      return "Computed from measured numbers.";
    case "monitor":
      return "Measured, by memscope of itself.";
    default:
      break;
  }
  const capture = stats?.capture;
  if (capture?.mode === "sampled") {
    const error = stats?.heap?.live_bytes_error;
    return `Sampled: estimated, one sample for ${bytes(capture.interval)}; all live bytes ± ${bytes(error)} (95 %).`;
  }
  if (capture?.mode === "off") return "Capture is off: it stands still.";
  if (capture?.always_exact === false)
    return "Measured; before, not everything was captured, and blocks of that time may be missing.";
  return "Measured: every call is captured.";
}

/** The whole explanation. @param {string} key @param {Record<string, any> | null} stats */
export function explanation(key, stats) {
  const text = TEXTS[key];
  if (!text) return "";
  const unit = text.unit ? ` Unit: ${text.unit}.` : "";
  return `${text.what}. ${wayOf(text.how, stats)}${unit}`;
}

/** Attributes of an element that explains a number: tip.js shows it. @param {string} key */
export function explained(key) {
  if (!(key in TEXTS)) throw new Error(`nothing explains ${key}`);
  return { "data-explain": key };
}

// SPDX-License-Identifier: MIT
//
// frames: a call stack as lines, inlined calls as lines of their own. Pure.

/** @typedef {Record<string, any>} Row */
/** @typedef {{function: string, file: string, line: number, module: string, address: string, inlined: boolean}} Line */

/**
 * Innermost first. A frame's own function is the innermost of those that were
 * put into one; the others follow.
 * @param {Row[]} frames @returns {Line[]}
 */
export function stackLines(frames) {
  return frames.flatMap((frame) => {
    const outer = frame.inlined_into ?? [];
    return [frame, ...outer].map((/** @type {Row} */ call, /** @type {number} */ i) => ({
      function: call.function || frame.address,
      file: call.file ?? "",
      line: call.line ?? 0,
      module: frame.module ?? "",
      address: frame.address,
      inlined: i < outer.length,
    }));
  });
}

/** For a letter or a ticket. @param {Line[]} lines */
export function stackText(lines) {
  return lines
    .map((line, i) => {
      const where = line.file ? `${line.file}:${line.line}` : `${line.module} ${line.address}`;
      return `#${i} ${line.function}${line.inlined ? " (inlined)" : ""} at ${where}`;
    })
    .join("\n");
}

/** A line for LeakSanitizer's and our own suppression files. @param {Row} site */
export function suppression(site) {
  return `leak:${site.function.replace(/\(.*$/s, "")}`;
}

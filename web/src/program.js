// SPDX-License-Identifier: MIT
//
// program: what a process is called. Pure.

/**
 * As it was called, without the folder: what a link points to can have another
 * name. The command line does not say where its first word ends; where it
 * begins with the path of the program, or the end of that path, it is known.
 * @param {Record<string, any>} session
 */
export function programName({ exe, command }) {
  const path = String(exe ?? "").split("/");
  const called = String(command ?? "").replace(/^(\.{1,2}\/)+/, "");
  const own = path.some((_, i) => `${called} `.startsWith(`${path.slice(i).join("/")} `));
  return (own ? path : called.split(" ")[0].split("/")).pop() || path.pop() || "?";
}

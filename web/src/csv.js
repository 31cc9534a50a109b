// SPDX-License-Identifier: MIT
//
// csv: rows as a file for spreadsheets (RFC 4180). Pure but for `download`.

/** A text that a spreadsheet would take for a formula has an apostrophe before it. @param {unknown} value */
function field(value) {
  if (value === null || value === undefined) return "";
  const text =
    typeof value === "string" && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** @param {string[]} names @param {unknown[][]} rows */
export function toCsv(names, rows) {
  return [names, ...rows].map((row) => `${row.map(field).join(",")}\r\n`).join("");
}

/** Gives the user a file. @param {string} name @param {BlobPart} content @param {string} [type] */
export function download(name, content, type = "text/csv") {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

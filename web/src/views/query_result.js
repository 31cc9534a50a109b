// SPDX-License-Identifier: MIT
//
// query_result: the rows of an answer as a table, a file, and a chart.

import { Plot } from "../charts/plot.js";
import { download, toCsv } from "../csv.js";
import { h, setText } from "../dom.js";
import { clipMiddle, count, duration } from "../format.js";
import { LocalTable } from "../local_table.js";
import { exactText, isNumber, unitName, valueText } from "../units.js";
import { button, copyText, field, select } from "./parts.js";

/** @typedef {import("../units.js").QueryColumn} QueryColumn */
/** @typedef {{columns: QueryColumn[], rows: any[][], truncated: boolean, elapsed_ns: number, seq: number | null, unnamed: number}} Answer */

const TEXT_CHARS = 80;
const PATH_CHARS = 44;
const TIMES = new Set(["t_ms", "time_ns", "birth_ns"]); // a line is drawn along them

/** @param {QueryColumn} column @param {number} i @returns {import("../local_table.js").LocalColumn} */
function tableColumn(column, i) {
  const key = `c${i}`;
  const numeric = isNumber(column);
  return {
    key,
    label: column.name,
    help: `${column.name}, ${unitName(column)}`,
    sortable: true,
    keep: i < 3,
    class: numeric ? "num" : "name",
    width: numeric ? "112px" : "minmax(140px, 1fr)",
    text: (row) => clipText(valueText(column, row[key])),
    title: (row) => exactText(column, row[key]),
  };
}

/** Of a path the end says the most. @param {string} text */
function clipText(text) {
  if (text.startsWith("/") && text.length > PATH_CHARS) return `…${text.slice(1 - PATH_CHARS)}`;
  return clipMiddle(text, TEXT_CHARS);
}

/** Which columns a first chart would show. @param {QueryColumn[]} columns */
export function chartColumns(columns) {
  const time = columns.findIndex((c) => TIMES.has(c.name));
  const x = time >= 0 ? time : columns.findIndex((c) => !isNumber(c));
  const bytes = columns.findIndex((c, i) => i !== x && isNumber(c) && c.unit === "bytes");
  const y = bytes >= 0 ? bytes : columns.findIndex((c, i) => i !== x && isNumber(c));
  return { x: Math.max(x, 0), y, kind: /** @type {"bar" | "line"} */ (time >= 0 ? "line" : "bar") };
}

export class QueryResult {
  /** @type {Answer} */
  #answer = { columns: [], rows: [], truncated: false, elapsed_ns: 0, seq: null, unnamed: 0 };

  constructor() {
    this.summary = h("span", { class: "note", role: "status" });
    this.table = new LocalTable({
      label: "Result",
      columns: [],
      sorting: { sort: "", order: "desc" },
    });
    this.said = h("span", { class: "note", role: "status" });
    this.x = select("Along the axis", [], () => this.#plot());
    this.y = select("Height", [], () => this.#plot());
    this.kind = select(
      "Kind of chart",
      [
        ["bar", "bars"],
        ["line", "line"],
      ],
      () => this.#plot(),
    );
    this.plot = new Plot();
    this.chart = h(
      "details",
      { class: "chart-of-result", ontoggle: () => this.#plot() },
      h("summary", { text: "Chart" }),
      h(
        "div",
        { class: "fields" },
        field("of", this.y),
        field("by", this.x),
        field("as", this.kind),
      ),
      this.plot.element,
    );
    this.element = h(
      "section",
      { class: "card page result", "aria-label": "Result", hidden: true },
      h(
        "header",
        {},
        h("h2", { text: "Result" }),
        this.summary,
        h("span", { class: "gap" }),
        this.said,
        button("Copy CSV", () => this.#copy()),
        button("Save CSV", () => download("memscope-query.csv", this.#csv())),
      ),
      this.chart,
      this.table.element,
    );
  }

  #csv() {
    const { columns } = this.#answer;
    const rows = this.table.ordered.map((row) => columns.map((_, i) => row[`c${i}`]));
    return toCsv(
      columns.map((c) => c.name),
      rows,
    );
  }

  async #copy() {
    setText(this.said, await copyText(this.#csv()));
  }

  /** @param {Answer} answer */
  show(answer) {
    const { columns, rows } = answer;
    this.#answer = answer;
    this.element.hidden = false;
    setText(this.said, "");
    setText(
      this.summary,
      `${count(rows.length)} ${rows.length === 1 ? "row" : "rows"} in ${duration(answer.elapsed_ns)}${
        answer.truncated ? " · more were cut off at the limit" : ""
      }${
        answer.unnamed > 0
          ? ` · names still being looked up: ${count(answer.unnamed)}; ask again for them`
          : ""
      }`,
    );
    this.table.setColumns(columns.map(tableColumn));
    this.table.table.sorting = { sort: "", order: "desc" };
    this.table.options.given = true;
    this.table.set(
      rows.map((row, id) => Object.fromEntries([["id", id], ...row.map((v, i) => [`c${i}`, v])])),
    );
    this.table.options.given = false;
    this.#offer(columns);
  }

  /** @param {QueryColumn[]} columns */
  #offer(columns) {
    const { x, y, kind } = chartColumns(columns);
    this.chart.hidden = y < 0;
    /** @param {HTMLSelectElement} into @param {number} chosen @param {(c: QueryColumn) => boolean} fits */
    const fill = (into, chosen, fits) => {
      into.replaceChildren(
        ...columns.flatMap((c, i) =>
          fits(c) ? [h("option", { value: String(i), text: c.name })] : [],
        ),
      );
      into.value = String(chosen);
    };
    fill(this.x, x, () => true);
    fill(this.y, y, isNumber);
    this.kind.value = kind;
    this.#plot();
  }

  #plot() {
    if (!this.chart.open || this.chart.hidden) return;
    const { columns } = this.#answer;
    const x = Number(this.x.value);
    const y = Number(this.y.value);
    const kind = /** @type {"bar" | "line"} */ (isNumber(columns[x]) ? this.kind.value : "bar");
    this.plot.draw({
      kind,
      x: columns[x].name,
      y: columns[y].name,
      points: this.table.ordered
        .filter((row) => typeof row[`c${y}`] === "number")
        .map((row) => ({
          x: row[`c${x}`],
          y: row[`c${y}`],
          label: clipMiddle(valueText(columns[x], row[`c${x}`]), 24),
        })),
      scale: /^bytes/.test(columns[y].unit ?? "")
        ? "bytes"
        : columns[y].type === "integer"
          ? "count"
          : "percent",
      format: (n) => valueText(columns[y], n),
      formatX: (n) => valueText(columns[x], n),
    });
  }

  restyle() {
    this.plot.restyle();
  }
}

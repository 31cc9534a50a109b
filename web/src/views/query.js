// SPDX-License-Identifier: MIT
//
// query: questions in SQL: ready ones with their parameters, an editor, the
// tables that there are, and the answer.

import { ApiError, api } from "../api.js";
import { h, setText } from "../dom.js";
import { charAt, lineOf, parameterValue } from "../sql_text.js";
import { unitName } from "../units.js";
import { button, card, field, select, Trouble, wordsOf } from "./parts.js";
import { QueryResult } from "./query_result.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {{name: string, type: string, unit: string | null, default: string | null}} Parameter */
/** @typedef {{name: string, description: string, sql: string, live_only: boolean, parameters: Parameter[]}} Ready */

const FIRST =
  "SELECT function, file, line, live_bytes, live_blocks\nFROM sites\nORDER BY live_bytes DESC\nLIMIT 20";
const LIMITS = /** @type {[string, string][]} */ ([
  ["1000", "1,000 rows"],
  ["10000", "10,000 rows"],
  ["100000", "100,000 rows"],
]);
const TIMES = /** @type {[string, string][]} */ ([
  ["2000", "2 s"],
  ["10000", "10 s"],
  ["60000", "60 s"],
]);

export class QueryPage {
  /** @type {Ready[]} */
  #ready = [];
  /** @type {AbortController | null} */
  #running = null;

  /** @param {App} app */
  constructor(app) {
    this.app = app;
    this.editor = h("textarea", {
      class: "sql mono",
      "aria-label": "Query in SQL",
      rows: 7,
      spellcheck: "false",
      autocomplete: "off",
      onkeydown: (/** @type {KeyboardEvent} */ e) => this.#keys(e),
      oninput: () => this.#edited(),
    });
    this.editor.value = FIRST;
    this.ready = select("Ready query", [["", "of your own"]], () => this.#choose());
    this.about = h("span", { class: "note" });
    this.parameters = h("div", { class: "fields", hidden: true });
    this.from = select("Asked of", [["", "the running program"]], () => {});
    this.limit = select("Rows at most", LIMITS, () => {});
    this.limit.value = "10000";
    this.time = select("Time at most", TIMES, () => {});
    this.time.value = "10000";
    this.run = button("Run", () => this.#run(), { class: "primary", title: "Ctrl+Enter" });
    this.cancel = button("Cancel", () => this.#running?.abort(), { disabled: true });
    this.said = h("span", { class: "note", role: "status" });
    this.trouble = new Trouble();
    this.result = new QueryResult();
    this.schema = h("div", { class: "schema" });
    this.element = h(
      "div",
      { class: "stack query" },
      h(
        "div",
        { class: "two" },
        card(
          "Query",
          { about: "Reads what memscope knows, in SQLite's SQL. Nothing can be changed by it." },
          [field("Ready", this.ready), this.about],
          this.parameters,
          this.editor,
          this.trouble.element,
          h(
            "div",
            { class: "fields" },
            this.run,
            this.cancel,
            field("of", this.from),
            field("at most", this.limit),
            this.time,
            this.said,
          ),
        ),
        card(
          "Tables",
          { about: "What can be asked for. A click puts a name into the query." },
          [],
          this.schema,
        ),
      ),
      this.result.element,
    );
  }

  want() {
    return {};
  }

  /** @param {Record<string, string>} params */
  async enter(params) {
    this.#offerSnapshots();
    if (this.#ready.length === 0) {
      const known = await api.get("queries").catch((error) => this.trouble.show(error, "Queries"));
      if (!known) return;
      this.#ready = known.queries;
      this.ready.append(
        ...this.#ready.map((q) =>
          h("option", { value: q.name, text: q.name.replaceAll("_", " ") }),
        ),
      );
      this.#drawSchema(known.tables);
    }
    if (Object.keys(params).length === 0 && this.result.element.hidden) this.#run();
    if (params.sql) {
      this.editor.value = params.sql;
      this.#edited();
      this.#run();
    } else if (params.name && params.name !== this.ready.value) {
      this.ready.value = params.name;
      this.#choose();
      this.#run();
    }
  }

  leave() {
    this.#running?.abort();
  }

  #offerSnapshots() {
    const chosen = this.from.value;
    this.from.replaceChildren(
      h("option", {
        value: "",
        text: this.app.store.ended ? "the ended program" : "the running program",
      }),
      ...this.app.store.snapshots.map((s) =>
        h("option", { value: String(s.id), text: `snapshot ${s.id}: ${s.name}`.slice(0, 60) }),
      ),
    );
    this.from.value = chosen;
  }

  /** @param {{name: string, description: string, columns: import("../units.js").QueryColumn[]}[]} tables */
  #drawSchema(tables) {
    this.schema.replaceChildren(
      ...tables.map((table) =>
        h(
          "details",
          {},
          h("summary", { title: table.description }, h("code", { text: table.name })),
          h("p", { class: "note", text: `${table.description}.` }),
          h(
            "ul",
            {},
            ...table.columns.map((column) =>
              h(
                "li",
                {},
                button(column.name, () => this.#insert(column.name), { class: "link mono" }),
                " ",
                h("span", { class: "note", text: unitName(column) }),
              ),
            ),
          ),
        ),
      ),
    );
  }

  /** @param {string} text */
  #insert(text) {
    const { selectionStart, selectionEnd } = this.editor;
    this.editor.setRangeText(text, selectionStart, selectionEnd, "end");
    this.editor.focus();
    this.#edited();
  }

  /** @param {KeyboardEvent} event */
  #keys(event) {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    this.#run();
  }

  get #chosen() {
    return this.#ready.find((q) => q.name === this.ready.value);
  }

  /** A ready query shows its text; it is asked for by name, with its parameters. */
  #choose() {
    const ready = this.#chosen;
    setText(this.about, ready ? ready.description : "");
    this.parameters.hidden = !ready?.parameters.length;
    this.parameters.replaceChildren(
      ...(ready?.parameters ?? []).map((p) =>
        field(
          `${p.name}${p.unit ? ` (${unitName({ name: p.name, type: p.type, unit: p.unit })})` : ""}`,
          h("input", {
            type: "text",
            name: p.name,
            value: p.default ?? "",
            "aria-label": p.name,
            onkeydown: (/** @type {KeyboardEvent} */ e) => {
              if (e.key === "Enter") this.#run();
            },
          }),
        ),
      ),
    );
    if (ready) this.editor.value = ready.sql;
  }

  /** What is edited is a query of the user's own. */
  #edited() {
    const ready = this.#chosen;
    if (!ready || ready.sql === this.editor.value) return;
    // Its parameters stay: the text may still use them.
    this.ready.value = "";
    setText(this.about, "");
  }

  #body() {
    const ready = this.#chosen;
    /** @type {Record<string, any>} */
    const parameters = {};
    const inputs = /** @type {HTMLInputElement[]} */ ([
      ...this.parameters.querySelectorAll("input"),
    ]);
    for (const input of inputs) {
      const known = ready?.parameters.find((p) => p.name === input.name);
      if (input.value === "" || (!ready && !this.editor.value.includes(`:${input.name}`))) continue;
      parameters[input.name] = parameterValue(known ?? { type: "integer" }, input.value);
    }
    return {
      ...(ready ? { name: ready.name } : { sql: this.editor.value }),
      ...(Object.keys(parameters).length ? { parameters } : {}),
      ...(this.from.value
        ? { snapshot: Number(this.from.value) }
        : { session: this.app.store.session?.id }),
      limit: Number(this.limit.value),
      time_ms: Number(this.time.value),
    };
  }

  async #run() {
    this.#running?.abort();
    const running = new AbortController();
    this.#running = running;
    this.run.disabled = true;
    this.cancel.disabled = false;
    setText(this.said, "Asking…");
    try {
      const answer = await api.post("query", this.#body(), running.signal);
      if (this.#running !== running) return;
      this.#said(answer.error ? new ApiError(200, answer.error.code, answer.error.message) : null);
      this.result.show(answer);
    } catch (error) {
      if (this.#running === running) this.#said(/** @type {ApiError} */ (error));
    }
    if (this.#running !== running) return;
    this.#running = null;
    this.run.disabled = false;
    this.cancel.disabled = true;
  }

  /** @param {ApiError | null} error */
  #said(error) {
    setText(this.said, error?.code === "aborted" ? "Cancelled." : "");
    this.trouble.show(error?.code === "aborted" ? null : error);
    if (!error || typeof error.offset !== "number") return;
    const at = charAt(this.editor.value, error.offset);
    const { line, column } = lineOf(this.editor.value, at);
    setText(this.trouble.element, `Line ${line}, column ${column}: ${wordsOf(error, "")}`);
    this.editor.focus();
    const word = /^\w*/.exec(this.editor.value.slice(at))?.[0] ?? "";
    this.editor.setSelectionRange(at, at + Math.max(1, word.length));
  }

  draw() {}

  restyle() {
    this.result.restyle();
  }
}

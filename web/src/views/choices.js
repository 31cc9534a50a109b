// SPDX-License-Identifier: MIT
//
// choices: what the reader may choose: theme, units, pace, keys, columns. The
// browser keeps it.

import { siteColumns, threadColumns } from "../columns.js";
import { h } from "../dom.js";
import { setUnits, unitsName } from "../format.js";
import { settings } from "../settings.js";
import { THEMES } from "../theme.js";
import { button, card, field, select } from "./parts.js";

/** @typedef {import("../app.js").App} App */

const RATES = /** @type {[string, string][]} */ ([
  ["1", "1 a second"],
  ["2", "2 a second"],
  ["5", "5 a second"],
  ["10", "10 a second"],
]);
/** Keys of the columns that the reader has put away. @param {string} table */
export function hiddenColumns(table) {
  return (settings.get(`hidden.${table}`) ?? "").split(",").filter(Boolean);
}

export class Choices {
  /** @param {App} app */
  constructor(app) {
    this.app = app;
    this.theme = select(
      "Theme",
      THEMES.map((t) => [t, t === "auto" ? "as the system" : t]),
      (value) => app.theme.choose(/** @type {(typeof THEMES)[number]} */ (value)),
    );
    this.units = select(
      "Units",
      [
        ["binary", "KiB, MiB (1024)"],
        ["decimal", "kB, MB (1000)"],
      ],
      (value) => {
        setUnits(value);
        settings.set("units", value);
        app.restyle();
      },
    );
    this.rate = select("Pictures a second", RATES, (value) => {
      app.hz = Number(value);
      settings.set("hz", value);
      app.subscribe();
    });
    this.keys = h("input", {
      type: "checkbox",
      onchange: () => settings.set("keys", this.keys.checked ? "on" : "off"),
    });
    /** @param {string} table @param {string} label @param {import("../table.js").Column[]} columns */
    const columns = (table, label, columns) =>
      h(
        "fieldset",
        {},
        h("legend", { text: label }),
        ...columns.slice(1).map((column) => {
          const box = h("input", {
            type: "checkbox",
            "data-column": `${table}.${column.key}`,
            onchange: () => this.#showColumn(table, column.key, box.checked),
          });
          return h("label", { class: "check" }, box, ` ${column.label}`);
        }),
      );
    this.columns = h(
      "details",
      {},
      h("summary", { text: "Columns of the tables" }),
      columns("threads", "Threads", threadColumns),
      columns("sites", "Call sites", siteColumns),
    );
    this.element = card(
      "Settings",
      { about: "Kept by this browser" },
      [h("span", { class: "gap" }), button("Reset all", () => this.#reset())],
      h(
        "div",
        { class: "form" },
        field("Theme", this.theme),
        field("Units", this.units),
        field("Pictures", this.rate),
        h("label", { class: "check" }, this.keys, " Keys of one letter (press ? for the list)"),
        this.columns,
      ),
    );
  }

  enter() {
    this.theme.value = this.app.theme.name;
    this.units.value = unitsName();
    this.rate.value = String(this.app.hz);
    this.keys.checked = settings.get("keys") !== "off";
    for (const box of this.columns.querySelectorAll("input")) {
      const [table, key] = String(box.dataset.column).split(".");
      box.checked = !hiddenColumns(table).includes(key);
    }
  }

  /** @param {string} table @param {string} key @param {boolean} show */
  #showColumn(table, key, show) {
    const hidden = hiddenColumns(table).filter((k) => k !== key);
    settings.set(`hidden.${table}`, (show ? hidden : [...hidden, key]).join());
  }

  #reset() {
    settings.clear();
    location.reload();
  }
}

// SPDX-License-Identifier: MIT
//
// sites: every place that calls the allocator.

import { api } from "../api.js";
import { siteColumns, siteRangeColumns } from "../columns.js";
import { h } from "../dom.js";
import { bytes, clipMiddle } from "../format.js";
import { field, select } from "./parts.js";
import { TablePage } from "./table_page.js";

/** @typedef {import("../app.js").App} App */

const LEAST = /** @type {[string, string][]} */ ([
  ["0", "any"],
  ["1", "live"],
  ["1024", "≥ 1 KiB"],
  ["65536", "≥ 64 KiB"],
  ["1048576", "≥ 1 MiB"],
]);
const WEIGHTS = /** @type {[string, string][]} */ ([
  ["live_bytes", "live bytes"],
  ["live_blocks", "live blocks"],
  ["delta_bytes", "growth"],
  ["alloc_bytes", "allocated in all"],
  ["alloc_count_rate", "allocations a second"],
  ["mean_lifetime_ns", "mean lifetime"],
]);

export class SitesPage extends TablePage {
  /** @param {App} app */
  constructor(app) {
    const changed = () => this.changed();
    const module = select("Module", [["", "all"]], changed);
    const least = select("Live bytes at least", LEAST, changed);
    const weight = select("By", WEIGHTS, (key) => this.table.sortBy(key, "desc", true));
    super(app, {
      part: "site",
      path: "sites",
      title: "Call sites",
      about: "Every place that calls the allocator, with what was allocated there",
      placeholder: "Function, file, /expression/",
      columns: siteColumns,
      rangeColumns: siteRangeColumns,
      filters: [field("module", module), field("min", least), field("by", weight)],
      none: "Nothing has been allocated yet. Here stands every place that calls the allocator: what lives of it, how it grows, how often it is called, how long its blocks live.",
    });
    this.module = module;
    this.least = least;
    this.weight = weight;
  }

  get filter() {
    return { ...super.filter, module: this.module.value, min: Number(this.least.value) };
  }

  /** @param {Record<string, string>} params */
  enter(params) {
    if (params.module !== undefined) this.#choose(this.module, params.module, params.module);
    if (params.min !== undefined)
      this.#choose(this.least, params.min, `≥ ${bytes(Number(params.min))}`);
    super.enter(params);
    this.#offerModules();
  }

  /** @param {HTMLSelectElement} into @param {string} value @param {string} text */
  #choose(into, value, text) {
    into.value = value;
    if (into.value !== value) into.append(h("option", { value, text, selected: true }));
  }

  /** Those that have sites. */
  async #offerModules() {
    const answer = await api
      .post("query", {
        sql: "SELECT module, sum(live_bytes) FROM sites GROUP BY module ORDER BY 2 DESC LIMIT 200",
        session: this.app.store.session?.id,
      })
      .catch(() => null);
    if (!answer) return;
    const chosen = this.module.value;
    const names = answer.rows.map((/** @type {[string]} */ [name]) => name).filter(Boolean);
    if (chosen && !names.includes(chosen)) names.push(chosen);
    this.module.replaceChildren(
      h("option", { value: "", text: "all" }),
      ...names.map((/** @type {string} */ name) =>
        h("option", { value: name, text: clipMiddle(name, 40) }),
      ),
    );
    this.module.value = chosen;
  }

  draw() {
    const { sort } = this.table.sorting;
    if (this.weight.value !== sort && document.activeElement !== this.weight)
      this.weight.value = WEIGHTS.some(([key]) => key === sort) ? sort : "";
    super.draw();
  }
}

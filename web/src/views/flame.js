// SPDX-License-Identifier: MIT
//
// flame: the page of the flame graph: of now, of a moment, of what came within
// a range, or of what a range has changed.

import { api } from "../api.js";
import { h, setAttribute, setText } from "../dom.js";
import { FlameGraph } from "../flame/graph.js";
import { amount, signed } from "../flame/words.js";
import { clipMiddle, clock, count } from "../format.js";

/** @typedef {import("../app.js").App} App */

const EVERY_MS = 2000;
const NAMES_MS = 700; // names are on their way
const LEAST_SHARE = 0.0005;
const WEIGHTS = [
  { id: "live_bytes", label: "Live bytes", title: "Bytes that are allocated and not freed" },
  { id: "live_blocks", label: "Live blocks", title: "Blocks that are allocated and not freed" },
  {
    id: "alloc_bytes",
    label: "Allocated bytes",
    title: "All bytes ever allocated; with a range, those within it",
  },
  {
    id: "alloc_count",
    label: "Allocations",
    title: "All allocations; with a range, those within it",
  },
];

export class FlamePage {
  #timer = 0;
  #asking = false;
  /** What was asked for last; a change of it is asked for at once. */
  #asked = "";
  #weight = "live_bytes";
  #byLine = false;
  #inverted = false;
  #everything = false;
  #snapshot = "";

  /** @param {App} app */
  constructor(app) {
    this.app = app;
    this.graph = new FlameGraph({
      redraw: () => app.redraw(),
      onSearch: () => this.#keepParams(),
    });
    this.search = this.graph.search;
    this.weights = WEIGHTS.map((w) =>
      h("button", {
        type: "button",
        "data-weight": w.id,
        title: w.title,
        text: w.label,
        onclick: () => this.#set(() => (this.#weight = w.id)),
      }),
    );
    /** @param {string} text @param {string} title @param {() => void} onclick */
    const toggle = (text, title, onclick) => h("button", { type: "button", text, title, onclick });
    this.inverted = toggle("Invert", "Begin with what has allocated, and go to its callers", () =>
      this.#set(() => (this.#inverted = !this.#inverted)),
    );
    this.lines = toggle("By line", "Calls from different lines are different nodes", () =>
      this.#set(() => (this.#byLine = !this.#byLine)),
    );
    this.source = h("select", {
      "aria-label": "Of what",
      onchange: () => this.#set(() => (this.#snapshot = this.source.value)),
    });
    this.what = h("span", { class: "note what", role: "status" });
    this.hidden = h("p", { class: "note hidden-nodes" });
    this.error = h("p", { class: "insight warn", role: "alert", hidden: true });
    this.exports = h("span", { class: "exports" });
    this.element = h(
      "section",
      { class: "card page flame" },
      h(
        "header",
        {},
        h("h2", {
          text: "Flame graph",
          title: "Who called what until something was allocated. The wider, the more.",
        }),
        h("span", { class: "segmented", role: "group", "aria-label": "Weight" }, ...this.weights),
        this.source,
        this.inverted,
        this.lines,
        this.what,
      ),
      this.error,
      this.graph.element,
      h("footer", { class: "foot" }, this.hidden, this.exports),
    );
  }

  want() {
    return {};
  }

  /** @param {import("../router.js").Params} params */
  enter(params) {
    if (WEIGHTS.some((w) => w.id === params.weight)) this.#weight = params.weight;
    this.#byLine = params.by === "line";
    this.#inverted = params.inverted === "1";
    this.#snapshot = params.snap ?? "";
    this.graph.find(params.q ?? "");
    this.#drawControls();
    this.#ask();
  }

  leave() {
    clearTimeout(this.#timer);
  }

  timeChanged() {
    this.#ask();
  }

  escape() {
    return this.graph.escape();
  }

  /** @param {() => void} change */
  #set(change) {
    change();
    this.#keepParams();
    this.#drawControls();
    this.#ask();
  }

  #keepParams() {
    if (this.app.pageId !== "flame") return;
    this.app.setParams({
      weight: this.#weight === "live_bytes" ? "" : this.#weight,
      by: this.#byLine && "line",
      inverted: this.#inverted,
      snap: this.#snapshot,
      q: this.search.value,
    });
  }

  /** @returns {{params: import("../api.js").Params, kind: import("../flame/tree.js").Kind, moving: boolean}} */
  #question() {
    const { view, store } = this.app;
    /** @type {import("../api.js").Params} */
    const params = {
      session: store.session?.id,
      weight: this.#weight,
      by: this.#byLine ? "line" : "function",
      order: this.#inverted ? "callees" : "callers",
      min: this.#everything ? 0 : LEAST_SHARE,
    };
    if (this.#snapshot !== "")
      return {
        params: { ...params, at: `snapshot:${this.#snapshot}` },
        kind: "plain",
        moving: false,
      };
    if (view.range) {
      const kind = this.#weight.startsWith("alloc") ? "range" : "diff";
      return { params: { ...params, ...view.range }, kind, moving: false };
    }
    if (view.at !== null)
      return { params: { ...params, at: view.at }, kind: "plain", moving: false };
    return { params, kind: "plain", moving: !store.ended };
  }

  async #ask() {
    clearTimeout(this.#timer);
    if (this.#asking || this.app.pageId !== "flame") return; // it is asked again after the answer
    const question = this.#question();
    const key = JSON.stringify(question);
    const held = key === this.#asked && (document.hidden || this.graph.watched);
    let again = EVERY_MS;
    if (!held) {
      this.#asked = key;
      this.#asking = true;
      const answer = await api.get("flame", question.params).catch((error) => error);
      this.#asking = false;
      this.error.hidden = !(answer instanceof Error);
      if (answer instanceof Error) setText(this.error, answer.message);
      else {
        this.#show(answer, question.kind);
        if (answer.unnamed > 0) again = NAMES_MS;
        else if (!question.moving) again = 0;
      }
      if (JSON.stringify(this.#question()) !== key) again = 1;
    }
    if (again > 0) this.#timer = setTimeout(() => this.#ask(), again);
  }

  /** @param {Record<string, any>} answer @param {import("../flame/tree.js").Kind} kind */
  #show(answer, kind) {
    const { graph } = this;
    graph.show(answer, kind);
    const tree = graph.tree;
    if (!tree) return;
    const total = tree.total[0];
    setText(
      this.what,
      kind === "diff"
        ? `${signed(tree.change(0), graph.unit)}: ${amount(tree.before[0], graph.unit)} → ${amount(total, graph.unit)}; blue less, orange more`
        : `${amount(total, graph.unit)}${graph.unit === "bytes" ? ` in ${count(tree.count[0])} ${graph.counted}` : ` ${graph.counted}`}`,
    );
    setAttribute(this.element, "data-total", String(total));
    setAttribute(this.element, "data-seq", String(answer.seq));
    setAttribute(this.element, "data-kind", kind);
    this.hidden.replaceChildren();
    if (answer.hidden_nodes > 0)
      this.hidden.append(
        `${count(answer.hidden_nodes)} nodes below ${LEAST_SHARE * 100} % are not shown: ${amount(answer.hidden_total, graph.unit)}. `,
        h("button", {
          type: "button",
          class: "link",
          text: "Show them",
          onclick: () => this.#set(() => (this.#everything = true)),
        }),
      );
    this.app.redraw();
  }

  #drawControls() {
    for (const button of this.weights)
      setAttribute(button, "aria-pressed", String(button.dataset.weight === this.#weight));
    setAttribute(this.inverted, "aria-pressed", String(this.#inverted));
    setAttribute(this.lines, "aria-pressed", String(this.#byLine));
    const session = this.app.store.session?.id;
    const snapshot = this.#snapshot || undefined;
    const links = [
      ["pprof", "For go tool pprof", { format: "pprof", snapshot, session }],
      [
        "collapsed",
        "Lines for flamegraph.pl and its like",
        { format: "collapsed", weight: this.#weight, snapshot, session },
      ],
      ["speedscope", "For speedscope.app", { format: "speedscope", snapshot, session }],
    ];
    this.exports.replaceChildren(
      h("span", { class: "note", text: snapshot ? "Export the snapshot" : "Export now" }),
      ...links
        .map(([text, title, params]) => {
          const href = api.href("export", /** @type {any} */ (params));
          return href
            ? h("a", {
                class: "button",
                href,
                download: "",
                title: `${title}: ${snapshot ? "of the snapshot" : "of now"}`,
                text,
              })
            : null;
        })
        .filter((link) => link !== null),
      h("button", {
        type: "button",
        text: "PNG",
        title: "The picture as it is",
        onclick: () => this.graph.save(),
      }),
    );
  }

  #drawSources() {
    const { snapshots } = this.app.store;
    const { view, store } = this.app;
    const time = view.range
      ? "the range A → B"
      : view.end !== null
        ? clock(view.end * 1000)
        : store.ended
          ? "the end"
          : "now";
    const key = `${time} ${snapshots.map((s) => s.id + s.name).join()} ${this.#snapshot}`;
    if (this.source.dataset.drawn === key || document.activeElement === this.source) return;
    this.source.dataset.drawn = key;
    this.source.replaceChildren(
      h("option", { value: "", text: `Time shown: ${time}` }),
      ...snapshots.map((s) =>
        h("option", { value: String(s.id), text: clipMiddle(`S${s.id} ${s.name}`, 30) }),
      ),
    );
    this.source.value = this.#snapshot;
  }

  draw() {
    this.#drawSources();
    this.graph.draw();
  }

  restyle() {
    this.graph.restyle();
  }
}

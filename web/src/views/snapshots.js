// SPDX-License-Identifier: MIT
//
// snapshots: the list of what was kept, to take, name, save, bring back and
// delete; and what has changed from one to another.

import { api } from "../api.js";
import { h, setText } from "../dom.js";
import { bytes, count, exactBytes } from "../format.js";
import { Diff } from "./diff.js";

/** @typedef {import("../app.js").App} App */

const SURE_MS = 4000; // so long a second click deletes
const CAUSES = {
  request: "asked for",
  program: "by the program",
  rss: "RSS limit",
  heap: "heap limit",
  growth: "growth",
  cgroup: "cgroup limit",
  peak: "new peak",
  exit: "at its end",
};
const FORMATS = [
  ["pprof", "pprof"],
  ["collapsed", "collapsed"],
  ["speedscope", "speedscope"],
  ["csv", "CSV"],
];

export class SnapshotsPage {
  #drawn = "";
  /** @type {{a: number, b: number}} ids; 0: none */
  #chosen = { a: 0, b: 0 };

  /** @param {App} app */
  constructor(app) {
    this.app = app;
    this.name = h("input", {
      type: "text",
      maxlength: 60,
      placeholder: "Name (may stay empty)",
      "aria-label": "Name of the snapshot",
    });
    this.file = h("input", {
      type: "file",
      accept: ".json,application/json",
      hidden: true,
      onchange: () => this.#import(this.file.files?.[0]),
    });
    this.body = h("tbody", {});
    this.empty = h("p", {
      class: "empty",
      text: "A snapshot keeps every call site, thread and stack as it is now. Take one before and one after something happens, choose them as A and B, and see what has changed. Snapshots can be saved, and brought back later, or from another machine.",
    });
    this.error = h("p", { class: "insight warn", role: "alert", hidden: true });
    this.diff = new Diff(app, () => this.#keepParams());
    /** @param {string} text @param {string} title @param {() => void} onclick */
    const button = (text, title, onclick) => h("button", { type: "button", text, title, onclick });
    this.swap = button("Swap", "Compare the other way round", () => {
      this.#chosen = { a: this.#chosen.b, b: this.#chosen.a };
      this.#keepParams();
      app.redraw();
    });
    this.withNow = button("Compare A with now", "Takes a snapshot, which becomes B", () =>
      this.#compareWithNow(),
    );
    const heads = [
      "A",
      "B",
      "#",
      "Time",
      "Name",
      "Why",
      "Heap",
      "Blocks",
      "RSS",
      "Sites",
      "Threads",
      "Save as",
    ];
    const left = new Set(["A", "B", "Time", "Name", "Why", "Save as"]);
    this.list = h(
      "section",
      {
        class: "card page snapshots",
        ondragover: (/** @type {DragEvent} */ event) => this.#dragged(event, true),
        ondragleave: (/** @type {DragEvent} */ event) => this.#dragged(event, false),
        ondrop: (/** @type {DragEvent} */ event) => this.#dropped(event),
      },
      h(
        "header",
        {},
        h("h2", {
          text: "Snapshots",
          title: "Immutable pictures of the heap, kept by memscope until it ends",
        }),
        h("span", { class: "note", text: "choose A and B to compare them" }),
        this.swap,
        this.withNow,
        h(
          "form",
          {
            class: "changes",
            onsubmit: (/** @type {Event} */ e) => this.#take(e),
            hidden: api.saved,
          },
          this.name,
          h("button", { type: "submit", class: "primary", text: "Take snapshot" }),
          h("button", {
            type: "button",
            text: "Import…",
            title: "A snapshot that was saved as JSON. A file can also be dropped here.",
            onclick: () => this.file.click(),
          }),
          this.file,
        ),
      ),
      this.error,
      h(
        "div",
        { class: "scroll-x" },
        h(
          "table",
          { "aria-label": "Snapshots" },
          h(
            "thead",
            {},
            h(
              "tr",
              {},
              ...heads.map((t) =>
                h("th", { scope: "col", class: left.has(t) ? "" : "num", text: t }),
              ),
            ),
          ),
          this.body,
        ),
      ),
      this.empty,
    );
    this.element = h("div", { class: "snapshots-page" }, this.list, this.diff.element);
  }

  want() {
    return {};
  }

  /** @param {Event} event */
  #take(event) {
    event.preventDefault();
    this.app.takeSnapshot(this.name.value);
    this.name.value = "";
  }

  async #compareWithNow() {
    const session = this.app.store.session?.id;
    try {
      const head = await api.post("snapshots", { name: "to compare", session });
      this.app.store.addSnapshot(head);
      this.#choose("b", head.id);
    } catch (error) {
      this.#say(`No snapshot: ${/** @type {Error} */ (error).message}`);
    }
    this.app.redraw();
  }

  /** @param {string} text "": no error any more */
  #say(text) {
    this.error.hidden = text === "";
    setText(this.error, text);
  }

  /** @param {DragEvent} event @param {boolean} over */
  #dragged(event, over) {
    if (!event.dataTransfer?.types.includes("Files") || api.saved) return;
    event.preventDefault();
    this.list.classList.toggle("dropping", over);
  }

  /** @param {DragEvent} event */
  #dropped(event) {
    if (!event.dataTransfer?.files.length || api.saved) return;
    event.preventDefault();
    this.list.classList.remove("dropping");
    this.#import(event.dataTransfer.files[0]);
  }

  /** @param {File | undefined} file */
  async #import(file) {
    if (!file) return;
    this.#say("");
    this.app.say(`Importing ${file.name}…`);
    try {
      const head = await api.upload("snapshots/import", file);
      this.app.store.addSnapshot(head);
      this.app.say(`Imported “${head.name}” as S${head.id}.`);
    } catch (error) {
      this.app.say("");
      this.#say(`${file.name} could not be imported: ${/** @type {Error} */ (error).message}`);
    }
    this.file.value = "";
    this.app.redraw();
  }

  /** The first click asks, the second one deletes. */
  /** @param {Record<string, any>} snapshot @param {HTMLButtonElement} button */
  async #delete(snapshot, button) {
    if (button.dataset.sure !== "1") {
      button.dataset.sure = "1";
      setText(button, "Really?");
      setTimeout(() => {
        delete button.dataset.sure;
        setText(button, "Delete");
      }, SURE_MS);
      return;
    }
    const failed = await api.remove(`snapshots/${snapshot.id}`).then(
      () => null,
      (error) => (error.status === 404 ? null : error),
    );
    this.#say(failed ? `The snapshot could not be deleted: ${failed.message}` : "");
    if (!failed)
      this.app.store.snapshots = this.app.store.snapshots.filter((s) => s.id !== snapshot.id);
    this.app.redraw();
  }

  /** @param {"a" | "b"} which @param {number} id */
  #choose(which, id) {
    this.#chosen[which] = id;
    this.#keepParams();
    this.#compare();
  }

  #keepParams() {
    if (this.app.pageId !== "snapshots") return;
    const { a, b } = this.#chosen;
    this.app.setParams({
      a: a || "",
      b: b || "",
      tab: this.diff.tab === "sites" ? "" : this.diff.tab,
    });
  }

  /** Shows what is chosen: two snapshots, or the range that the time below has. */
  #compare() {
    const { store, view } = this.app;
    const [a, b] = [this.#chosen.a, this.#chosen.b].map((id) =>
      store.snapshots.find((s) => s.id === id),
    );
    if (view.range) this.diff.show({ range: view.range });
    else this.diff.show(a && b ? { snapshots: [a, b] } : null);
  }

  timeChanged() {
    this.#compare();
  }

  escape() {
    return this.diff.escape();
  }

  draw() {
    const { snapshots } = this.app.store;
    const { a, b } = this.#chosen;
    const key = JSON.stringify([snapshots, a, b]);
    this.empty.hidden = snapshots.length > 0;
    this.diff.draw();
    this.swap.disabled = a === 0 || b === 0;
    this.withNow.disabled = a === 0;
    this.withNow.hidden = api.saved;
    if (key === this.#drawn) return;
    this.#drawn = key;
    const focused = document.activeElement?.id;
    this.body.replaceChildren(...snapshots.map((s) => this.#row(s)));
    if (focused) document.getElementById(focused)?.focus();
    this.#compare();
  }

  /** @param {Record<string, any>} s */
  #row(s) {
    /** @param {"a" | "b"} which */
    const radio = (which) =>
      h(
        "td",
        { class: "pick" },
        h("input", {
          type: "radio",
          id: `pick-${which}-${s.id}`,
          name: `compare-${which}`,
          checked: this.#chosen[which] === s.id,
          "aria-label": `${s.name} as ${which.toUpperCase()}`,
          onchange: () => this.#choose(which, s.id),
        }),
      );
    /** @param {string} path @param {string} text @param {import("../api.js").Params} [params] */
    const link = (path, text, params) => {
      const href = api.href(path, params);
      return href ? h("a", { href, download: "", class: "button", text }) : null;
    };
    const remove = h("button", {
      type: "button",
      class: "changes",
      "aria-label": `Delete ${s.name}`,
      onclick: () => this.#delete(s, remove),
      text: "Delete",
    });
    const why = /** @type {Record<string, string>} */ (CAUSES)[s.cause] ?? s.cause ?? "";
    return h(
      "tr",
      { "data-id": s.id },
      radio("a"),
      radio("b"),
      h("td", { class: "num", text: `S${s.id}` }),
      h("td", {
        text: new Date(s.time_ms).toLocaleTimeString(),
        title: new Date(s.time_ms).toString(),
      }),
      h("td", { class: "name", text: s.name }),
      h("td", { class: "dim", text: s.imported ? `${why}, imported` : why }),
      h("td", { class: "num", text: bytes(s.live_bytes), title: exactBytes(s.live_bytes) }),
      h("td", { class: "num", text: count(s.live_blocks) }),
      h("td", { class: "num", text: bytes(s.rss_bytes), title: exactBytes(s.rss_bytes) }),
      h("td", { class: "num", text: count(s.sites) }),
      h("td", { class: "num", text: count(s.threads) }),
      h(
        "td",
        { class: "actions" },
        link(`snapshots/${s.id}`, "JSON"),
        ...FORMATS.map(([format, text]) => link("export", text, { format, snapshot: s.id })),
        api.saved ? null : remove,
      ),
    );
  }

  /** @param {import("../router.js").Params} params */
  async enter(params) {
    if (params.a || params.b) this.#chosen = { a: Number(params.a) || 0, b: Number(params.b) || 0 };
    if (params.tab) this.diff.choose(params.tab);
    // Others may have taken or deleted some.
    const answer = await api.get("snapshots").catch(() => null);
    if (answer) this.app.store.snapshots = answer.snapshots;
    const { snapshots } = this.app.store;
    if (params.diff === "1" && snapshots.length > 1)
      this.#chosen = {
        a: snapshots[snapshots.length - 2].id,
        b: snapshots[snapshots.length - 1].id,
      };
    this.#drawn = "";
    this.#keepParams();
    this.app.redraw();
  }

  restyle() {
    this.diff.restyle();
  }
}

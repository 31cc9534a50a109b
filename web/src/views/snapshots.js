// SPDX-License-Identifier: MIT
//
// snapshots: the list of what was kept, to take, name, save, bring back and
// delete; and what has changed from one to another.

import { api } from "../api.js";
import { h, setText } from "../dom.js";
import { bytes, clipMiddle, clock, count, exactBytes } from "../format.js";
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
  /** @type {{a: string, b: string}} as `diff` has them; "": none */
  #chosen = { a: "", b: "" };

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
    this.withNow = button("Compare A with now", "What has changed since A, up to this moment", () =>
      this.#choose("b", "now"),
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

  /** @param {"a" | "b"} which @param {string} ref */
  #choose(which, ref) {
    this.#chosen[which] = ref;
    this.#keepParams();
    this.#compare(true);
    this.app.redraw();
  }

  #keepParams() {
    if (this.app.pageId !== "snapshots") return;
    const { tab } = this.diff;
    this.app.setParams({ ...this.#chosen, tab: tab === "sites" ? "" : tab });
  }

  /** @param {string} ref @returns {import("./diff.js").Side | null} */
  #side(ref) {
    if (ref === "now") return { ref, name: "now" };
    if (ref.startsWith("at:")) return { ref, name: clock(Number(ref.slice(3)) / 1e6) };
    const snapshot = this.app.store.snapshots.find((s) => String(s.id) === ref);
    return snapshot ? { ref, snapshot, name: `S${ref} ${clipMiddle(snapshot.name, 24)}` } : null;
  }

  /** Shows what is chosen, or the range that the time below has. @param {boolean} [again] */
  #compare(again) {
    const { range } = this.app.view;
    const { a, b } = range ? { a: `at:${range.from}`, b: `at:${range.to}` } : this.#chosen;
    const [before, after] = [this.#side(a), this.#side(b)];
    this.diff.show(before && after ? [before, after] : null, again);
  }

  timeChanged() {
    this.#drawn = "";
    this.#compare();
  }

  escape() {
    return this.diff.escape();
  }

  draw() {
    const { snapshots } = this.app.store;
    const { a, b } = this.#chosen;
    const { view } = this.app;
    const moment = view.chosen && view.at !== null ? `at:${view.at}` : "";
    const key = JSON.stringify([snapshots, a, b, moment]);
    this.empty.hidden = snapshots.length > 0;
    this.diff.draw();
    this.swap.disabled = a === "" || b === "";
    this.withNow.disabled = a === "";
    this.withNow.hidden = api.saved;
    if (key === this.#drawn) return;
    this.#drawn = key;
    const focused = document.activeElement?.id;
    // Those that are no snapshots: now, the moment shown, another that was chosen.
    const others = new Set(["now", moment, a, b].filter((ref) => /^(now|at:)/.test(ref)));
    this.body.replaceChildren(
      ...snapshots.map((s) => this.#row(s)),
      ...(api.saved ? [] : [...others].map((ref) => this.#otherRow(ref))),
    );
    if (focused) document.getElementById(focused)?.focus();
    this.#compare();
  }

  /** @param {"a" | "b"} which @param {string} ref @param {string} name */
  #radio(which, ref, name) {
    return h(
      "td",
      { class: "pick" },
      h("input", {
        type: "radio",
        id: `pick-${which}-${ref}`,
        name: `compare-${which}`,
        checked: this.#chosen[which] === ref,
        "aria-label": `${name} as ${which.toUpperCase()}`,
        onchange: () => this.#choose(which, ref),
      }),
    );
  }

  /** @param {string} ref */
  #otherRow(ref) {
    const name = this.#side(ref)?.name ?? "";
    return h(
      "tr",
      { "data-ref": ref },
      this.#radio("a", ref, name),
      this.#radio("b", ref, name),
      h("td", { class: "num" }),
      h("td", { text: ref === "now" ? "" : name }),
      h("td", {
        class: "dim",
        colspan: 8,
        text:
          ref === "now"
            ? "Now: the program as it is when it is chosen"
            : "A moment of the past, chosen in the time below",
      }),
    );
  }

  /** @param {Record<string, any>} s */
  #row(s) {
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
      this.#radio("a", String(s.id), s.name),
      this.#radio("b", String(s.id), s.name),
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
    if (params.a || params.b) this.#chosen = { a: params.a ?? "", b: params.b ?? "" };
    if (params.tab) this.diff.choose(params.tab);
    // Others may have taken or deleted some.
    const answer = await api.get("snapshots").catch(() => null);
    if (answer) this.app.store.snapshots = answer.snapshots;
    const { snapshots } = this.app.store;
    if (params.diff === "1" && snapshots.length > 1)
      this.#chosen = {
        a: String(snapshots[snapshots.length - 2].id),
        b: String(snapshots[snapshots.length - 1].id),
      };
    this.#drawn = "";
    this.#keepParams();
    this.app.redraw();
  }

  restyle() {
    this.diff.restyle();
  }
}

// SPDX-License-Identifier: MIT
//
// snapshots: the list of what was kept, to take, give a name, download and
// delete.

import { api } from "../api.js";
import { h, setText } from "../dom.js";
import { bytes, count, exactBytes } from "../format.js";

/** @typedef {import("../app.js").App} App */

export class SnapshotsPage {
  #drawn = "";

  /** @param {App} app */
  constructor(app) {
    this.app = app;
    this.name = h("input", {
      type: "text",
      maxlength: 60,
      placeholder: "Name (may stay empty)",
      "aria-label": "Name of the snapshot",
    });
    this.body = h("tbody", {});
    this.empty = h("p", {
      class: "empty",
      text: "A snapshot keeps every call site and thread as it is now: take one before and after something happens, and download it as JSON.",
    });
    this.error = h("p", { class: "insight warn", role: "alert", hidden: true });
    const heads = ["#", "Time", "Name", "Heap", "Blocks", "RSS", "Call sites", "Threads", ""];
    this.element = h(
      "section",
      { class: "card page snapshots" },
      h(
        "header",
        {},
        h("h2", {
          text: "Snapshots",
          title: "Immutable pictures of the heap, kept by memscope until it ends",
        }),
        h(
          "form",
          { onsubmit: (/** @type {Event} */ e) => this.#take(e) },
          this.name,
          h("button", { type: "submit", class: "primary", text: "Take snapshot" }),
        ),
      ),
      this.error,
      h(
        "div",
        { class: "scroll-x" },
        h(
          "table",
          {},
          h(
            "thead",
            {},
            h(
              "tr",
              {},
              ...heads.map((t) =>
                h("th", {
                  scope: "col",
                  class: t === "Name" || t === "Time" ? "" : "num",
                  text: t,
                }),
              ),
            ),
          ),
          this.body,
        ),
      ),
      this.empty,
    );
  }

  want() {
    return { hist: false };
  }

  /** @param {Event} event */
  #take(event) {
    event.preventDefault();
    this.app.takeSnapshot(this.name.value);
    this.name.value = "";
  }

  /** @param {Record<string, any>} snapshot */
  async #delete(snapshot) {
    const error = await api.remove(`snapshots/${snapshot.id}`).catch((e) => e);
    this.error.hidden = !error || error.status === 404;
    if (!this.error.hidden) setText(this.error, "The snapshot could not be deleted.");
    else this.app.store.snapshots = this.app.store.snapshots.filter((s) => s.id !== snapshot.id);
    this.app.redraw();
  }

  draw() {
    const { snapshots } = this.app.store;
    const key = JSON.stringify(snapshots);
    this.empty.hidden = snapshots.length > 0;
    if (key === this.#drawn) return;
    this.#drawn = key;
    this.body.replaceChildren(
      ...snapshots.map((s) =>
        h(
          "tr",
          { "data-id": s.id },
          h("td", { class: "num", text: String(s.id) }),
          h("td", { text: new Date(s.time_ms).toLocaleTimeString() }),
          h("td", { class: "name", text: s.name }),
          h("td", { class: "num", text: bytes(s.live_bytes), title: exactBytes(s.live_bytes) }),
          h("td", { class: "num", text: count(s.live_blocks) }),
          h("td", { class: "num", text: bytes(s.rss_bytes) }),
          h("td", { class: "num", text: count(s.sites) }),
          h("td", { class: "num", text: count(s.threads) }),
          h(
            "td",
            { class: "num actions" },
            h("a", {
              href: api.href(`snapshots/${s.id}`),
              download: "",
              class: "button",
              text: "Download",
            }),
            " ",
            h("button", {
              type: "button",
              onclick: () => this.#delete(s),
              "aria-label": `Delete ${s.name}`,
              text: "Delete",
            }),
          ),
        ),
      ),
    );
  }

  /** Others may have taken or deleted some. */
  async enter() {
    const answer = await api.get("snapshots").catch(() => null);
    if (!answer) return;
    this.app.store.snapshots = answer.snapshots;
    this.app.redraw();
  }

  restyle() {}
}

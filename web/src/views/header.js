// SPDX-License-Identifier: MIT
//
// header: what is watched, how the connection is, and the controls that every
// page has.

import { h, setAttribute, setText } from "../dom.js";
import { clipMiddle, clock, count } from "../format.js";
import { programName } from "../program.js";
import { WINDOWS } from "../view.js";

/** @typedef {import("../app.js").App} App */

/** When a saved snapshot was taken. @param {Record<string, any> | null} stats */
function when(stats) {
  return stats ? new Date(stats.time_ns / 1e6).toLocaleString() : "";
}

/** @param {Record<string, any>} session */
function optionText(session) {
  const { state } = session;
  const mark = state === "saved" ? ` (saved at ${clock(session.uptime_ms)})` : "";
  return `${clipMiddle(programName(session), 20)} · ${session.pid}${state === "ended" ? " (ended)" : mark}`;
}

export class Header {
  #windows;
  /** @type {Record<string, any>[]} */
  #sessionsDrawn = [];
  /** @type {Record<string, any> | null | undefined} whose name is shown; undefined: nobody's yet */
  #named;

  /** @param {App} app */
  constructor(app) {
    this.app = app;
    this.program = h("span", { class: "program" });
    this.meta = h("span", { class: "meta" });
    this.sessions = h("select", {
      "aria-label": "Process",
      hidden: true,
      onchange: () => app.chooseSession(Number(this.sessions.value)),
    });
    this.state = h("span", {});
    this.more = h("span", { class: "samples" }); // where there is room
    this.pill = h("span", { class: "pill" }, this.state, this.more);
    // Heard when the state changes, not at every number in the pill.
    this.said = h("span", { class: "visually-hidden", role: "status" });
    this.#windows = WINDOWS.map((w) =>
      h("button", {
        type: "button",
        "data-seconds": w.seconds,
        onclick: () => app.setWindow(w.seconds),
        text: w.label,
      }),
    );
    this.pauseText = h("span", {});
    this.pause = h(
      "button",
      { type: "button", id: "pause", onclick: () => app.togglePause() },
      this.pauseText,
      " ",
      h("kbd", { text: "Space" }),
    );
    this.snapshot = h(
      "button",
      {
        type: "button",
        class: "primary changes",
        id: "take-snapshot",
        title: "Keep the heap as it is now (S)",
        onclick: () => app.takeSnapshot(""),
      },
      h("span", { class: "take", text: "Take " }),
      h("span", { class: "what", text: "snapshot" }),
      " ",
      h("kbd", { text: "S" }),
    );
    this.readOnly = h("span", {
      class: "read-only",
      text: "Read-only",
      title: "Nothing can be changed from here: memscope runs with --read-only",
    });
    this.theme = h("button", { type: "button", id: "theme", onclick: () => app.nextTheme() });
    this.help = h("button", {
      type: "button",
      title: "Keys (?)",
      "aria-label": "Keys",
      onclick: () => app.help.showModal(),
      text: "?",
    });
    this.element = h(
      "header",
      { class: "top" },
      h("strong", { class: "brand", text: "memscope" }),
      this.program,
      this.meta,
      this.sessions,
      h("span", { class: "gap" }),
      this.pill,
      this.said,
      h(
        "span",
        { class: "controls" },
        h(
          "span",
          { class: "segmented", role: "group", "aria-label": "Time shown" },
          ...this.#windows,
        ),
        this.pause,
        this.readOnly,
        this.snapshot,
      ),
      this.theme,
      this.help,
    );
  }

  /** @returns {[string, string, string?]} state, text, and what of it comes where there is room */
  #state() {
    const { app } = this;
    const { store } = app;
    if (store.saved) return ["saved", `Saved · ${when(store.stats)}`];
    if (app.link === "lost" && store.ended) return ["ended", this.#endedText()];
    if (app.link === "lost") return ["lost", "Reconnecting…"];
    if (app.link === "connecting" && !store.hello) return ["lost", "Connecting…"];
    if (app.staleSeconds > 0) return ["stale", `Stale ${app.staleSeconds} s`];
    if (app.view.begin !== null)
      return ["paused", `Range · ${count(store.newSamples)} new`, " samples"];
    if (app.view.chosen) return ["paused", `Past · ${count(store.newSamples)} new`, " samples"];
    if (app.view.paused) return ["paused", `Paused · ${count(store.newSamples)} new`, " samples"];
    if (store.ended) return ["ended", this.#endedText()];
    return ["live", `Live · ${this.#hz()} Hz`];
  }

  /** Pictures a second: ticks that cost much come less often. */
  #hz() {
    const { hz, store } = this.app;
    const period = store.monitor?.tick_period_ns;
    return period ? Math.round(Math.min(hz, 1e9 / period) * 10) / 10 : hz;
  }

  #endedText() {
    const s = this.app.store.session;
    if (s?.signal) return `Ended · signal ${s.signal}`;
    if (s?.exit_code !== null && s?.exit_code !== undefined) return `Ended · exit ${s.exit_code}`;
    return "Ended";
  }

  draw() {
    const { app } = this;
    const { store } = app;
    const session = store.session;
    const [state, text, more = ""] = this.#state();
    setText(this.state, text);
    setText(this.more, more);
    setAttribute(this.pill, "data-state", state);
    setText(
      this.said,
      state === "lost" ? "Connection lost" : `${state[0].toUpperCase()}${state.slice(1)}`,
    );
    setAttribute(document.body, "data-state", state);
    if (session !== this.#named) {
      this.#named = session;
      setText(this.program, session ? clipMiddle(programName(session), 28) : "no program yet");
      if (session) setAttribute(this.program, "title", session.command);
    }
    if (session) {
      const up = store.uptimeMs || session.uptime_ms;
      if (!app.view.paused) setText(this.meta, `pid ${session.pid} · up ${clock(up)}`);
    }
    this.#drawSessions();
    for (const button of this.#windows) {
      setAttribute(
        button,
        "aria-pressed",
        String(Number(button.dataset.seconds) === app.view.window && app.view.begin === null),
      );
    }
    setText(this.pauseText, app.view.paused ? "▶ Resume" : "❚❚ Pause");
    setAttribute(this.pause, "aria-pressed", String(app.view.paused));
    setText(this.theme, { auto: "◐", light: "☀", dark: "☾" }[app.theme.name]);
    setAttribute(this.theme, "aria-label", `Theme: ${app.theme.name}`);
    setAttribute(this.theme, "title", `Theme: ${app.theme.words} (T)`);
    setAttribute(this.pause, "title", "Freeze the view; data keep coming (Space)");
    this.snapshot.disabled = app.link !== "open" || !store.stats || store.saved;
  }

  #drawSessions() {
    const { sessions, session } = this.app.store;
    if (sessions !== this.#sessionsDrawn) {
      this.#sessionsDrawn = sessions;
      this.sessions.hidden = sessions.length < 2;
      this.sessions.replaceChildren(
        ...sessions.map((s) =>
          h("option", {
            value: s.id,
            text: optionText(s),
          }),
        ),
      );
    }
    // A list of one is not shown.
    if (session && !this.sessions.hidden && document.activeElement !== this.sessions)
      this.sessions.value = String(session.id);
  }
}

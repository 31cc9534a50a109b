// SPDX-License-Identifier: MIT
//
// resident: where the memory is: a bar of the resident parts, which add up;
// what the heap occupies beyond what was asked for; mappings; and the map.

import { api } from "../api.js";
import { h, setAttribute, setText } from "../dom.js";
import { explained } from "../explain.js";
import {
  bytes,
  clipMiddle,
  clock,
  count,
  duration,
  exactBytes,
  percent,
  UNKNOWN,
} from "../format.js";
import { LocalTable } from "../local_table.js";
import { Poll } from "../poll.js";
import { heapParts, residentParts } from "../residence.js";
import { HeapMap } from "./heap_map.js";
import { card, Trouble } from "./parts.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../local_table.js").LocalColumn} LocalColumn */
/** @typedef {Record<string, any>} Row */

const EVERY_MS = 2000;
const KINDS = /** @type {Record<string, string>} */ ({
  main: "main heap",
  arena: "arena",
  mapped: "block with a mapping of its own",
});

/** @param {string} key @param {string} label @param {boolean} [keep] @returns {LocalColumn} */
const size = (key, label, keep) => ({
  key,
  label,
  explain: `arena.${key}`,
  sortable: true,
  keep,
  class: "num",
  width: "104px",
  text: (r) => bytes(r[key]),
  title: (r) => exactBytes(r[key]),
});

/** @param {Row} r */
function share(r) {
  return r.resident_bytes > 0 ? Math.min(100, (r.requested_bytes / r.resident_bytes) * 100) : null;
}

/** @type {LocalColumn[]} */
const arenaColumns = [
  {
    key: "kind",
    label: "Area",
    explain: "arena.kind",
    sortable: true,
    keep: true,
    class: "name",
    width: "minmax(180px, 1.4fr)",
    text: (r) => `${KINDS[r.kind] ?? r.kind}${r.address ? ` ${r.address}` : ""}`,
    title: (r) => `${KINDS[r.kind] ?? r.kind} ${r.address ?? ""}, ${count(r.areas)} mappings`,
  },
  {
    key: "blocks",
    label: "Blocks",
    explain: "arena.blocks",
    sortable: true,
    class: "num",
    text: (r) => count(r.blocks),
  },
  size("requested_bytes", "Requested", true),
  size("usable_bytes", "Usable"),
  size("resident_bytes", "Resident", true),
  size("empty_bytes", "Empty"),
  size("mapped_bytes", "Mapped"),
  {
    key: "share",
    label: "Used",
    explain: "arena.share",
    sortable: true,
    class: "num",
    value: share,
    text: (r) => (share(r) === null ? UNKNOWN : `${percent(share(r))} %`),
  },
];

/** @type {LocalColumn[]} */
const mappingColumns = [
  {
    key: "address",
    label: "Address",
    explain: "mapping.address",
    sortable: true,
    keep: true,
    class: "mono",
    width: "148px",
    value: (r) => Number(r.address),
    text: (r) => r.address,
  },
  {
    key: "size",
    label: "Size",
    explain: "mapping.size",
    sortable: true,
    keep: true,
    class: "num",
    text: (r) => bytes(r.size),
    title: (r) => exactBytes(r.size),
  },
  {
    key: "resident_bytes",
    label: "Resident",
    width: "104px",
    explain: "mapping.resident_bytes",
    sortable: true,
    keep: true,
    class: "num",
    text: (r) => bytes(r.resident_bytes),
    title: (r) => exactBytes(r.resident_bytes),
  },
  {
    key: "kind",
    label: "Kind",
    help: "Anonymous memory, a file, or the break",
    sortable: true,
    width: "100px",
    text: (r) => r.kind,
  },
  {
    key: "protection",
    label: "Access",
    explain: "mapping.protection",
    sortable: true,
    class: "mono",
    text: (r) => r.protection,
  },
  {
    key: "birth_ns",
    label: "Mapped at",
    help: "Time since the program began. Measured: every call is captured.",
    sortable: true,
    class: "num",
    text: (r) => duration(r.birth_ns),
  },
  {
    key: "site",
    label: "Call site",
    explain: "block.site",
    class: "name mono wide",
    width: "minmax(180px, 1.4fr)",
    text: (r) => clipMiddle(r.function, 50),
    title: (r) => r.function,
  },
];

export class ResidentPage {
  /** @type {Map<number, string>} names of sites that mapped something */
  #names = new Map();

  /** @param {App} app */
  constructor(app) {
    this.app = app;
    this.trouble = new Trouble();
    this.bar = h("div", {
      class: "stacked-bar",
      role: "img",
      "aria-label": "Parts of the resident memory",
    });
    this.legend = h("dl", { class: "parts" });
    this.total = h("span", { class: "note", role: "status" });
    this.none = h("p", {
      class: "empty",
      hidden: true,
      text: "The process has ended: nothing of it is resident. While it runs, its resident memory stands here in parts that add up.",
    });
    this.heap = h("div", { class: "heap-parts" });
    this.arenas = new LocalTable({
      label: "Areas of the heap",
      columns: arenaColumns,
      sorting: { sort: "resident_bytes", order: "desc" },
      fit: true,
    });
    this.sum = h("span", { class: "note" });
    this.mappings = new LocalTable({
      label: "Mappings",
      columns: mappingColumns,
      sorting: { sort: "resident_bytes", order: "desc" },
      fit: true,
      onOpen: (row) => app.drawer.open("site", row.site),
    });
    this.mapped = h("span", { class: "note" });
    this.noMappings = h("p", {
      class: "empty",
      text: "The program itself maps nothing by mmap, mremap or brk. What libc maps for it, such as the arenas of malloc and stacks, is above.",
    });
    this.map = new HeapMap(app);
    // Until there is something to show.
    this.arenas.element.hidden = this.mappings.element.hidden = this.noMappings.hidden = true;
    this.element = h(
      "div",
      { class: "stack resident" },
      this.trouble.element,
      card(
        "Where is my RSS?",
        { about: "Every resident page of the process counts once, so that the parts add up" },
        [this.total],
        this.bar,
        this.legend,
        this.none,
      ),
      card(
        "Fragmentation",
        { about: "What the heap occupies beyond what was asked for, by area of the allocator" },
        [this.sum],
        this.heap,
        this.arenas.element,
      ),
      this.map.element,
      card(
        "Mappings",
        { about: "Regions that the program itself has mapped" },
        [this.mapped],
        this.mappings.element,
        this.noMappings,
      ),
    );
    this.poll = new Poll(
      EVERY_MS,
      () => this.#ask(),
      (answer, error) => this.#take(answer, error),
    );
  }

  want() {
    return {};
  }

  enter() {
    this.poll.start();
    this.map.ask();
  }

  leave() {
    this.poll.stop();
  }

  escape() {
    return this.map.out();
  }

  async #ask() {
    const session = this.app.store.session?.id;
    const [mappings, fragmentation] = await Promise.all([
      api.get("mappings", { session }),
      api.get("fragmentation", { session }).catch(() => null),
    ]);
    if (mappings.rows.some((/** @type {Row} */ row) => !this.#names.has(row.site))) {
      const named = await api
        .post("query", { sql: "SELECT id, function FROM sites WHERE mapped_bytes > 0", session })
        .catch(() => null);
      for (const [id, name] of named?.rows ?? []) this.#names.set(id, name);
    }
    return { mappings, fragmentation };
  }

  /** @param {{mappings: Row, fragmentation: Row | null} | null} answer @param {Error | null} error */
  #take(answer, error) {
    this.trouble.show(error, "Where the memory is");
    if (!answer || this.app.view.paused) return;
    this.#drawResident(answer.mappings);
    this.#drawFragmentation(answer.fragmentation);
    const rows = answer.mappings.rows;
    this.mappings.set(
      rows.map((/** @type {Row} */ row, /** @type {number} */ id) => ({
        ...row,
        id,
        function: this.#names.get(row.site) ?? `site ${row.site}`,
      })),
    );
    this.mappings.element.hidden = rows.length === 0;
    this.noMappings.hidden = rows.length > 0;
    const whole = rows.reduce((/** @type {number} */ sum, /** @type {Row} */ r) => sum + r.size, 0);
    setText(this.mapped, rows.length ? `${count(rows.length)} regions · ${bytes(whole)}` : "");
  }

  /** @param {Row} mappings */
  #drawResident(mappings) {
    const known = residentParts(mappings.resident);
    this.none.hidden = known !== null;
    this.bar.hidden = this.legend.hidden = known === null;
    setText(
      this.total,
      known ? `${bytes(known.total)} in all, as of ${clock(this.app.store.uptimeMs)}` : "",
    );
    setAttribute(this.total, "title", known ? exactBytes(known.total) : "");
    if (!known) return;
    if (this.bar.children.length === 0) {
      this.bar.replaceChildren(...known.parts.map((p) => h("span", { class: `part ${p.key}` })));
      this.legend.replaceChildren(
        ...known.parts.flatMap((p) => [
          h(
            "dt",
            {},
            h("span", { class: `swatch ${p.key}`, "aria-hidden": "true" }),
            h("span", { tabindex: 0, text: p.label, ...explained(`rss.${p.key}`) }),
          ),
          h("dd", { class: "num", "data-part": p.key }),
        ]),
      );
    }
    known.parts.forEach((part, i) => {
      const segment = /** @type {HTMLElement} */ (this.bar.children[i]);
      segment.style.width = `${part.share * 100}%`;
      setAttribute(segment, "title", `${part.label}: ${bytes(part.bytes)}`);
      const value = /** @type {HTMLElement} */ (this.legend.children[2 * i + 1]);
      setText(value, `${bytes(part.bytes)} · ${percent(part.share * 100)} %`);
      setAttribute(value, "data-bytes", String(part.bytes));
      setAttribute(value, "title", exactBytes(part.bytes));
    });
    setAttribute(
      this.bar,
      "aria-label",
      `Resident ${bytes(known.total)}: ${known.parts.map((p) => `${p.label} ${bytes(p.bytes)}`).join(", ")}`,
    );
  }

  /** @param {Row | null} fragmentation */
  #drawFragmentation(fragmentation) {
    const parts = fragmentation?.all ? heapParts(fragmentation.rows) : null;
    this.arenas.element.hidden = parts === null;
    if (!parts || !fragmentation) {
      setText(this.sum, "");
      setText(this.heap, "");
      this.heap.replaceChildren(
        h("p", {
          class: "empty",
          text:
            fragmentation?.state === "failed" || this.app.store.ended
              ? "The heap of this process cannot be looked at: it has ended, or may not be read. Here stands what it occupies beyond what was asked for."
              : "Looking at the heap…",
        }),
      );
      return;
    }
    const rows = fragmentation.rows.map((/** @type {Row} */ row, /** @type {number} */ id) => ({
      ...row,
      id,
    }));
    this.arenas.set(rows);
    setText(this.sum, `${bytes(parts.resident)} resident in ${count(rows.length)} areas`);
    this.heap.replaceChildren(
      h(
        "p",
        {},
        ...parts.parts.flatMap((part, i) => [
          i > 0 ? " + " : "",
          h("b", { text: bytes(part.bytes), title: exactBytes(part.bytes) }),
          ` ${part.label}`,
        ]),
        " = ",
        h("b", { text: bytes(parts.resident), title: exactBytes(parts.resident) }),
        " resident.",
      ),
    );
  }

  draw() {}

  restyle() {
    this.map.restyle();
  }
}

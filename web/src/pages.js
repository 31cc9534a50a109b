// SPDX-License-Identifier: MIT
//
// pages: the list of them, in the order of the navigation. A page is made when
// it is first looked at.

import { AllocationsPage } from "./views/allocations.js";
import { FlamePage } from "./views/flame.js";
import { LeaksPage } from "./views/leaks.js";
import { Overview } from "./views/overview.js";
import { QueryPage } from "./views/query.js";
import { ResidentPage } from "./views/resident.js";
import { SettingsPage } from "./views/settings_page.js";
import { SitesPage } from "./views/sites.js";
import { SnapshotsPage } from "./views/snapshots.js";
import { TasksPage } from "./views/tasks.js";
import { ThreadsPage } from "./views/threads.js";
import { TimelinePage } from "./views/timeline.js";

/** @typedef {import("./app.js").App} App */
/** @typedef {import("./router.js").Params} Params */

/**
 * @typedef {object} Page what the app asks of a page
 * @property {HTMLElement} element
 * @property {(sub: number) => Partial<import("./protocol.js").Wanted>} want what it wants of the live
 *   connection: `th`, `site`, `hist` of a `sub` message; `sub` is its number
 * @property {(params: Params) => void} [enter] it is looked at from now on, or the address
 *   has other parameters
 * @property {() => void} [leave] it is not looked at any more
 * @property {() => void} draw once a frame, when something is new. What has not changed must
 *   cost nothing
 * @property {() => void} [restyle] the theme's colours have changed
 * @property {() => void} [timeChanged] the time shown is another: `app.view`
 * @property {() => boolean} [escape] Esc was pressed; true: it meant something here
 * @property {HTMLInputElement} [search] what `/` leads to
 */
/**
 * @typedef {object} Plan
 * @property {string} id in the address
 * @property {string} label
 * @property {string} group pages of one group stand together; "" has no heading
 * @property {string} [key] that leads there
 * @property {boolean} [live] a report has nothing of it
 * @property {(app: App) => Page} make
 * @property {(app: App) => number | null | undefined} [badge] how many
 *   there are
 */

/** @type {Plan[]} */
export const PAGES = [
  { id: "overview", label: "Overview", group: "", key: "1", make: (app) => new Overview(app) },
  {
    id: "threads",
    label: "Threads",
    group: "Who",
    key: "2",
    badge: ({ store }) => store.stats?.threads,
    make: (app) => new ThreadsPage(app),
  },
  {
    id: "sites",
    label: "Call sites",
    group: "Who",
    key: "3",
    badge: ({ store }) => store.stats?.sites,
    make: (app) => new SitesPage(app),
  },
  {
    id: "flame",
    label: "Flame graph",
    group: "Who",
    key: "4",
    make: (app) => new FlamePage(app),
  },
  {
    id: "leaks",
    label: "Leaks",
    group: "Change",
    key: "5",
    badge: ({ findings }) => findings.of("leak_suspects").length || null,
    make: (app) => new LeaksPage(app),
  },
  {
    id: "snapshots",
    label: "Snapshots",
    group: "Change",
    key: "6",
    badge: ({ store }) => store.snapshots.length || null,
    make: (app) => new SnapshotsPage(app),
  },
  {
    id: "timeline",
    label: "Timeline",
    group: "Change",
    live: true,
    make: (app) => new TimelinePage(app),
  },
  {
    id: "allocations",
    label: "Allocations",
    group: "What",
    key: "7",
    live: true,
    make: (app) => new AllocationsPage(app),
  },
  {
    id: "tasks",
    label: "Tasks & types",
    group: "What",
    key: "8",
    make: (app) => new TasksPage(app),
  },
  {
    id: "heap",
    label: "Heap map",
    group: "What",
    key: "9",
    live: true,
    make: (app) => new ResidentPage(app),
  },
  {
    id: "query",
    label: "Query",
    group: "More",
    live: true,
    make: (app) => new QueryPage(app),
  },
  { id: "settings", label: "Settings", group: "More", make: (app) => new SettingsPage(app) },
];

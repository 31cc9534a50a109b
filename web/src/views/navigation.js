// SPDX-License-Identifier: MIT
//
// navigation: links to the pages, in groups, with how many there are of each.

import { api } from "../api.js";
import { h, setText } from "../dom.js";
import { count } from "../format.js";
import { PAGES } from "../pages.js";
import { routeTo } from "../router.js";

export class Navigation {
  constructor() {
    this.links = PAGES.filter((page) => !(api.saved && page.live)).map((page) => {
      const badge = h("span", { class: "badge" });
      const element = h(
        "a",
        { href: routeTo(page.id), "data-page": page.id },
        h("span", { text: page.label }),
        badge,
        page.key ? h("kbd", { text: page.key }) : null,
      );
      return { page, element, badge };
    });
    this.element = h("nav", { "aria-label": "Pages" });
    let group = "";
    for (const { page, element } of this.links) {
      if (page.group !== group) {
        group = page.group;
        this.element.append(h("h2", { class: "group", text: group }));
      }
      this.element.append(element);
    }
  }

  /** @param {import("../app.js").App} app */
  draw(app) {
    for (const { page, element, badge } of this.links) {
      const many = page.badge?.(app);
      setText(badge, typeof many === "number" ? count(many) : "");
      const current = page.id === app.pageId;
      if ((element.getAttribute("aria-current") === "page") === current) continue;
      if (current) {
        element.setAttribute("aria-current", "page");
        // In a row that is too narrow for all of them it is in sight.
        element.scrollIntoView({ block: "nearest", inline: "nearest" });
      } else element.removeAttribute("aria-current");
    }
  }
}

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a window has is a part of the whole table: sorted, filtered, summed up,
and with what was pinned."""

import server_test
from server_test import wait_until
from ws_client import Closed
from viewers_case import ViewersCase


class Windows(ViewersCase):
    def test_windows_are_sorted_filtered_and_cut(self):
        for window, query in (
                ({"sort": "alloc_count", "order": "asc", "off": 250, "n": 100},
                 {"sort": "alloc_count", "order": "asc", "offset": 250,
                  "limit": 100}),
                ({"sort": "name", "order": "desc", "off": 17, "n": 40},
                 {"sort": "function", "order": "desc", "offset": 17,
                  "limit": 40}),
                ({"sort": "delta_bytes", "q": "0X4003", "off": 3, "n": 20},
                 {"sort": "delta_bytes", "q": "0x4003", "offset": 3,
                  "limit": 20}),
                ({"sort": "mean_lifetime_ns", "order": "asc", "off": 0,
                  "n": 7},
                 {"sort": "mean_lifetime_ns", "order": "asc", "limit": 7}),
                ({"q": "nothing has this", "n": 5},
                 {"q": "nothing has this", "limit": 5}),
                ({"off": 5000, "n": 5}, {"offset": 5000, "limit": 5})):
            with self.subTest(window):
                viewer = self.viewer()
                viewer.subscribe(site=window)

                def attempt():
                    viewer.next()
                    page = self.server.get("/sites", **query)
                    while viewer.seq < page["seq"]:
                        viewer.next()
                    return page if viewer.seq == page["seq"] else None
                page = wait_until("the same tick", attempt, every=0)
                self.assertEqual([r["id"] for r in viewer.rows("site")],
                                 [r["id"] for r in page["rows"]])
                self.assertEqual(viewer.total, page["total"])
                viewer.__exit__()

    def test_every_window_is_a_part_of_the_whole_table(self):
        self.server.tell("busy 0")
        self.server.settle()
        whole = self.server.get("/sites", limit=10000)["rows"]
        keys = {"live_bytes": lambda r: r["live_bytes"],
                "function": lambda r: r["function"].lower(),
                "mean_lifetime_ns": lambda r: -1 if
                r["mean_lifetime_ns"] is None else r["mean_lifetime_ns"],
                "delta_bytes": lambda r: r["delta_bytes"],
                "free_count": lambda r: r["free_count"], "id":
                lambda r: r["id"]}
        for sort, key in keys.items():
            for order in ("asc", "desc"):
                # Python's sort is stable: equal rows stay in order of id.
                expected = sorted(sorted(whole, key=lambda r: r["id"]),
                                  key=key, reverse=order == "desc")
                for offset, limit in ((0, 1), (0, 300), (1, 17), (150, 30),
                                      (299, 5), (283, 17), (20, 0)):
                    rows = self.server.get("/sites", sort=sort, order=order,
                                           offset=offset, limit=limit)["rows"]
                    self.assertEqual(
                        [r["id"] for r in rows],
                        [r["id"] for r in expected[offset:offset + limit]],
                        (sort, order, offset, limit))

    def test_filters_leave_what_they_say_and_sum_it_up(self):
        self.server.tell("busy 0")
        self.server.settle()
        whole = self.server.get("/sites", limit=10000)
        live = sorted(r["live_bytes"] for r in whole["rows"])
        middle = live[len(live) // 2]
        module = whole["rows"][0]["module"]
        part = whole["rows"][0]["function"][:-1]
        viewer = self.viewer()
        for window, fits in (
                ({}, lambda r: True),
                ({"min": middle}, lambda r: r["live_bytes"] >= middle),
                ({"module": module}, lambda r: r["module"] == module),
                ({"module": module + "x"}, lambda r: False),
                ({"min": middle, "q": part}, lambda r: part in
                 r["function"] and r["live_bytes"] >= middle)):
            with self.subTest(window):
                rows = [r for r in whole["rows"] if fits(r)]
                self.assertTrue(rows or window.get("module") == module + "x")
                sums = {name: sum(r[name] for r in rows)
                        for name in ("live_bytes", "live_blocks")}
                page = self.server.get("/sites", limit=10000, **window)
                self.assertEqual([r["id"] for r in page["rows"]],
                                 [r["id"] for r in rows])
                self.assertEqual((page["total"], page["sum"]),
                                 (len(rows), sums))
                past = self.server.get("/sites", limit=10000, seq=whole["seq"],
                                       **window)
                self.assertEqual((past["total"], past["sum"]),
                                 (len(rows), sums))
                viewer.subscribe(site={"n": 3, **window})
                table = viewer.receive_until("full")["site"]
                self.assertEqual((table["total"], table["sum"]),
                                 (len(rows), sums))
                self.assertEqual(table["order"], [r["id"] for r in rows[:3]])

    def test_pinned_rows_come_first(self):
        self.server.tell("busy 0")
        self.server.settle()
        ids = [r["id"] for r in self.server.get("/sites", limit=300)["rows"]]
        viewer = self.viewer()
        viewer.subscribe(site={"n": 5, "pin": [ids[200], ids[100]]})
        table = viewer.receive_until("full")["site"]
        self.assertEqual(table["order"], [ids[100], ids[200]] + ids[:3])
        self.assertEqual(table["total"], len(ids))
        viewer.subscribe(site={"n": 5, "q": "nothing has this",
                               "pin": [ids[200]]})
        table = viewer.receive_until("full")["site"]
        self.assertEqual((table["order"], table["total"]), ([ids[200]], 1))
        for wrong in ({"pin": list(range(17))}, {"pin": ["1"]}, {"pin": 1},
                      {"min": -1}, {"threads": "dead"}, {"module": "x" * 256}):
            other = self.viewer()
            other.subscribe(site={"n": 5, **wrong})
            with self.assertRaises(Closed) as closed:
                other.receive_until("full")
            self.assertEqual(closed.exception.code, 1002, wrong)


if __name__ == "__main__":
    server_test.main()

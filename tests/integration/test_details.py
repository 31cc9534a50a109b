#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""One site and one thread in detail: what its sums are made of adds up to
them, and is what the program did."""

import time

from memscope_test import Memscope, TestCase, main, target, wait_until

SUMS = ("live_bytes", "live_blocks", "alloc_bytes", "alloc_count",
        "free_bytes", "free_count")


class Details(TestCase):
    def site(self, scope, function):
        """The detail of the only site of a function, its names known."""
        picture = scope.named_picture()
        rows = [row for row in picture.sites if row["function"] == function]
        self.assertEqual(len(rows), 1, function)
        return wait_until("all names", lambda: next(
            (d for d in [scope.get("/sites/%d" % rows[0]["id"])]
             if d["unnamed"] == 0), None))

    def check_site(self, detail):
        site = detail["site"]
        if detail["thread_total"] == len(detail["threads"]):
            for name in SUMS:
                self.assertEqual(sum(t[name] for t in detail["threads"]),
                                 site[name], name)
            self.assertEqual(sum(t["frees"] for t in detail["threads"]),
                             site["free_count"])
        if detail["stack_total"] == len(detail["stacks"]):
            for name in SUMS:
                self.assertEqual(sum(s[name] for s in detail["stacks"]),
                                 site[name], name)
        for name in ("live_bytes", "live_blocks", "alloc_count"):
            self.assertEqual(sum(detail["size"][name]), site[name], name)
        self.assertEqual(detail["realloc"]["count"], site["realloc_count"])
        self.check_lifetimes(detail, site)

    def check_lifetimes(self, detail, row):
        # A free that is under way may have its lifetime booked already.
        self.assertGreaterEqual(sum(detail["lifetime"]["count"]),
                                row["free_count"])

    def check_thread(self, detail):
        thread = detail["thread"]
        if detail["site_total"] == len(detail["sites"]):
            for name in SUMS:
                self.assertEqual(sum(s[name] for s in detail["sites"]),
                                 thread[name], name)
        for name in ("live_bytes", "live_blocks", "alloc_count"):
            self.assertEqual(sum(detail["size"][name]), thread[name], name)
        self.check_lifetimes(detail, thread)

    def test_known_numbers(self):
        with Memscope(target("chains")) as scope:
            young_ns = scope.json_line()["young_ns"]
            scope.settle()
            detail = self.site(scope, "hand_over")
            self.check_site(detail)
            self.assertEqual(detail["site"]["live_blocks"], 0)
            self.assertEqual(detail["size"]["alloc_count"][9], 30)
            self.assertIsNone(detail["oldest"])
            main_thread, worker = sorted(detail["threads"],
                                         key=lambda t: t["id"])
            self.assertEqual((main_thread["alloc_count"], main_thread["frees"]),
                             (30, 0))
            self.assertEqual((worker["alloc_count"], worker["frees"]), (0, 30))
            lifetime = detail["lifetime"]
            self.assertEqual(sum(lifetime["count"]), 30)
            # A thread looks at the clock every 16 events, so 15 of the young
            # may count as old.
            edges = lifetime["edges_ns"]
            old = sum(count for edge, count in zip(edges, lifetime["count"])
                      if edge > 50e6)
            self.assertGreaterEqual(old, 5, lifetime)
            older = sum(count for edge, count in
                        zip(edges[1:], lifetime["count"][1:])
                        if edge / 2 > young_ns + edges[0])
            self.assertLessEqual(older, 20, (young_ns, lifetime))
            self.assertEqual(
                [f["function"] for f in detail["stacks"][0]["frames"]][:2],
                ["hand_over", "main"])
            self.assertTrue(all(f["module"] == "chains" for f
                                in detail["stacks"][0]["frames"][:2]))

            detail = self.site(scope, "worker")
            self.check_site(detail)
            self.assertEqual(detail["site"]["live_blocks"], 7)
            self.assertEqual(detail["oldest"]["size"], 5000)
            self.assertEqual(detail["oldest"]["thread"], worker["id"])
            self.assertEqual(detail["oldest"]["stack"],
                             detail["stacks"][0]["id"])
            born = min(b["birth_ns"] for b in
                       scope.get("/allocations")["rows"] if b["size"] == 5000)
            self.assertEqual(detail["oldest"]["birth_ns"], born)

            one = scope.get("/threads/%d" % worker["id"])
            self.check_thread(one)
            self.assertEqual([(s["function"], s["live_bytes"], s["live_blocks"])
                              for s in one["sites"]][0], ("worker", 35000, 7))

    def check_matrix(self, scope, limit):
        matrix = scope.get("/matrix", limit=limit)
        heap = scope.stats(matrix["seq"])["heap"]
        size = len(matrix["threads"]) + 1
        self.assertLessEqual(size, limit + 1)
        for name, total in (("blocks", "free_count_total"),
                            ("bytes", "free_bytes_total")):
            self.assertEqual([len(row) for row in matrix[name]], [size] * size)
            self.assertGreaterEqual(min(map(min, matrix[name])), 0, matrix)
            self.assertEqual(sum(map(sum, matrix[name])), heap[total], name)
        return matrix

    def test_who_has_freed_whose_blocks(self):
        with Memscope(target("chains")) as scope:
            scope.line()
            scope.settle()
            for limit in (0, 1, 16):
                matrix = self.check_matrix(scope, limit)
            ids = [t["id"] for t in matrix["threads"]]
            self.assertEqual(ids, [1, 2])
            self.assertEqual(matrix["blocks"][0][1], 30)
            self.assertEqual(matrix["bytes"][0][1], 30 * 333)
            self.assertEqual(matrix["blocks"][1][0], 0)

    def test_the_matrix_adds_up_while_threads_run(self):
        with Memscope(target("threads"), "--threads", "6") as scope:
            scope.settle()
            for limit in (0, 1, 3, 6, 64) * 6:
                matrix = self.check_matrix(scope, limit)
                threads = {row["id"]: row for row
                           in scope.table("threads")["rows"]}
                for i, thread in enumerate(matrix["threads"]):
                    # It has gone on meanwhile.
                    self.assertLessEqual(sum(matrix["blocks"][i]),
                                         threads[thread["id"]]["free_count"])
                    crossed = sum(row[i] for k, row in
                                  enumerate(matrix["blocks"]) if k != i)
                    self.assertLessEqual(
                        crossed, threads[thread["id"]]["cross_frees"])
            self.assertGreater(matrix["blocks"][0][1], 0)

    def test_modules_add_up(self):
        with Memscope(target("chains")) as scope:
            scope.line()
            scope.settle()
            modules = scope.get("/modules")
            heap = scope.stats(modules["seq"])["heap"]
            rows = modules["rows"] + [modules["elsewhere"]]
            for name, total in (("live_bytes", "live_bytes"),
                                ("live_blocks", "live_blocks"),
                                ("alloc_bytes", "alloc_bytes_total"),
                                ("alloc_count", "alloc_count_total"),
                                ("free_bytes", "free_bytes_total"),
                                ("free_count", "free_count_total")):
                self.assertEqual(sum(row[name] for row in rows), heap[total])
            own = [row for row in modules["rows"]
                   if row["path"].endswith("/chains")]
            self.assertEqual(own[0]["live_bytes"], 7 * 5000 + 4100)
            self.assertEqual(sum(row["sites"] for row in rows),
                             scope.table("sites")["total"])

    def test_chains_of_realloc(self):
        with Memscope(target("chains")) as scope:
            scope.line()
            scope.settle()
            picture = scope.named_picture()
            by_realloc = [row for row in picture.sites
                          if row["function"] == "grow" and row["realloc_count"]]
            self.assertEqual(len(by_realloc), 1)
            detail = scope.get("/sites/%d" % by_realloc[0]["id"])
            self.check_site(detail)
            self.assertEqual(detail["realloc"], {
                "count": 120, "chains": 3, "grown_bytes": 3 * 40 * 100,
                "longest": 40})

    def test_all_adds_up_while_threads_run(self):
        with Memscope(target("threads"), "--threads", "6") as scope:
            scope.settle()
            end = time.monotonic() + 3
            seen = 0
            while time.monotonic() < end:
                picture = scope.picture()
                for row in sorted(picture.sites,
                                  key=lambda r: -r["alloc_count"])[:4]:
                    self.check_site(scope.get("/sites/%d" % row["id"]))
                    seen += 1
                for row in picture.threads:
                    self.check_thread(scope.get("/threads/%d" % row["id"]))
            self.assertGreater(seen, 8)
            heap = scope.get("/histograms")
            self.assertGreaterEqual(sum(heap["lifetime"]["count"]),
                                    picture.heap["free_count_total"])

    def test_sampled_details_add_up_as_well(self):
        with Memscope(target("threads"), "--threads", "4",
                      flags=["--mode", "sampled=8192"]) as scope:
            scope.settle()
            for row in scope.picture().sites:
                detail = scope.get("/sites/%d" % row["id"])
                for name in ("live_bytes", "live_blocks", "alloc_count"):
                    self.assertEqual(sum(detail["size"][name]),
                                     detail["site"][name], name)
                for name in SUMS:
                    self.assertEqual(sum(t[name] for t in detail["threads"]),
                                     detail["site"][name], name)

    def test_what_there_is_not(self):
        with Memscope(target("chains")) as scope:
            scope.line()
            scope.settle()
            for path in ("sites/0", "sites/9999999", "threads/0",
                         "threads/99999", "sites/1?session=9"):
                status, _, _ = scope.request("GET", "/api/v1/" + path)
                self.assertEqual(status, 404, path)

    def test_after_the_end(self):
        with Memscope(target("chains"), flags=["--keep-open"]) as scope:
            scope.close_stdin()
            scope.wait_ended()
            detail = self.site(scope, "hand_over")
            self.check_site(detail)
            self.assertEqual(sum(detail["lifetime"]["count"]),
                             detail["site"]["free_count"])


if __name__ == "__main__":
    main()

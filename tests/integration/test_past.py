#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What is drawn of a past moment of a real program is what was published
then, while it runs and after it has ended."""

from memscope_test import DEMO, Memscope, TestCase, main, say

NUMBERS = ("live_bytes", "live_blocks", "alloc_bytes", "alloc_count",
           "free_bytes", "free_count")
SITE = NUMBERS + ("realloc_count", "temporary_count", "mapped_bytes",
                  "mean_lifetime_ns")
PICTURES = 12


def rows(table, names):
    """{id: numbers} of the rows that have ever allocated."""
    return {row["id"]: [row[n] for n in names] for row in table["rows"]
            if row["alloc_count"] != 0}


class Past(TestCase):

    def listen(self, scope):
        """Pictures as they are published: each table with its tick."""
        seen = []
        for _ in range(PICTURES):
            scope.settle()
            seen.append((scope.get("/sites", limit=10000),
                         scope.get("/threads", limit=10000),
                         scope.get("/stats")))
        return seen

    def hold(self, scope, seen):
        for sites, threads, stats in seen:
            then = scope.get("/sites", limit=10000, seq=sites["seq"])
            self.assertEqual(then["seq"], sites["seq"])
            self.assertEqual(rows(then, SITE), rows(sites, SITE))
            then = scope.get("/threads", limit=10000, seq=threads["seq"])
            self.assertEqual(rows(then, NUMBERS), rows(threads, NUMBERS))
            then = scope.get("/stats", at=stats["uptime_ns"])
            self.assertEqual(then, stats)
            self.adds_up(scope, stats)

    def ranges(self, scope, seen):
        """What has happened between two pictures, row by row."""
        (sites_a, threads_a, a), (sites_b, threads_b, b) = seen[0], seen[-1]
        when = {"from": a["uptime_ns"], "to": b["uptime_ns"]}
        for path, before, after in (("/sites", sites_a, sites_b),
                                    ("/threads", threads_a, threads_b)):
            between = scope.get(path, limit=10000, **when)
            self.assertEqual(between["from_ns"], a["uptime_ns"])
            self.assertEqual(between["seq"], b["seq"])
            old, new = rows(before, NUMBERS), rows(after, NUMBERS)
            for row in between["rows"]:
                if row["id"] not in new:
                    continue
                last = new[row["id"]]
                first = old.get(row["id"], [0] * len(NUMBERS))
                self.assertEqual([row[n] for n in NUMBERS],
                                 last[:2] + [y - x for x, y in
                                             zip(first[2:], last[2:])])
                if "delta_bytes" in row:
                    self.assertEqual(row["delta_bytes"], last[0] - first[0])
        self.detail(scope, scope.get("/sites", limit=1, sort="alloc_bytes",
                                     **when)["rows"][0], when)
        row = scope.get("/sites", limit=1, at=a["uptime_ns"])["rows"][0]
        self.detail(scope, row, {"at": a["uptime_ns"]})

    def detail(self, scope, row, when):
        """A site in detail, as far as the past has it."""
        site = scope.get("/sites/%d" % row["id"], **when)
        self.assertEqual(site["site"], row)
        self.assertEqual(site["stack_total"], len(site["stacks"]))
        for name in NUMBERS:
            self.assertEqual(sum(s[name] for s in site["stacks"]), row[name])
        self.assertTrue(all(s["frames"] for s in site["stacks"]))
        for name in ("size", "lifetime", "threads", "realloc", "oldest"):
            self.assertIsNone(site[name])

    def adds_up(self, scope, stats):
        """Everything at one moment agrees with its stats."""
        at, heap = stats["uptime_ns"], stats["heap"]
        sites = scope.get("/sites", limit=10000, at=at)
        self.assertEqual(sum(r["live_bytes"] for r in sites["rows"]),
                         heap["live_bytes"])
        sizes = scope.get("/histograms", at=at)["size"]
        self.assertEqual(sum(sizes["live_bytes"]), heap["live_bytes"])
        self.assertEqual(sum(sizes["live_blocks"]), heap["live_blocks"])
        flame = scope.get("/flame", at=at)
        self.assertEqual(flame["total"], heap["live_bytes"])

    def test_moments_of_the_demo_while_it_runs_and_afterwards(self):
        with Memscope(DEMO, "--quiet", flags=("--keep-open",)) as scope:
            seen = self.listen(scope)
            self.hold(scope, seen)
            self.ranges(scope, seen)
            difference = scope.get(
                "/flame", **{"from": seen[0][2]["uptime_ns"],
                             "to": seen[-1][2]["uptime_ns"]})
            self.assertEqual(difference["total"],
                             seen[-1][2]["heap"]["live_bytes"])
            scope.interrupt()
            scope.wait_ended()
            self.hold(scope, seen)
            say("%d pictures of ticks %d to %d" % (
                len(seen), seen[0][0]["seq"], seen[-1][0]["seq"]))

    def test_a_moment_before_the_start_is_not_found(self):
        with Memscope(DEMO, "--quiet") as scope:
            scope.settle()
            status, _, _ = scope.request("GET", "/api/v1/sites?at=0")
            self.assertEqual(status, 404)
            status, _, _ = scope.request("GET", "/api/v1/sites?at=1&seq=1")
            self.assertEqual(status, 400)
            latest = scope.get("/sites", seq=0)
            self.assertGreater(latest["uptime_ns"], 0)
            scope.interrupt()

    def test_moments_of_python(self):
        program = ("/usr/bin/python3", "-c",
                   "import time\nx = []\n"
                   "while True:\n x.append(bytearray(5000)); y = str(x)[:9];"
                   " time.sleep(0.002)")
        with Memscope(*program, env={"PYTHONMALLOC": "malloc"}) as scope:
            self.hold(scope, self.listen(scope))
            scope.interrupt()


if __name__ == "__main__":
    main()

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

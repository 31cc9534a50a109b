#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Ticks rest while nobody looks, and do not while somebody does."""

import time

from memscope_test import Memscope, TestCase, main, say, target, wait_until

SECOND_NS = 1_000_000_000
TENTH_NS = SECOND_NS // 10


class Rest(TestCase):

    def left_alone(self, scope, seconds):
        time.sleep(seconds)
        return scope.stats()

    def test_ticks_rest_until_somebody_looks(self):
        with Memscope("/usr/bin/sleep", "1000") as scope:
            stats = self.left_alone(scope, 6)
            # Ten times a second for a second, then as often as a tenth of the
            # age, twice a second in the end: 10, 17 and 2.
            self.assertLess(stats["seq"], 45)
            wait_until("ticks while it is asked for",
                       lambda: scope.stats()["seq"] > stats["seq"] + 20)
            times = [int(row[1])
                     for row in scope.get("/history?step=100ms")["rows"]
                     if row[0] > stats["seq"]]
            steps = [b - a for a, b in zip(times, times[1:])]
            self.assertLess(min(steps), 2 * TENTH_NS)

    def test_many_pages_are_walked_seldom(self):
        """The kernel walks them for the proportional set size, which is asked
        for no sooner than half a per cent of the time pays for it."""
        with Memscope("/usr/bin/python3", "-c", "x = b'x' * (400 << 20)\n"
                      "print('ready', flush=True)\ninput()") as scope:
            self.assertEqual(scope.line(), "ready")
            stats = self.left_alone(scope, 1.5)
            if int(stats["uptime_ns"]) < 3 * SECOND_NS:
                self.assertLess(stats["system"]["pss_bytes"] or 0, 200 << 20)
            wait_until("the proportional set size", lambda: (
                scope.stats()["system"]["pss_bytes"] or 0) > 200 << 20)
            scope.write(b"\n")

    def test_who_comes_sees_now(self):
        """Where ticks cost so much that they rest for seconds, too."""
        with Memscope(target("one_at_a_time"), "1000000", "17") as scope:
            stats = self.left_alone(scope, 8)
            # Made for who has come: ticks that rest are ten seconds apart.
            self.assertLess(time.time_ns() - int(stats["time_ns"]),
                            2 * SECOND_NS)
            monitor = scope.status()["monitor"]
            self.assertLess(monitor["ticks"], 45, monitor)
            say("%d ticks, %.1f ms each at most, %.1f ms in all" % (
                monitor["ticks"], monitor["max_tick_ns"] / 1e6,
                monitor["cpu_ns"] / 1e6))


if __name__ == "__main__":
    main()

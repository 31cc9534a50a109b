#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Ticks that cost much come less often, and it is said; those that cost little
come ten times a second."""

from memscope_test import Memscope, TestCase, main, target, wait_until

TENTH_NS = 100_000_000
SLOWEST_NS = 2_000_000_000


def period(scope):
    return scope.status()["monitor"]["tick_period_ns"]


class TickPeriod(TestCase):

    def test_many_changes_are_read_less_often(self):
        with Memscope(target("one_at_a_time"), "1000000", "17") as scope:
            wait_until("ticks come less often",
                       lambda: period(scope) > 2 * TENTH_NS)
            self.assertLessEqual(period(scope), SLOWEST_NS)
            seq = scope.stats()["seq"]
            wait_until("it goes on", lambda: scope.stats()["seq"] > seq + 3)

    def test_few_changes_are_read_ten_times_a_second(self):
        with Memscope("/usr/bin/sleep", "1000") as scope:
            wait_until("ticks settle",
                       lambda: scope.status()["monitor"]["ticks"] > 20)
            wait_until("each costs little", lambda: period(scope) == TENTH_NS)


if __name__ == "__main__":
    main()

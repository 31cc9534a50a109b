#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The counters of a busy program are read one after the other while it goes on.
What it holds, and its peak, are as much as it holds, not what goes by
meanwhile: here a million allocations a second, of which one is there at a
time."""

from memscope_test import Memscope, TestCase, main, target, wait_until

STACKS = 16384
MOST = 1 << 20  # true: one block; the reader may be held up at any row


class Peak(TestCase):

    def test_what_goes_by_is_not_held(self):
        with Memscope(target("one_at_a_time"), "100",
                      flags=("--port", "0", "--keep-open")) as scope:
            seen = []

            def ended():
                seen.append(scope.stats()["heap"]["live_bytes"])
                return scope.session()["state"] == "ended"

            wait_until("the program ends", ended)
            heap = scope.stats()["heap"]
            self.assertGreaterEqual(heap["alloc_count_total"], 100 * STACKS)
            self.assertLess(max(seen), MOST, seen)
            self.assertLess(heap["peak_bytes"], MOST)
            self.assertGreaterEqual(heap["peak_bytes"], heap["live_bytes"])


if __name__ == "__main__":
    main()

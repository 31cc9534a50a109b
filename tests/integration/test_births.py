#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Threads that take over from one another what is known of their stacks are
each booked by themselves."""

from memscope_test import Memscope, TestCase, main, target


class Births(TestCase):

    def test_each_thread_has_its_own_block(self):
        with Memscope(target("births"),
                      flags=("--port", "0", "--keep-open")) as scope:
            scope.wait_ended()
            picture = scope.named_picture()
            picture.check_sums(self)
            threads = [(t["alloc_count"], t["free_count"])
                       for t in picture.threads]
            self.assertEqual(threads.count((1, 1)), 40, threads)
            self.assertEqual(picture.functions()["run"]["alloc_count"], 40)


if __name__ == "__main__":
    main()

#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A sample is a fair one also where blocks come by two ways, and where the
segment is small."""

from memscope_test import Memscope, TestCase, main, say, target

COUNT = 200000
STORM = (target("own_new"), str(COUNT))
SMALL = ("--store-limit", "64M")


class SampleGaps(TestCase):

    def run_storm(self, *flags):
        with Memscope(*STORM, flags=("--port", "0", *flags)) as scope:
            truth = scope.json_line()
            scope.settle()
            picture = scope.named_picture()
            picture.check_sums(self)
            capture = scope.stats()["capture"]
            self.assertEqual(capture["unknown_frees"], 0)
            self.assertEqual(capture["damaged"], 0)
            scope.close_stdin()
            self.assertEqual(scope.wait(), 0)
            return truth, picture

    def check_exact(self, *flags):
        truth, picture = self.run_storm(*flags)
        heap = picture.heap
        # libc and the loader have some of their own.
        self.assertLess(heap["alloc_count_total"] - truth["alloc_count"], 100)
        self.assertGreaterEqual(heap["alloc_count_total"],
                                truth["alloc_count"])
        self.assertGreaterEqual(heap["live_blocks"], truth["live_blocks"])
        self.assertLess(heap["live_blocks"] - truth["live_blocks"], 100)

    def check_sample(self, *flags):
        truth, picture = self.run_storm("--mode", "sampled=4K", *flags)
        estimate = picture.heap["alloc_count_total"]
        say("%d new, estimated %d" % (truth["alloc_count"], estimate))
        # 5000 are in the sample: 1.4 per cent is the standard error.
        self.assertLess(abs(estimate / truth["alloc_count"] - 1), 0.15)
        live = picture.heap["live_blocks"]
        self.assertLess(abs(live - truth["live_blocks"]),
                        4 * picture.heap["live_blocks_error"] + 400)

    def test_new_that_calls_malloc_is_booked_once(self):
        self.check_exact()

    def test_and_once_in_a_small_segment(self):
        self.check_exact(*SMALL)

    def test_new_that_calls_malloc_is_sampled_once(self):
        self.check_sample()

    def test_and_sampled_once_in_a_small_segment(self):
        self.check_sample(*SMALL)


if __name__ == "__main__":
    main()

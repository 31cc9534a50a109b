#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What memscope shows of a program equals what the program itself counted,
to the byte and to the block."""

import collections

from memscope_test import DEMO, Memscope, TestCase, main, say, target

COUNTS = ("live_blocks", "live_bytes", "alloc_count", "alloc_bytes",
          "free_count", "free_bytes")


def live_sizes(memscope):
    """How many live blocks there are of each size, from the live index."""
    answer = memscope.get("/allocations")
    return collections.Counter(row["size"] for row in answer["rows"])


class Exactness(TestCase):

    def check(self, memscope, stated, functions):
        """Totals of `functions` against the victim's, and the picture's own
        sums; returns the picture."""
        picture = memscope.named_picture()
        picture.check_sums(self)
        measured = picture.sum(functions)
        self.assert_counts(measured, stated, [n for n in COUNTS if n in stated])
        live = memscope.get("/allocations")
        self.assertEqual(live["count"], picture.heap["live_blocks"])
        self.assertEqual(live["bytes"], picture.heap["live_bytes"])
        self.assertEqual(len(live["rows"]), live["count"])
        for kind in ("dropped_allocs", "dropped_frees", "damaged"):
            self.assertEqual(picture.stats["capture"][kind], 0, kind)
        say("%s: %s; others: %s" % (
            "+".join(functions),
            ", ".join("%s %d" % (n, measured[n]) for n in COUNTS),
            picture.others(functions)))
        return picture

    def test_every_size_is_counted_exactly(self):
        with Memscope(target("sizes")) as memscope:
            stated = memscope.json_line()
            picture = self.check(memscope, stated, ["sizes_take"])
            measured = live_sizes(memscope)
            for size, count in stated["sizes"].items():
                self.assertEqual(measured[int(size)], count, size)
            histogram = memscope.get("/histograms")["size"]
            self.assertEqual(sum(histogram["live_bytes"]),
                             picture.heap["live_bytes"])
            self.assertEqual(sum(histogram["live_blocks"]),
                             picture.heap["live_blocks"])
            memscope.close_stdin()
            self.assertEqual(memscope.wait(), 0)

    def test_sizes_are_in_the_right_class_of_the_histogram(self):
        with Memscope(target("sizes")) as memscope:
            stated = memscope.json_line()
            memscope.settle()
            histogram = memscope.get("/histograms")["size"]
            sizes = live_sizes(memscope)
            low = -1
            for edge, count in zip(histogram["edges"],
                                   histogram["live_blocks"]):
                expected = sum(n for size, n in sizes.items()
                               if low < size <= edge)
                self.assertEqual(count, expected, "sizes to %d" % edge)
                low = edge
            self.assertGreater(stated["live_blocks"], 0)

    def test_threads_that_swap_and_resize_blocks_add_up(self):
        command = (target("threads"), "--threads", "6", "--ops", "150000")
        with Memscope(*command) as memscope:
            stated = memscope.json_line()
            functions = stated["functions"]
            picture = self.check(memscope, stated, functions)
            self.assertEqual(picture.sum(functions)["realloc_count"],
                             stated["realloc_count"])
            self.assertEqual(picture.heap["realloc_count_total"],
                             stated["realloc_count"])
            threads = memscope.wait_threads(stated["threads"])
            for name, own in stated["threads"].items():
                self.assertEqual(threads[name]["alloc_count"],
                                 own["alloc_count"], name)
                self.assertEqual(threads[name]["alloc_bytes"],
                                 own["alloc_bytes"], name)
            self.assertGreater(sum(row["cross_frees"]
                                   for row in picture.threads), 0)
            memscope.close_stdin()
            self.assertEqual(memscope.wait(), 0)

    def test_the_whole_family_of_functions_is_seen(self):
        with Memscope(target("whole_family")) as memscope:
            stated = memscope.json_line()
            picture = memscope.named_picture()
            picture.check_sums(self)
            measured = live_sizes(memscope)
            for size in stated["sizes"]:
                self.assertGreaterEqual(measured[size], 1, "size %d" % size)
            # Nothing but the program's own: it is silent and single.
            self.assert_counts(picture.sum(picture.functions()), stated,
                               COUNTS + ("realloc_count",))
            say("functions: %s" % sorted(picture.functions()))
            memscope.close_stdin()
            self.assertEqual(memscope.wait(), 0)

    def test_every_form_of_cxx_new_is_seen(self):
        with Memscope(target("cxx_new")) as memscope:
            stated = memscope.json_line()
            memscope.settle()
            measured = live_sizes(memscope)
            for size in stated["sizes"]:
                self.assertEqual(measured[size], 1, "size %d" % size)
            picture = memscope.named_picture()
            by_new = [f for f in picture.functions() if "new" in f]
            say("C++: %s" % {f: dict(picture.functions()[f])["live_blocks"]
                             for f in by_new})
            self.assertGreater(len(by_new), 0)
            memscope.close_stdin()
            self.assertEqual(memscope.wait(), 0)

    def test_allocations_before_main_are_seen(self):
        with Memscope(target("early_ctor")) as memscope:
            stated = memscope.json_line()
            picture = memscope.named_picture()
            for function, count in stated["functions"].items():
                self.assertEqual(picture.sum([function])["live_blocks"], count)
            measured = live_sizes(memscope)
            for size, count in stated["sizes"].items():
                self.assertEqual(measured[int(size)], count)
            memscope.close_stdin()
            self.assertEqual(memscope.wait(), 0)

    def test_threads_have_their_names_and_their_blocks(self):
        with Memscope(target("thread_names")) as memscope:
            stated = memscope.json_line()
            threads = memscope.wait_threads(stated["threads"])
            live = memscope.get("/allocations")["rows"]
            for name, size in stated["threads"].items():
                self.assertIn(name, threads)
                blocks = [row for row in live if row["size"] == size]
                self.assertEqual([row["thread"] for row in blocks],
                                 [threads[name]["id"]], name)
                self.assertEqual(threads[name]["ended"],
                                 name == stated["ended"], name)
            memscope.close_stdin()
            self.assertEqual(memscope.wait(), 0)

    def test_a_thousand_threads_at_once(self):
        with Memscope(target("many_threads")) as memscope:
            stated = memscope.json_line()
            picture = self.check(memscope, stated, [stated["function"]])
            holders = [row for row in picture.threads
                       if row["live_bytes"] == 102400]
            self.assertEqual(len(holders), stated["threads"])
            self.assertGreaterEqual(
                picture.stats["system"]["thread_count"], 1001)
            memscope.close_stdin()
            self.assertEqual(memscope.wait(), 0)

    def test_a_fork_does_not_touch_the_parents_numbers(self):
        with Memscope(target("fork_exec")) as memscope:
            stated = memscope.json_line()
            self.assertEqual((stated["forked"], stated["spawned"]), (3, 5))
            self.check(memscope, stated, [stated["function"]])
            memscope.write(b"\n")
            # The same process, another program image: another session.
            again = memscope.json_line(1)
            self.assertEqual(again["image"], 2)
            session = max(s["id"] for s in memscope.status()["sessions"]
                          if s["pid"] == memscope.program_pid())
            picture = memscope.named_picture(session)
            self.assert_counts(picture.sum([again["function"]]), again,
                               ["live_blocks", "live_bytes"])
            memscope.close_stdin()
            self.assertEqual(memscope.wait(), 0)

    def test_every_purpose_of_the_demo_is_exact(self):
        with Memscope(DEMO, "--steps") as memscope:
            stated = memscope.json_line()
            total = stated.pop("total")
            functions = [p["function"] for p in stated.values()]
            picture = self.check(memscope, total, functions)
            for name, purpose in stated.items():
                self.assert_counts(picture.sum([purpose["function"]]),
                                   purpose, COUNTS)
                self.assertTrue(any(
                    site["file"].endswith(".c") and site["line"] > 0
                    for site in picture.sites
                    if site["function"] == purpose["function"]), name)
            memscope.close_stdin()
            self.assertEqual(memscope.wait(), 0)


if __name__ == "__main__":
    main()

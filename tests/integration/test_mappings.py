#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a program maps itself: region by region and page by page as the victim
says, on 1 and 8 threads, under fork; and where its resident memory is."""

import collections

import memscope_test
from memscope_test import Memscope, proc_status_kib, run_bare, say, target

PAGE = 4096
FLAGS = ("--port", "0")


def by_function(scope, mappings):
    """Regions, pages and resident pages of each function of the program."""
    names = {s["id"]: s["function"] for s in scope.table("sites")["rows"]}
    result = collections.defaultdict(collections.Counter)
    for row in mappings["rows"]:
        name = names.get(row["site"], "?")
        result[name]["regions"] += 1
        result[name]["pages"] += row["size"] // PAGE
        result[name]["resident"] += row["resident_bytes"] // PAGE
    return result


class Mappings(memscope_test.TestCase):
    def check(self, *options, flags=()):
        with Memscope(target("mappings"), *options,
                      flags=(*FLAGS, "--backend", "core", *flags)) as scope:
            stated = scope.json_line()
            picture = scope.named_picture()
            mappings = scope.get("/mappings")
            found = by_function(scope, mappings)
            # map_pages is the caller of mmap for three of them.
            pages = collections.Counter()
            for name in ("map_pages", "fixed", "grown", "of_file", "main"):
                pages.update(found[name])
            self.assertEqual(pages["pages"], sum(stated["pages"].values()))
            self.assertEqual(pages["regions"], sum(stated["regions"].values()))
            self.assertEqual(pages["resident"],
                             sum(stated["resident"].values()))
            self.assertEqual(found["grown"]["pages"], stated["pages"]["grown"])
            self.assertEqual(found["of_file"]["regions"],
                             stated["regions"]["of_file"])
            mapped = picture.stats["mapped"]
            self.assertEqual(mapped["dropped"], 0)
            self.assertEqual(picture.stats["capture"]["damaged"], 0)
            self.assertEqual(mapped["live_regions"], len(mappings["rows"]))
            self.assertEqual(mapped["live_bytes"],
                             sum(row["size"] for row in mappings["rows"]))
            self.assertEqual(mapped["map_bytes_total"]
                             - mapped["unmap_bytes_total"],
                             mapped["live_bytes"])
            self.assertEqual(
                sum(site["mapped_bytes"] for site in picture.sites),
                mapped["live_bytes"])
            picture.check_sums(self)
            resident = mappings["resident"]
            parts = sum(v for k, v in resident.items() if k != "total_bytes")
            self.assertEqual(parts, resident["total_bytes"])
            # The kernel's own sum is a few pages behind, by thread.
            rss = proc_status_kib(scope.program_pid(), "VmRSS") * 1024
            self.assertLess(abs(rss - resident["total_bytes"]), 4 << 20)
            self.assertGreater(resident["store_bytes"], 0)
            self.assertGreater(resident["heap_bytes"], 0)
            self.assertGreater(resident["file_bytes"], 0)
            say("%s: %s" % (" ".join(options), resident))
            scope.close_stdin()
            self.assertEqual(scope.wait(), 0)
            return picture, mappings

    def test_one_thread(self):
        picture, _ = self.check("--threads", "1")
        self.assertFalse(picture.stats["mapped"]["in_totals"])
        self.assertLess(picture.heap["live_bytes"], 1 << 20)

    def test_eight_threads(self):
        self.check("--threads", "8")

    def test_eight_threads_that_fork(self):
        self.check("--threads", "8", "--fork")

    def test_in_the_totals_when_asked_for(self):
        picture, mappings = self.check("--threads", "2", flags=("--mmap",))
        self.assertTrue(picture.stats["mapped"]["in_totals"])
        mapped = sum(row["size"] for row in mappings["rows"])
        self.assertGreaterEqual(picture.heap["live_bytes"], mapped)
        self.assertLess(picture.heap["live_bytes"], mapped + (1 << 20))

    def test_after_the_end_the_rows_stay_and_residence_is_unknown(self):
        with Memscope(target("mappings"), "--threads", "1",
                      flags=(*FLAGS, "--keep-open")) as scope:
            stated = scope.json_line()
            scope.close_stdin()
            scope.wait_ended()
            mappings = scope.get("/mappings")
            self.assertEqual(
                sum(row["size"] for row in mappings["rows"]) // PAGE,
                sum(stated["pages"].values()))
            self.assertIsNone(mappings["resident"]["total_bytes"])
            self.assertIsNone(mappings["rows"][0]["resident_bytes"])

    def test_real_programs_say_the_same_as_without(self):
        script = ("import mmap, hashlib; m = mmap.mmap(-1, 1 << 22); "
                  "m[:] = b'x' * len(m); m.resize(1 << 23); "
                  "print(hashlib.sha256(m).hexdigest())")
        command = ["/usr/bin/python3", "-c", script]
        bare = run_bare(command)
        with Memscope(*command, flags=(*FLAGS, "--keep-open")) as scope:
            scope.wait_ended()
            self.assertEqual(scope.stdout.bytes(), bare[1])
            mapped = scope.stats()["mapped"]
            self.assertGreaterEqual(mapped["peak_bytes"], 1 << 23)
            self.assertEqual(mapped["dropped"], 0)


if __name__ == "__main__":
    memscope_test.main()

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Under every limit the program does what it does without us, what is booked
is exact, and what is not is counted and shown."""

import re
import subprocess

import memscope_test
from memscope_test import BIN, Memscope, run_bare, say, target

FLAGS = ("--port", "0")
NOTHING_LOST = ("dropped_allocs", "dropped_frees", "dropped_reentry",
                "dropped_threads", "dropped_rows", "dropped_index",
                "damaged")


def limited(limits, *command):
    """The command under limits of the shell, which is watched as well."""
    return ("/bin/sh", "-c", limits + '; exec "$@"', "sh", *command)


class Limits(memscope_test.TestCase):
    def check_exact(self, scope, whole):
        stated = scope.json_line()
        picture = scope.named_picture()
        capture = picture.stats["capture"]
        for name in NOTHING_LOST:
            self.assertEqual(capture[name], 0, name)
        measured = picture.sum(stated["functions"])
        self.assert_counts(measured, stated, (
            "live_blocks", "live_bytes", "alloc_count", "alloc_bytes",
            "free_count", "free_bytes", "realloc_count"))
        picture.check_sums(self)
        self.assertEqual(capture["block_limit"] is None, whole)
        self.assertEqual(capture["store_limit_bytes"] is None, whole)
        walked = scope.get("/allocations")
        self.assertEqual((walked["count"], walked["bytes"]),
                         (picture.heap["live_blocks"],
                          picture.heap["live_bytes"]))
        return capture

    def storm(self, command, flags=(), whole=False):
        with Memscope(*command, flags=(*FLAGS, *flags)) as scope:
            capture = self.check_exact(scope, whole)
            scope.close_stdin()
            self.assertEqual(scope.wait(), 0)
            return capture

    def test_address_space_limited(self):
        # Each bare run of it is as slow: without arenas, malloc maps.
        for kib in (4000000, 1000000, 300000):
            command = limited("ulimit -v %d" % kib, target("threads"),
                              "--threads", "2", "--ops", "20000")
            bare = run_bare(command)
            self.assertEqual(bare[0], 0)
            capture = self.storm(command)
            self.assertLess(capture["store_limit_bytes"], kib * 1024 / 8)
            say("ulimit -v %d: %d blocks, %d bytes at most" % (
                kib, capture["block_limit"], capture["store_limit_bytes"]))

    def test_private_memory_limited(self):
        """What strict overcommit refuses, for this program alone: private
        memory beyond a bound. The store is shared, and sparse."""
        for kib in (200000, 40000):
            command = limited("ulimit -d %d" % kib, target("threads"),
                              "--threads", "2", "--ops", "20000")
            self.assertEqual(run_bare(command)[0], 0)
            self.storm(command, whole=True)

    def test_so_little_private_memory_that_the_program_needs_it_all(self):
        command = limited("ulimit -d 400", target("exit_codes"), "exit", "7")
        bare = run_bare(command)
        self.assertEqual(bare[0], 7)
        with Memscope(*command, flags=FLAGS) as scope:
            self.assertEqual(scope.wait(), 7)
            self.assertEqual(scope.stdout.all(), bare[1])
            self.assertIn("cannot be watched", scope.stderr.all().decode())

    def test_file_size_limited(self):
        self.storm(limited("ulimit -f 200000", target("threads"),
                           "--threads", "2", "--ops", "20000"))

    def test_store_limited(self):
        for size in ("64M", "16M"):
            capture = self.storm(
                (target("threads"), "--threads", "4", "--ops", "50000"),
                flags=("--store-limit", size))
            self.assertLessEqual(capture["store_limit_bytes"],
                                 int(size[:-1]) << 20)
            self.assertLessEqual(capture["store_bytes"],
                                 capture["store_limit_bytes"])

    def test_no_limit_is_shown_as_none(self):
        self.storm((target("threads"), "--threads", "2", "--ops", "20000"),
                   whole=True)

    def test_so_little_address_space_that_the_program_needs_it_all(self):
        command = limited("ulimit -v 60000", target("exit_codes"), "exit", "7")
        bare = run_bare(command)
        with Memscope(*command, flags=FLAGS) as scope:
            self.assertEqual(scope.wait(), bare[0])
            self.assertEqual(scope.stdout.all(), bare[1])
            self.assertIn("cannot be watched", scope.stderr.all().decode())

    def test_more_blocks_than_there_is_room_for(self):
        count = 200000
        with Memscope(target("many_stacks"), str(count),
                      flags=(*FLAGS, "--backend", "core", "--store-limit",
                             "4M")) as scope:
            scope.json_line()
            picture = scope.named_picture()
            capture = picture.stats["capture"]
            self.assertGreater(capture["dropped_index"], count / 2)
            self.assertEqual(capture["dropped_allocs"],
                             capture["dropped_index"])
            booked = picture.sum(("zero", "one"))
            # Every one is either booked or counted, and no other is.
            others = picture.heap["alloc_count_total"] - booked["alloc_count"]
            self.assertLess(others, 100)
            self.assertEqual(booked["alloc_count"] + capture["dropped_index"],
                             count)
            self.assertEqual(booked["free_count"] + capture["unknown_frees"],
                             count // 2)
            self.assertEqual(scope.get("/allocations")["count"],
                             picture.heap["live_blocks"])
            picture.check_sums(self)
            scope.close_stdin()
            self.assertEqual(scope.wait(), 0)
            text = scope.stderr.all().decode()
            self.assertRegex(text, r"[0-9,]+ no room to remember the block")

    def test_more_stacks_than_there_is_room_for(self):
        count = 100000
        with Memscope(target("many_stacks"), str(count),
                      flags=(*FLAGS, "--store-limit", "12M")) as scope:
            stated = scope.json_line()
            picture = scope.named_picture()
            capture = picture.stats["capture"]
            unknown = picture.sum(("(unknown stack)",))
            self.assertEqual(unknown["alloc_count"], capture["unknown_stacks"])
            self.assertGreater(unknown["alloc_count"], 1000)
            # Nothing of it is lost but the stack.
            for name in NOTHING_LOST:
                self.assertEqual(capture[name], 0, name)
            self.assert_counts(
                picture.sum(("zero", "one", "(unknown stack)")), stated,
                ("alloc_count", "alloc_bytes", "free_count", "free_bytes",
                 "live_blocks", "live_bytes"))
            picture.check_sums(self)
            scope.close_stdin()
            self.assertEqual(scope.wait(), 0)
            self.assertIn("booked under no stack", scope.stderr.all().decode())

    def test_bad_sizes_are_refused(self):
        for size in ("", "x", "1M", "-5", "5T", "12Mb", "99999999999999G"):
            done = subprocess.run([BIN, "run", "--store-limit", size, "--",
                                   "/bin/true"], capture_output=True,
                                  timeout=60, check=False)
            self.assertEqual(done.returncode, 2, (size, done.stderr))
            self.assertTrue(re.search(b"no size", done.stderr), size)


if __name__ == "__main__":
    memscope_test.main()

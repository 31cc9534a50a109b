#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A realloc gives its old address away before it comes back. Whoever is given
that address meanwhile keeps it: at the end every block has its own size, its
own site and its own thread, and the sums of each site are the program's."""

import json
import os

from memscope_test import Memscope, TestCase, main, say, target, wait_until

SEED = int(os.environ.get("MEMSCOPE_TEST_SEED", os.getpid()))
COUNTS = ("live_blocks", "live_bytes", "alloc_count", "alloc_bytes",
          "free_count", "free_bytes", "realloc_count")


class Moves(TestCase):

    def check(self, movers, takers, moves, least, env=None, flags=()):
        command = (target("moves"), str(movers), str(takers), str(moves),
                   str(SEED))
        with Memscope(*command, env=env, flags=flags) as memscope:
            wait_until("what the victim says", lambda: any(
                '"given"' in line for line in memscope.stdout.lines()),
                patience=300)
            entries = [json.loads(line) for line in memscope.stdout.lines()]
            stated = {int(e["address"], 16): (e["size"], e["tid"], e["site"])
                      for e in entries if "address" in e}
            sites = {e["function"]: e for e in entries if "function" in e}
            given = entries[-1]["given"]
            picture = memscope.named_picture()
            picture.check_sums(self)
            for name, counts in sites.items():
                self.assert_counts(picture.sum([name]), counts, COUNTS)
            live = memscope.get("/allocations")
            self.assertEqual(live["count"], picture.heap["live_blocks"])
            self.assertEqual(live["bytes"], picture.heap["live_bytes"])
            functions = {s["id"]: s["function"] for s in picture.sites}
            tids = {t["id"]: t["tid"] for t in picture.threads}
            measured = {}
            for row in live["rows"]:
                if functions[row["site"]] in sites:
                    address = int(str(row["address"]), 0)
                    self.assertNotIn(address, measured)
                    measured[address] = (row["size"], tids[row["thread"]],
                                         functions[row["site"]])
            wrong = {a: (measured.get(a), stated.get(a))
                     for a in set(measured) | set(stated)
                     if measured.get(a) != stated.get(a)}
            self.assertEqual(list(wrong.items())[:5], [], "seed %d" % SEED)
            capture = picture.stats["capture"]
            for kind in ("dropped_allocs", "dropped_frees", "damaged"):
                self.assertEqual(capture[kind], 0, kind)
            # What dlsym keeps of its failures was allocated before us.
            self.assertLessEqual(capture["unknown_frees"], 2)
            say("seed %d: %d moves, %d addresses given to another thread "
                "meanwhile; %d blocks, each right" % (
                    SEED, sites["mover_resize"]["realloc_count"], given,
                    len(stated)))
            self.assertGreaterEqual(given, least)
            memscope.close_stdin()
            self.assertEqual(memscope.wait(), 0)

    def test_an_allocator_that_always_gives_the_old_address_away(self):
        self.check(3, 3, 300, 100, env={"LD_PRELOAD": target("arena.so")})

    def test_the_live_table_instead_of_the_index(self):
        self.check(3, 3, 300, 100, env={"LD_PRELOAD": target("arena.so")},
                   flags=("--store-limit", "67108864"))

    def test_one_heap_of_glibc_by_chance(self):
        self.check(3, 3, 100000, 0)


if __name__ == "__main__":
    main()

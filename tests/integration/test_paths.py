#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Exact by call path: what is booked at each stack, of allocations and of
frees, equals the log that the program itself keeps of that path."""

import json
import os
import re

from memscope_test import (Memscope, TestCase, main, say, target, wait_until)
from rows import FIELDS, Rows

SEED = int(os.environ.get("MEMSCOPE_TEST_SEED", os.getpid()))
TURN = re.compile(r"turn_(\d)_([01])$")


def path_of(stack):
    """(turns, pads, leaf) of a stack of the victim; None: none of its paths."""
    if not stack or not stack[0].startswith("take_"):
        return None
    pads = sum(name == "pad" for name in stack)
    turns = [TURN.match(name) for name in stack]
    turns = {int(m.group(1)): int(m.group(2)) for m in turns if m}
    whole = [stack[0]] + ["pad"] * pads
    for level in sorted(turns, reverse=True):
        whole += ["turn", "turn_%d_%d" % (level, turns[level])]
    whole += ["turn", "take", "one_operation", "worker_main"]
    if len(turns) != 6 or list(stack) != whole:
        return ("broken",) + stack
    return sum(bit << n for n, bit in turns.items()), pads, stack[0]


class Paths(TestCase):

    def log_of(self, memscope):
        """What the victim says: by thread, by path."""
        wait_until("the victim's logs", lambda: any(
            "end" in line for line in memscope.stdout.lines()[-1:]), 300)
        threads, paths = {}, {}
        for line in memscope.stdout.lines()[:-1]:
            entry = json.loads(line)
            if "tid" in entry:
                threads[entry["tid"]] = entry
            else:
                key = (entry["turns"], entry["pads"], entry["leaf"])
                paths[key] = entry
        return threads, paths

    def same(self, measured, stated, what):
        wrong = []
        for key in sorted(set(measured) | set(stated), key=str):
            here, there = ([n.get(key, {}).get(field, 0) for field in FIELDS]
                           for n in (measured, stated))
            if here != there:
                wrong.append("%s: %s, logged %s" % (key, here, there))
        self.assertEqual(wrong[:5], [], "%d of %d %s, seed %d" % (
            len(wrong), len(stated), what, SEED))

    def check(self, victim, threads, ops, flags=()):
        command = (target(victim), str(threads), str(ops), str(SEED))
        with Memscope(*command, flags=flags) as memscope:
            by_thread, by_path = self.log_of(memscope)
            self.assertEqual(len(by_thread), threads)
            memscope.settle()
            capture = memscope.stats()["capture"]
            for kind in ("dropped_allocs", "dropped_frees", "unknown_stacks",
                         "damaged"):
                self.assertEqual(capture[kind], 0, kind)
            rows = Rows(memscope.pid, memscope.program_pid(), target(victim))
            paths = {id: path_of(stack) for id, stack in rows.stacks.items()}
            self.same(rows.sums(lambda row: paths[row.stack]), by_path,
                      "by path")
            self.same(rows.sums(lambda row: row.tid if paths[row.stack]
                                else None), by_thread, "by thread")
            # The monitor's own sums are of the same rows.
            heap = memscope.stats()["heap"]
            whole = rows.sums(lambda row: True)[True]
            self.assertEqual(heap["alloc_bytes_total"], whole["alloc_bytes"])
            self.assertEqual(heap["free_count_total"], whole["free_count"])
            others = sum(row.free_count for row in rows.rows if row.owner)
            say("%s %s, %d threads, seed %d: %d paths, %d allocations, "
                "%d frees (%d of another thread's block), each as logged" % (
                    victim, " ".join(flags), threads, SEED, len(by_path),
                    whole["alloc_count"], whole["free_count"], others))
            if threads > 1:
                self.assertGreater(others, 0)
            memscope.close_stdin()
            self.assertEqual(memscope.wait(), 0)

    def test_one_thread(self):
        self.check("paths", 1, 200000)

    def test_two_threads(self):
        self.check("paths", 2, 100000)

    def test_eight_threads(self):
        self.check("paths", 8, 25000)

    def test_sixty_four_threads(self):
        self.check("paths", 64, 4000)

    def test_without_frame_pointers(self):
        self.check("paths_omit", 8, 25000)

    def test_the_other_backends_with_stacks(self):
        for backend in ("lockfree", "async"):
            with self.subTest(backend=backend):
                self.check("paths", 8, 10000, ("--backend", backend))


if __name__ == "__main__":
    main()

#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Thousands of signals a second, whose handlers allocate, resize and free
wherever they come, and jump out of it: the program's output and exit code are
its own, no event is lost uncounted, no stack is wrong, nothing hangs."""

import json
import os
import re

from hazard import Hazard
from memscope_test import Memscope, main, say, target, wait_until
from rows import Rows

VICTIM = target("bombarded")
BELOW = {"LD_PRELOAD": target("arena.so")}
SEED = os.environ.get("MEMSCOPE_TEST_SEED", str(os.getpid()))
SITES = ["bomb_allocate", "bomb_resize"]
EVENTS = 50000  # each thread's own, at least; the handlers' come on top
SIGNALS = 4000

# Called by the worker, called by a handler, whatever that has interrupted.
OWN = re.compile(
    r"(bomb_allocate|bomb_resize)( one_operation work)? worker_main$")
HANDLERS = re.compile(r"(bomb_allocate|bomb_resize) one_operation on_signal")
SHORT = re.compile(r"(bomb_allocate|bomb_resize)( one_operation)?$")


class Bombarded(Hazard):

    def bombard(self, how, threads):
        """Gives what the victim says, the last picture, the row's stacks."""
        command = [VICTIM, how, str(threads), str(EVENTS),
                   str(SIGNALS), SEED]
        with Memscope(*command, env=dict(BELOW, BOMBARDED_SAYS="1")) \
                as memscope:
            self.assertEqual(memscope.line(), "ready")
            memscope.settle()
            # What dlsym keeps of its failures was allocated before us.
            self.unknown = memscope.stats()["capture"]["unknown_frees"]
            memscope.write(b"\n")
            wait_until("the end of the storm",
                       lambda: len(memscope.stdout.lines()) == 3 or
                       memscope.popen.poll() is not None, 300)
            stated = memscope.json_line(2)
            picture = memscope.named_picture()
            picture.check_sums(self)
            rows = Rows(memscope.pid, memscope.program_pid(), VICTIM)
            memscope.close_stdin()
            self.assertEqual(memscope.wait(), 23)
            self.assertEqual(memscope.program_stderr(), "")
            self.assertEqual(memscope.stdout.all(),
                             b"ready\ndone\n" + json.dumps(
                                 stated, separators=(",", ":")).encode()
                             + b"\n")
        return stated, picture, rows

    def check_stacks(self, rows, threads):
        """How many events by each kind of stack. Each is one that there can
        be; short are only those of a stack that handlers have to themselves,
        which is read no further than its page."""
        kinds = {"own": 0, "handlers": 0, "short": 0}
        which = {}
        for id, stack in rows.stacks.items():
            if stack and stack[0] in SITES:
                names = " ".join(stack)
                which[id] = ("own" if OWN.match(names) else
                             "handlers" if HANDLERS.match(names) else
                             "short" if SHORT.match(names) else None)
                self.assertIsNotNone(which[id], "%s, seed %s" % (names, SEED))
        for row in rows.rows:
            if row.stack in which:
                kinds[which[row.stack]] += row.alloc_count
        self.assertGreater(kinds["own"], threads * EVENTS * 0.9)
        self.assertGreater(kinds["handlers"], 0)
        self.assertLess(kinds["short"], kinds["handlers"] + 100)
        return kinds

    def seen(self, picture):
        sums = picture.sum(SITES)
        capture = picture.stats["capture"]
        for kind in ("dropped_threads", "dropped_rows", "damaged"):
            self.assertEqual(capture[kind], 0, kind)
        # A free of what was allocated uncounted is seen as unknown; what a
        # handler did inside an event is counted, but not as what.
        return (sums["alloc_count"] + sums["free_count"]
                + capture["unknown_frees"] - self.unknown
                + capture["dropped_reentry"])

    def tell(self, how, threads, stated, picture, kinds):
        capture = picture.stats["capture"]
        say("%s, %d threads, seed %s: %d signals, %d jumps; %d events done, "
            "%d inside another; %s" % (
                how, threads, SEED, stated["signals"], stated["jumps"],
                stated["allocs"] + stated["frees"],
                capture["dropped_reentry"], kinds))

    def test_handlers_that_allocate_anywhere(self):
        for threads in (1, 4):
            with self.subTest(threads=threads):
                stated, picture, rows = self.bombard("stay", threads)
                kinds = self.check_stacks(rows, threads)
                self.tell("stay", threads, stated, picture, kinds)
                self.assertGreater(stated["signals"], SIGNALS - 1)
                done = stated["allocs"] + stated["frees"]
                # A free inside an event is counted among those, and once more
                # when the place is given anew and so found to be free.
                again = picture.stats["capture"]["dropped_reentry"]
                self.assertGreaterEqual(self.seen(picture), done)
                self.assertLessEqual(self.seen(picture), done + again)

    def test_handlers_that_jump_out_of_anything(self):
        for threads in (1, 4):
            with self.subTest(threads=threads):
                stated, picture, rows = self.bombard("jump", threads)
                kinds = self.check_stacks(rows, threads)
                self.tell("jump", threads, stated, picture, kinds)
                self.assertGreater(stated["jumps"], 20)
                done = stated["allocs"] + stated["frees"]
                # A jump leaves unknown what it interrupted: a realloc is two
                # events, and an event that was left is counted as well.
                # Frees inside an event are counted again, as without jumps.
                left = 3 * stated["jumps"]
                again = picture.stats["capture"]["dropped_reentry"]
                self.assertGreaterEqual(self.seen(picture), done - left)
                self.assertLessEqual(self.seen(picture), done + left + again)
                # Capture goes on after each of them.
                self.assertLess(again, 20 * stated["signals"])

    def test_only_events_from_further_in_follow_a_jump(self):
        stated, picture, _ = self.bombard("deeper", 1)
        self.assertGreater(stated["jumps"], 20)
        lost = picture.stats["capture"]["dropped_reentry"]
        say("deeper: %d jumps, %d events, %d inside another" % (
            stated["jumps"], stated["allocs"] + stated["frees"], lost))
        self.assertLess(lost, 20 * stated["signals"])

    def test_output_and_exit_code_are_the_programs(self):
        for how in ("stay", "jump"):
            with self.subTest(how=how):
                self.harmless([VICTIM, how, "4", "20000", "2000",
                               SEED], BELOW)


if __name__ == "__main__":
    main()

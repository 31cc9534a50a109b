#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A program that is killed leaves its last numbers behind, readable and
true."""

import json
import os
import signal

from memscope_test import Memscope, TestCase, main, say, target, wait_until

THREADS = 4
LARGEST = 2008  # of a block of the threads victim


class Kill9(TestCase):

    def kill(self, memscope):
        pid = memscope.program_pid()
        os.kill(pid, signal.SIGKILL)
        session = memscope.wait_ended()
        self.assertEqual(session["pid"], pid)
        self.assertEqual(session["end_reason"], "signal")
        self.assertEqual(session["signal"], signal.SIGKILL)
        self.assertIsNone(session["exit_code"])

    def check_snapshot(self, memscope, heap):
        status, _, head = memscope.post("/snapshots", {"name": "post mortem"})
        self.assertEqual(status, 201)
        status, headers, body = memscope.request(
            "GET", "/api/v1/snapshots/%d" % head["id"])
        self.assertEqual(status, 200)
        self.assertIn("attachment", headers["Content-Disposition"])
        snapshot = json.loads(body)
        self.assertEqual(snapshot["session"]["state"], "ended")
        self.assertEqual(snapshot["stats"]["heap"], heap)
        self.assertEqual(sum(site["live_bytes"] for site in snapshot["sites"]),
                         heap["live_bytes"])

    def end(self, memscope):
        """--keep-open keeps the page until Ctrl-C; the status is the
        program's."""
        memscope.interrupt()
        self.assertEqual(memscope.wait(), -signal.SIGKILL)

    def test_killed_at_rest_the_numbers_are_exact(self):
        command = (target("threads"), "--threads", str(THREADS),
                   "--ops", "50000")
        with Memscope(*command, flags=["--keep-open"]) as memscope:
            stated = memscope.json_line()
            self.kill(memscope)
            picture = memscope.named_picture()
            picture.check_sums(self)
            measured = picture.sum(stated["functions"])
            self.assert_counts(measured, stated, (
                "live_blocks", "live_bytes", "alloc_count", "alloc_bytes",
                "free_count", "free_bytes"))
            live = memscope.get("/allocations")
            self.assertEqual(live["count"], picture.heap["live_blocks"])
            self.assertEqual(live["bytes"], picture.heap["live_bytes"])
            say("killed at rest: %d blocks, %d bytes, as the program said"
                % (measured["live_blocks"], measured["live_bytes"]))
            self.check_snapshot(memscope, picture.heap)
            self.end(memscope)

    def test_killed_at_work_only_the_last_events_are_open(self):
        command = (target("threads"), "--threads", str(THREADS))
        with Memscope(*command, flags=["--keep-open"]) as memscope:
            memscope.settle()
            wait_until("some work", lambda: memscope.stats()["heap"]
                       ["alloc_count_total"] > 200000)
            self.kill(memscope)
            picture = memscope.named_picture()
            picture.check_sums(self)
            live = memscope.get("/allocations")
            blocks = abs(live["count"] - picture.heap["live_blocks"])
            size = abs(live["bytes"] - picture.heap["live_bytes"])
            say("killed at work: %d blocks live; index and ledgers differ by "
                "%d blocks, %d bytes" % (live["count"], blocks, size))
            # A thread is killed in the middle of one event at most; that of
            # a realloc has two halves.
            self.assertLessEqual(blocks, 2 * THREADS)
            self.assertLessEqual(size, 2 * THREADS * LARGEST)
            self.assertGreater(live["count"], 0)
            self.check_snapshot(memscope, picture.heap)
            self.end(memscope)


if __name__ == "__main__":
    main()

#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Nothing is lost and nothing invented: while eight threads allocate, resize
and free each other's blocks, every picture adds up, and at the end the live
index agrees with what the program counted."""

import os
import signal
import time

from memscope_test import Memscope, TestCase, main, say, target

SECONDS = float(os.environ.get("MEMSCOPE_TEST_SECONDS", "60"))


class Conservation(TestCase):

    def check_snapshot(self, memscope):
        status, headers, head = memscope.post("/snapshots", {"name": "check"})
        self.assertEqual(status, 201)
        path = "/snapshots/%d" % head["id"]
        self.assertTrue(headers["Location"].endswith(path))
        snapshot = memscope.get(path)
        heap = snapshot["stats"]["heap"]
        for rows in ("stacks", "sites", "threads"):
            for column in ("live_bytes", "live_blocks"):
                self.assertEqual(
                    sum(row[column] for row in snapshot[rows]), heap[column],
                    "%s of the snapshot's %s" % (column, rows))
        self.assertEqual(sum(snapshot["histograms"]["size"]["live_bytes"]),
                         heap["live_bytes"])
        self.assertEqual(head["live_bytes"], heap["live_bytes"])
        self.assertEqual(memscope.delete(path), 204)

    def watch(self, memscope):
        """Checks every tick that it can get hold of, for SECONDS."""
        end = time.monotonic() + SECONDS
        pictures, snapshots, last_seq = 0, 0, 0
        next_snapshot = time.monotonic()
        while time.monotonic() < end:
            picture = memscope.picture()
            if picture.stats["seq"] == last_seq:
                continue
            last_seq = picture.stats["seq"]
            picture.check_sums(self)
            pictures += 1
            if time.monotonic() >= next_snapshot:
                self.check_snapshot(memscope)
                snapshots += 1
                next_snapshot += 1
        return pictures, snapshots

    def test_eight_threads_add_up_at_every_tick(self):
        with Memscope(target("threads"), "--threads", "8") as memscope:
            memscope.settle()
            pictures, snapshots = self.watch(memscope)
            os.kill(memscope.program_pid(), signal.SIGUSR1)
            stated = memscope.json_line()
            picture = memscope.named_picture()
            picture.check_sums(self)
            measured = picture.sum(stated["functions"])
            names = ("live_blocks", "live_bytes", "alloc_count",
                     "alloc_bytes", "free_count", "free_bytes",
                     "realloc_count")
            self.assert_counts(measured, stated, names)
            live = memscope.get("/allocations")
            self.assertEqual(live["count"], picture.heap["live_blocks"])
            self.assertEqual(live["bytes"], picture.heap["live_bytes"])
            capture = picture.stats["capture"]
            for kind in ("dropped_allocs", "dropped_frees", "damaged"):
                self.assertEqual(capture[kind], 0, kind)
            monitor = memscope.status()["monitor"]
            say("%.0f s, %d pictures, %d snapshots, %d events, "
                "%d late ticks of %d; live %d blocks, %d bytes" % (
                    SECONDS, pictures, snapshots, capture["events_total"],
                    monitor["late_ticks"], monitor["ticks"],
                    live["count"], live["bytes"]))
            say("beside the victim's own: %s" %
                picture.others(stated["functions"]))
            self.assertGreater(pictures, 2 * SECONDS)
            self.assertGreater(snapshots, SECONDS / 4)
            memscope.close_stdin()
            self.assertEqual(memscope.wait(), 0)


if __name__ == "__main__":
    main()

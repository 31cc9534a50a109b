#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A viewer that books full and deltas has what the API answers, at the pace and
with the parts that it asked for, whatever other viewers do."""

import server_test
from server_test import proc_status_kib, say, wait_until
from viewers_case import ViewersCase


class Pictures(ViewersCase):
    def test_full_and_deltas_are_what_the_api_answers(self):
        viewer = self.viewer()
        viewer.subscribe(site={"n": 500})
        first = viewer.next()
        self.assertEqual(first["t"], "full")
        self.assertNotIn("th", first)
        for _ in range(12):
            self.same_as_the_api(viewer, "site", "/sites")
        # Past a step of the trends, 3 s apart.
        until = viewer.stats["uptime_ns"] + 3_300_000_000
        while viewer.stats["uptime_ns"] < until:
            self.assertEqual(viewer.next()["t"], "d")
        self.same_as_the_api(viewer, "site", "/sites")
        viewer.subscribe(th={"n": 10})
        viewer.receive_until("full")
        viewer = self.viewer()
        viewer.subscribe(th={"n": 10})
        self.same_as_the_api(viewer, "th", "/threads")

    def test_samples_have_no_gap(self):
        viewer = self.viewer()
        viewer.subscribe(hz=3)
        for _ in range(5):
            viewer.next()
        seqs = sorted(viewer.core)
        self.assertEqual(seqs, list(range(1, viewer.seq + 1)))

    def test_rows_are_only_what_changed(self):
        self.server.tell("busy 0")
        self.server.settle()
        viewer = self.viewer()
        viewer.subscribe(site={"n": 100})
        self.assertEqual(len(viewer.next()["site"]["rows"]), 100)

        def quiet():
            message = viewer.next()
            self.assertEqual(len(message["site"]["order"]), 100)
            return not message["site"]["rows"]
        wait_until("a message without rows", quiet, every=0)

    def test_a_viewer_that_never_acks_costs_nothing(self):
        silent, other = self.viewer(), self.viewer()
        silent.subscribe(site={"n": 500}, hist=True)
        other.subscribe(site={"n": 60})
        before = None
        for i in range(60):
            other.next()
            if i == 10:
                before = proc_status_kib(self.server.pid, "VmRSS")
        grown = proc_status_kib(self.server.pid, "VmRSS") - before
        say("%d KiB grown in 50 messages" % grown)
        if not server_test.SANITIZER:
            self.assertLess(grown, 1024)
        got = [silent.receive_until("full", "d") for _ in range(2)]
        self.assertEqual([m["t"] for m in got], ["full", "d"])
        # What comes then are heartbeats, until it acks.
        self.assertEqual(silent.receive()["t"], "hb")
        for message in got:
            silent.take(message)
        silent.ack()
        late = silent.next()
        self.assertEqual((late["t"], late["base"]), ("d", got[1]["seq"]))
        self.assertGreaterEqual(late["seq"], other.seq)
        self.assertEqual(sorted(silent.core), list(range(1, silent.seq + 1)))

    def test_those_who_only_say_that_they_have_painted_cost_little(self):
        self.server.tell("busy 300")
        liars = [self.viewer(receive_buffer=4096) for _ in range(10)]
        other = self.viewer()
        for liar in liars:
            liar.subscribe(site={"n": 100})
        other.subscribe(site={"n": 60})
        before = None
        for i in range(60):
            other.next()
            for liar in liars:
                liar.send({"t": "ack", "seq": 10 ** 15})
            if i == 10:
                before = proc_status_kib(self.server.pid, "VmRSS")
        grown = proc_status_kib(self.server.pid, "VmRSS") - before
        say("%d KiB grown in 50 messages" % grown)
        if not server_test.SANITIZER:
            self.assertLess(grown, 1024)
        self.assertEqual(sorted(other.core), list(range(1, other.seq + 1)))

    def test_a_viewer_that_does_not_read_slows_nobody(self):
        stopped = self.viewer(receive_buffer=4096)
        other = self.viewer()
        stopped.subscribe(site={"n": 500}, th={"n": 500}, hist=True)
        other.subscribe(site={"n": 10})
        for i in range(40):
            # It asks for a full picture again and again, and reads none.
            if i % 2 == 0:
                stopped.subscribe(site={"n": 500})
            other.next()
        seqs = sorted(other.core)
        self.assertEqual(seqs, list(range(1, other.seq + 1)))
        self.assertEqual(self.server.raw(self.server.head())[0], 200)

    def test_hz_is_kept(self):
        viewer = self.viewer()
        viewer.subscribe(hz=2)
        first = viewer.next()
        second = viewer.next()
        third = viewer.next()
        # In ticks of 100 ms, not in our time.
        self.assertGreaterEqual(second["seq"] - first["seq"], 4)
        self.assertGreaterEqual(third["seq"] - second["seq"], 4)

    def test_without_news_the_heart_beats(self):
        viewer = self.viewer()
        viewer.subscribe(hz=0)
        for _ in range(2):
            self.assertEqual(viewer.receive()["t"], "hb")
        viewer.subscribe(hz=10)
        self.assertEqual(viewer.next()["t"], "full")

    def test_slow_parts_come_as_asked(self):
        viewer = self.viewer()
        viewer.subscribe(hist=True)
        full = viewer.next()
        self.assertIn("monitor", full)
        self.assertEqual(full["hist"]["seq"], full["seq"])
        messages = [viewer.next() for _ in range(15)]
        self.assertLess(sum("hist" in m for m in messages), 5)
        self.assertGreater(sum("hist" in m for m in messages), 0)
        viewer.subscribe(hist=False)
        self.assertNotIn("hist", viewer.next())

    def test_what_is_asked_for_is_told_apart_from_what_was(self):
        viewer = self.viewer()
        viewer.subscribe(sub=1, site={"n": 3})
        wait_until("the sites", lambda: viewer.next()["sub"] == 1 and
                   viewer.total >= 20, every=0)
        for number in range(2, 12):
            now = (viewer.epoch, viewer.seq)
            viewer.subscribe(sub=number, site={"n": 20}, resume=now, hist=True)
            while (answer := viewer.next())["sub"] != number:
                self.assertEqual(answer["sub"], number - 1)
            # The first of them has all that it wants.
            self.assertEqual(len(answer["site"]["rows"]), 20)
            self.assertIn("hist", answer)

    def test_a_snapshot_can_be_taken(self):
        viewer = self.viewer()
        viewer.send({"t": "cmd", "id": 5, "op": "snapshot", "name": "now"})
        answer = viewer.receive_until("res")
        self.assertEqual((answer["id"], answer["ok"]), (5, True))
        self.assertEqual(self.server.get("/snapshots")["snapshots"],
                         [answer["snapshot"]])
        viewer.send({"t": "cmd", "id": 6, "op": "format"})
        answer = viewer.receive_until("res")
        self.assertEqual((answer["id"], answer["ok"], answer["code"]),
                         (6, False, "bad_request"))
        self.assertEqual(self.viewer().hello["snapshots"],
                         self.server.get("/snapshots")["snapshots"])


if __name__ == "__main__":
    server_test.main()

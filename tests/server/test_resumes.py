#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A viewer that was cut off goes on where it was, or begins anew."""

import server_test
from viewers_case import ViewersCase


class Resumes(ViewersCase):
    def test_resume_goes_on_without_a_gap(self):
        viewer = self.viewer()
        viewer.subscribe(site={"n": 500})
        for _ in range(3):
            viewer.next()
        epoch, seq, core = viewer.epoch, viewer.seq, viewer.core
        viewer.__exit__()
        self.server.settle()
        again = self.viewer()
        again.subscribe(site={"n": 500}, resume=(epoch, seq))
        again.epoch, again.seq, again.core = epoch, seq, core
        message = again.next()
        self.assertEqual((message["t"], message["base"]), ("d", seq))
        self.assertEqual(len(message["site"]["rows"]),
                         len(message["site"]["order"]))
        self.assertEqual(sorted(again.core), list(range(1, again.seq + 1)))
        self.same_as_the_api(again, "site", "/sites")
        # On the same connection too: nothing of before counts.
        again.subscribe(hz=0)
        again.receive_until("hb")  # what was under way has come
        again.subscribe(site={"n": 500}, resume=(again.epoch, again.seq))
        message = again.next()
        self.assertEqual(message["t"], "d")
        self.assertEqual(len(message["site"]["rows"]),
                         len(message["site"]["order"]))

    def test_resume_of_another_epoch_or_moment_gives_a_full(self):
        for epoch, seq in (("0123456789abcdef", 1), (None, 10 ** 9),
                           (None, 0)):
            viewer = self.viewer()
            viewer.subscribe(site={"n": 5}, resume=(
                epoch or viewer.hello["epoch"], seq))
            self.assertEqual(viewer.next()["t"], "full")

    def test_a_late_resume_changes_nothing(self):
        self.server.settle()
        viewer = self.viewer()
        viewer.subscribe(site={"n": 500})
        self.assertEqual(viewer.next()["t"], "full")
        viewer.send({"t": "resume", "epoch": viewer.epoch, "seq": 1})
        for _ in range(3):
            self.assertEqual(viewer.next()["t"], "d")
        self.same_as_the_api(viewer, "site", "/sites")


if __name__ == "__main__":
    server_test.main()

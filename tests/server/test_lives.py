#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A viewer is told of the ends and beginnings of programs and of the server, and
nothing is left of it when it goes."""

import socket

import server_test
from server_test import Host, wait_until
from ws_client import Viewer
from viewers_case import ViewersCase


class Lives(ViewersCase):
    def test_the_end_is_said_after_the_last_delta(self):
        viewer = self.viewer()
        viewer.subscribe(site={"n": 10})
        viewer.next()
        self.server.tell("busy 0")
        self.server.tell("end 256")
        while True:
            message = viewer.receive_until("full", "d", "session")
            if message["t"] == "session":
                break
            viewer.take(message)
            viewer.ack()
        session = message["session"]
        self.assertEqual((session["state"], session["exit_code"]),
                         ("ended", 1))
        self.assertTrue(viewer.stats["ended"])
        self.assertEqual(session["seq"], viewer.seq)
        self.assertEqual(viewer.receive()["t"], "hb")
        # It is still there to be looked at.
        viewer.subscribe(site={"n": 10, "sort": "id"})
        self.assertEqual(viewer.next()["t"], "full")
        late = self.viewer()
        self.assertEqual(late.hello["state"], "ended")
        late.subscribe()
        self.assertEqual(late.next()["t"], "full")
        self.assertEqual(late.receive_until("session", "d")["t"], "session")

    def test_other_processes_are_told_of(self):
        viewer = self.viewer()
        viewer.subscribe(hz=0)
        self.server.tell("other")
        session = viewer.receive_until("session")["session"]
        self.assertEqual((session["id"], session["state"], session["primary"]),
                         (2, "running", False))
        viewer.subscribe(hz=10)
        viewer.next()
        self.server.tell("otherend")
        while (message := viewer.receive_until("d", "session"))["t"] == "d":
            viewer.take(message)
            viewer.ack()
        self.assertEqual((message["session"]["id"],
                          message["session"]["state"]), (2, "ended"))
        # Once each, and not at all to who has learnt it from the hello.
        late = self.viewer()
        self.assertEqual([s["id"] for s in late.hello["sessions"]], [1, 2])
        for one in (viewer, late):
            one.subscribe(hz=10)
            for _ in range(12):
                one.take(one.receive_until("full", "d", "session"))
                one.ack()

    def test_exec_begins_anew(self):
        viewer = self.viewer()
        viewer.subscribe(site={"n": 10})
        viewer.next()
        # Not even acks of the old program are needed to see the new one.
        viewer.next(ack=False)
        viewer.next(ack=False)
        self.server.tell("open")
        self.server.tell("sites 5")
        hello = viewer.receive_until("hello")
        self.assertNotEqual(hello["epoch"], viewer.epoch)
        viewer.forget()
        while viewer.next()["t"] != "full" or viewer.total != 5:
            pass
        self.assertEqual(viewer.epoch, hello["epoch"])
        self.assertEqual(sorted(viewer.core), list(range(1, viewer.seq + 1)))

    def test_before_the_first_session_viewers_wait(self):
        with Host(session=False) as server:
            viewer = Viewer(server)
            self.addCleanup(viewer.__exit__)
            self.assertIsNone(viewer.hello["session"])
            viewer.subscribe(site={"n": 10})
            self.assertEqual(viewer.receive()["t"], "hb")
            server.tell("open")
            self.assertGreaterEqual(viewer.receive_until("full")["seq"], 1)
            server.stop()

    def test_at_the_end_of_the_server_viewers_are_told(self):
        viewers = [self.viewer() for _ in range(5)]
        for viewer in viewers[1:]:
            viewer.subscribe(site={"n": 50})
        deaf = self.viewer(receive_buffer=4096)
        deaf.subscribe(site={"n": 500}, th={"n": 500})
        self.server.stop()
        for viewer in viewers:
            self.assertEqual(viewer.receive_until("bye")["why"], "exit")
            self.assertEqual(viewer.closing().code, 1001)

    def test_gone_viewers_leave_nothing_behind(self):
        before = self.server.open_files()
        for how in range(30):
            viewer = self.viewer()
            if how % 3:
                viewer.subscribe(site={"n": 500})
            if how % 3 == 1:
                viewer.next()
            if how % 2:
                viewer.socket.shutdown(socket.SHUT_RDWR)
            viewer.socket.close()
        wait_until("all viewers to be forgotten", lambda: self.server.status()[
            "monitor"]["clients"] == 0)
        wait_until("all descriptors to be given back",
                   lambda: self.server.open_files() <= before)
        self.server.stop()


if __name__ == "__main__":
    server_test.main()

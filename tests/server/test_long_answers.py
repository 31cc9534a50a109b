#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Long answers keep nobody waiting: while ten exports and flames of a large
program are made, and while they go to readers that hardly read, ticks go on, a
viewer gets each of them, and other requests are answered."""

import select
import socket

import server_test
from server_test import Kept, read_answer, say, wait_until
from ws_client import Viewer

SITES = 20000 if not server_test.SANITIZER else 4000
ROUNDS = 40
LONG = ("/api/v1/flame?by=line", "/api/v1/export?format=collapsed",
        "/api/v1/export?format=speedscope", "/api/v1/allocations",
        "/api/v1/export?format=html")


class LongAnswers(server_test.HostCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.tell("sites %d" % SITES)
        cls.server.settle()
        # Names are looked for once; an export waits for them.
        for path in LONG:
            assert cls.server.request("GET", path)[0] == 200
        cls.server.tell("busy 20")

    def begin(self, path, receive_buffer=None):
        s = self.server.connect(receive_buffer)
        self.addCleanup(s.close)
        s.sendall(self.server.head("GET " + path))
        return s

    def followed(self, viewer):
        """(messages per tick, late ticks) of a viewer over some rounds."""
        late = self.server.status()["monitor"]["late_ticks"]
        begin = viewer.seq
        for _ in range(ROUNDS):
            viewer.next()
        return (ROUNDS / (viewer.seq - begin),
                self.server.status()["monitor"]["late_ticks"] - late)

    def test_others_are_answered_while_they_are_made(self):
        with Kept(self.server) as other:
            other.ask()
            waiting = [self.begin(path) for path in LONG * 2]
            answers = 0
            while len(select.select(waiting, [], [], 0)[0]) < len(waiting):
                self.assertEqual(other.ask()[0], 200)
                answers += 1
            say("%d answers while ten long ones were made" % answers)
            self.assertGreater(answers, 5)
        for s in waiting:
            status, data = read_answer(s)
            self.assertEqual((status, data[-7:]), (200, b"\r\n0\r\n\r\n"))

    def test_ticks_and_viewers_go_on_beside_slow_readers(self):
        with Viewer(self.server) as viewer:
            viewer.subscribe(site={"n": 60}, th={"n": 60})
            viewer.next()
            alone = self.followed(viewer)
            slow = [self.begin(path, receive_buffer=4096)
                    for path in LONG * 2]
            for s in slow:
                self.assertTrue(s.recv(512))
            beside = self.followed(viewer)
            # And new ones are made: nobody who works waits for a reader.
            for path in LONG:
                self.assertEqual(self.server.request("GET", path)[0], 200)
            say("messages per tick: %.2f, %.2f without; late ticks: %d, %d "
                "without" % (beside[0], alone[0], beside[1], alone[1]))
            self.assertGreater(beside[0], alone[0] / 3)
            self.assertEqual(sorted(viewer.core),
                             list(range(1, viewer.seq + 1)))
        for s in slow:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
            self.assertTrue(read_answer(s)[1].endswith(b"\r\n0\r\n\r\n"))

    def test_who_leaves_in_the_middle_leaves_nothing(self):
        files = self.server.open_files()
        for path in LONG * 4:
            with self.server.connect(receive_buffer=4096) as s:
                s.sendall(self.server.head("GET " + path))
                if path == LONG[0]:
                    s.recv(100)
        wait_until("all descriptors to be given back",
                   lambda: self.server.open_files() <= files)
        self.assertEqual(self.server.raw(self.server.head())[0], 200)


if __name__ == "__main__":
    server_test.main()

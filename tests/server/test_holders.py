#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A hundred downloads that are not read hold nothing that others wait for:
ticks, the program, other requests and viewers go on; and so do they, when they
read at last."""

import socket

import server_test
from server_test import PATIENCE, Host, say, wait_until
from ws_client import Viewer

HOLDERS = 100


class Holders(server_test.TestCase):
    def setUp(self):
        self.server = Host()
        self.addCleanup(self.server.__exit__)
        self.addCleanup(self.server.stop)
        self.server.tell("sites 300")
        self.server.tell("blocks 200000")
        self.server.tell("busy 20")

    def hold(self, path):
        """A download of which the beginning was read."""
        s = socket.socket()
        self.addCleanup(s.close)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.settimeout(PATIENCE)
        s.connect((self.server.host, self.server.port))
        s.sendall(self.server.head("GET " + path))
        self.assertTrue(s.recv(12).startswith(b"HTTP/1.1 200"))
        return s

    def counts(self):
        return (self.server.ticks(),
                self.server.stats()["heap"]["alloc_count_total"])

    def test_who_does_not_read_holds_nobody_up(self):
        number = self.server.post("/snapshots", {})[2]["id"]
        paths = ("/api/v1/allocations", "/api/v1/snapshots/%d" % number,
                 "/api/v1/sites?limit=10000", "/api/v1/flame")
        held = [self.hold(paths[i % len(paths)]) for i in range(HOLDERS)]
        before = self.counts()
        with Viewer(self.server) as viewer:
            viewer.subscribe(site={"n": 50})
            self.assertEqual(viewer.next()["t"], "full")
            for _ in range(10):
                self.assertEqual(viewer.next()["t"], "d")
        wait_until("twenty ticks", lambda:
                   self.server.ticks() >= before[0] + 20)
        wait_until("the program goes on", lambda:
                   self.counts()[1] >= before[1] + 200)
        # They have held all the while, and can go on.
        for i, s in enumerate(held):
            if paths[i % len(paths)] == "/api/v1/allocations":
                got = 0
                while got < 20000:
                    piece = len(s.recv(65536))
                    self.assertGreater(piece, 0, "it was given up")
                    got += piece
        after = self.counts()
        say("%d ticks and %d allocations beside %d downloads that stood still"
            % (after[0] - before[0], after[1] - before[1], HOLDERS))


if __name__ == "__main__":
    server_test.main()

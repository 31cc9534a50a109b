#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Long answers are made piece by piece: the server's memory does not grow
with them, and who goes away in the middle leaves nothing behind."""

import json

import server_test
from server_test import proc_status_kib, say, wait_until

# A sanitizer looks at who touches what, not at how much there is.
BLOCKS = 1000000 if not server_test.SANITIZER else 50000
SITES = 50000 if not server_test.SANITIZER else 5000
GONE = 300  # in the middle of an answer
GROWTH_KIB = 4096  # of answers of 20 MB and more


def anonymous_kib(pid):
    """Memory of its own: the segment that it reads is the program's."""
    return proc_status_kib(pid, "RssAnon")


class Streams(server_test.HostCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.tell("sites %d" % SITES)
        cls.server.settle()
        cls.server.get("/sessions")

    def stream(self, path, piece=1 << 20):
        """Reads an answer piece by piece: (bytes, highest memory seen)."""
        total, highest, tail = 0, 0, b""
        with self.server.connect() as s:
            s.sendall(self.server.head("GET " + path))
            while data := s.recv(piece):
                total += len(data)
                tail = (tail + data)[-200:]
                highest = max(highest, anonymous_kib(self.server.pid))
        self.assertTrue(tail.endswith(b"}\n\r\n0\r\n\r\n"), tail)
        return total, highest

    def holds_its_memory(self, path, least):
        before = anonymous_kib(self.server.pid)
        total, highest = self.stream(path)
        say("%s: %d MB, %d KiB grown" % (path, total >> 20, highest - before))
        self.assertGreater(total, least)
        if not server_test.SANITIZER:
            self.assertLess(highest - before, GROWTH_KIB)

    def test_1_a_snapshot_is_streamed(self):
        _, _, head = self.server.post("/snapshots", {"name": "large"})
        path = "/api/v1/snapshots/%d" % head["id"]
        self.holds_its_memory(path, SITES * 400)
        status, _, data = self.server.request("GET", path)
        snapshot = json.loads(data)
        self.assertEqual((status, len(snapshot["sites"])), (200, SITES))
        self.assertEqual(sum(s["live_bytes"] for s in snapshot["sites"]),
                         snapshot["stats"]["heap"]["live_bytes"])
        # One that is deleted while it is read stays whole.
        with self.server.connect() as s:
            s.sendall(self.server.head("GET " + path))
            start = s.recv(1000)
            self.assertEqual(self.server.delete(path[7:]), 204)
            status, rest = server_test.read_answer(s)
            self.assertTrue(start.startswith(b"HTTP/1.1 200 "))
            self.assertTrue(rest.endswith(b"}\n\r\n0\r\n\r\n"), rest[-100:])

    def test_2_live_blocks_are_streamed(self):
        self.server.tell("blocks %d" % BLOCKS)
        self.server.settle()
        self.holds_its_memory("/api/v1/allocations", BLOCKS * 60)
        heap = self.server.stats()["heap"]
        self.assertEqual(heap["live_blocks"], BLOCKS + SITES)
        with self.server.connect() as s:
            # The end has the sums.
            s.sendall(self.server.head("GET /api/v1/allocations"))
            tail = b""
            while data := s.recv(1 << 20):
                tail = (tail + data)[-300:]
        self.assertIn(b'"count":%d' % heap["live_blocks"], tail)
        self.assertIn(b'"bytes":%d' % heap["live_bytes"], tail)

    def test_3_others_are_answered_beside_a_stream(self):
        with self.server.connect(receive_buffer=4096) as s:
            s.sendall(self.server.head("GET /api/v1/allocations"))
            self.assertTrue(s.recv(100))
            self.assertEqual(self.server.raw(self.server.head())[0], 200)
            # Still under way, and to its end.
            total = 0
            while data := s.recv(1 << 20):
                total += len(data)
                tail = data[-20:]
            self.assertGreater(total, BLOCKS * 60)
            self.assertTrue(tail.endswith(b"0\r\n\r\n"))

    def test_3_who_goes_away_leaves_nothing_behind(self):
        _, _, head = self.server.post("/snapshots", {"name": "large"})
        files = self.server.open_files()
        before = anonymous_kib(self.server.pid)
        for i in range(GONE):
            with self.server.connect(receive_buffer=4096) as s:
                s.sendall(self.server.head("GET " + (
                    "/api/v1/snapshots/%d" % head["id"] if i % 2
                    else "/api/v1/allocations")))
                self.assertTrue(s.recv(4096))
        wait_until("all descriptors to be given back",
                   lambda: self.server.open_files() <= files)
        self.assertEqual(self.server.delete("/snapshots/%d" % head["id"]), 204)
        grown = anonymous_kib(self.server.pid) - before
        say("%d KiB grown by %d who went away" % (grown, GONE))
        if not server_test.SANITIZER:
            self.assertLess(grown, GROWTH_KIB)


if __name__ == "__main__":
    server_test.main()

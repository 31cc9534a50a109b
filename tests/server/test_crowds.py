#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Connections that get nowhere, more of them than there are places: a good
request beside them is answered while they are still open."""

import contextlib
import os
import pathlib
import resource
import signal
import socket

import server_test
from server_test import Host, read_answer, wait_until
from ws_client import WebSocket

HEADS_PENDING = 128  # of server/dispatcher.h
HTTP_CONNECTIONS = 256  # of server/http.h


def stands_still(pid):
    return all(stat.read_text("ascii").rsplit(")", 1)[1].split()[0] == "T"
               for stat in pathlib.Path("/proc/%d/task" % pid).glob("*/stat"))


@contextlib.contextmanager
def stopped(pid):
    os.kill(pid, signal.SIGSTOP)
    try:
        wait_until("all threads to stand still", lambda: stands_still(pid))
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


class Crowds(server_test.HostileCase):
    @classmethod
    def setUpClass(cls):
        # Both sides of 1000 connections, and what else is open.
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(8192, hard), hard))
        super().setUpClass()

    def hold_open(self, count, data):
        held = []
        self.addCleanup(lambda: [s.close() for s in held])
        for _ in range(count):
            s = self.server.connect()
            held.append(s)
            if data:
                s.sendall(data)
        return held

    def still_open(self, held):
        """How many of them nobody has answered or closed."""
        count = 0
        for s in held:
            s.setblocking(False)
            try:
                s.recv(1, socket.MSG_PEEK)
            except BlockingIOError:
                count += 1
            except ConnectionError:
                pass
        return count

    def test_200_half_heads_lock_nobody_out(self):
        for head in (self.server.head()[:-2],
                     self.server.head("POST /api/v1/snapshots")[:-2]):
            held = self.hold_open(200, head)
            self.a_good_request_is_answered()
            self.assertGreater(self.still_open(held), 0)
            self.assertLessEqual(self.still_open(held), HEADS_PENDING)

    def test_1000_idle_connections_lock_nobody_out(self):
        held = self.hold_open(1000, b"")
        self.a_good_request_is_answered()
        self.assertGreater(self.still_open(held), 0)

    def test_bodies_that_do_not_come_lock_nobody_out(self):
        held = self.hold_open(2 * HTTP_CONNECTIONS + 50, self.server.head(
            "POST /api/v1/snapshots", "Content-Type: application/json",
            "Content-Length: 60000") + b"{")
        self.a_good_request_is_answered()
        self.assertGreater(self.still_open(held), 0)

    def test_what_came_whole_is_read_before_others_go_for_new_ones(self):
        """The last of them come in one go, as to a server that was busy."""
        body = self.server.head(
            "POST /api/v1/snapshots", "Content-Type: application/json",
            "Content-Length: 60000") + b"{"
        self.hold_open(HTTP_CONNECTIONS - 10, body)
        self.a_good_request_is_answered()
        with stopped(self.server.pid):
            good = self.hold_open(1, self.server.head())[0]
            self.hold_open(40, body)
        status, answer = read_answer(good)
        self.assertEqual(status, 200, answer)

    def test_what_was_closed_leaves_nothing_behind(self):
        before = self.server.open_files()
        for data in (b"", b"GET", self.server.head(), b"\0\0\0\0"):
            for s in self.hold_open(50, data):
                s.close()
        self.a_good_request_is_answered()
        wait_until("all descriptors to be given back",
                   lambda: self.server.open_files() <= before)


def held_files(server):
    """Without those that a tick opens for a moment."""
    return min(server.open_files() for _ in range(50))


class FewDescriptors(server_test.TestCase):
    def test_without_descriptors_old_connections_go_and_nothing_spins(self):
        with Host() as server:
            in_use = held_files(server)
            resource.prlimit(server.pid, resource.RLIMIT_NOFILE,
                             (in_use + 20, in_use + 20))
            held = [server.connect() for _ in range(60)]
            # Silent ones go for it.
            self.assertEqual(server.raw(server.head())[0], 200)
            for s in held:
                s.close()
            # So do those whose bodies do not come.
            body = server.head("POST /api/v1/snapshots", "Content-Type: "
                               "application/json", "Content-Length: 9") + b"{"
            held = [server.connect() for _ in range(40)]
            for s in held:
                s.sendall(body)
            self.assertEqual(server.raw(server.head())[0], 200)
            for s in held:
                s.close()
            # Viewers stay: who comes after them has to wait, and costs little.
            wait_until("the bodies' connections to be closed",
                       lambda: held_files(server) <= in_use)
            viewers = []
            while held_files(server) < in_use + 20:
                viewers.append(WebSocket(server))
            before = server.tell("cpu")
            with server.connect() as waits:
                waits.sendall(server.head())
                waits.settimeout(1)
                with self.assertRaises(TimeoutError):
                    waits.recv(1)
                used = server.tell("cpu") - before
                for viewer in viewers:
                    viewer.__exit__()
                waits.settimeout(server_test.PATIENCE)
                self.assertEqual(read_answer(waits)[0], 200)
            server_test.say("waited at the cost of %.0f ms" % (used / 1e6))
            if not server_test.SANITIZER:
                self.assertLess(used, 1.5e8)  # ticks alone; spinning: all
            server.stop()


if __name__ == "__main__":
    server_test.main()

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The other doors, as SECURITY.md says: a Unix socket, a server that is only
read, and files that hold tokens."""

import os
import socket
import stat
import subprocess

import server_test
from access_case import JSON, STATUS, TOKEN, AccessCase, as_root, begins
from server_test import Host
from ws_client import Refused, WebSocket
from strangers import Stranger


class UnixSocket(AccessCase):
    @classmethod
    def setUpClass(cls):
        cls.make_directory()
        cls.path = os.path.join(cls.directory, "scope.sock")
        with socket.socket(socket.AF_UNIX) as stale:
            stale.bind(cls.path)  # nobody listens there: it is replaced
        cls.server = Host("unix=" + cls.path, "unix-only=1", session=False)

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        assert not os.path.exists(cls.path), "it is removed at the end"

    def connect(self):
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(server_test.PATIENCE)
        s.connect(self.path)
        return s

    def raw(self, line, *headers, host="localhost"):
        with self.connect() as s:
            s.sendall(self.server.head(line, "Host: " + host, *headers,
                                       host=False))
            return server_test.read_answer(s)

    def test_it_is_there_and_no_port_is(self):
        self.assertEqual(stat.S_IMODE(os.stat(self.path).st_mode), 0o600)
        self.assertEqual(self.server.entry, "unix:" + self.path)
        self.assertEqual(self.server.port, 0)
        done = subprocess.run(["ss", "-Hltnp"], stdout=subprocess.PIPE,
                              check=True)
        self.assertNotIn(b"pid=%d," % self.server.pid, done.stdout)

    def test_hosts_by_the_socket(self):
        for host, status in (("localhost", 200), ("127.0.0.1", 200),
                             ("LOCALHOST", 200), ("evil.com", 421), ("", 421),
                             ("localhost:7070", 421)):
            with self.subTest(host):
                self.assertEqual(self.raw(STATUS, host=host)[0], status)

    def test_curl_gets_the_page(self):
        done = subprocess.run(
            ["curl", "-sS", "--unix-socket", self.path,
             "http://localhost/"], stdout=subprocess.PIPE, check=True)
        self.assertIn(b"<title>memscope</title>", done.stdout)

    def test_a_viewer_comes_in(self):
        outer = self

        class Front:
            @staticmethod
            def head(line, *headers, host=True):
                own = ("Host: localhost",) if host else ()
                return outer.server.head(line, *own, *headers, host=False)
        ws = WebSocket.__new__(WebSocket)
        with self.connect() as s:
            ws.upgrade(Front, s)
            self.assertEqual(ws.receive()["t"], "hello")
        with self.connect() as s, self.assertRaises(Refused) as refused:
            ws.upgrade(Front, s, headers=("Origin: http://evil.com",))
        self.assertEqual(refused.exception.status, 403)

    @as_root
    def test_a_stranger_is_refused_twice(self):
        data = self.server.head(STATUS, "Host: localhost", host=False)
        with Stranger() as stranger:
            os.chmod(self.directory, 0o755)
            self.assertEqual(stranger.ask(self.path, data)[0], None)
            os.chmod(self.path, 0o666)  # as somebody may do it who should not
            self.assertEqual(stranger.ask(self.path, data)[0], 403)
            os.chmod(self.path, 0o600)

    def test_one_that_is_too_busy_to_answer_is_not_taken(self):
        path = os.path.join(self.directory, "busy")
        with socket.socket(socket.AF_UNIX) as busy:
            busy.bind(path)
            busy.listen(0)
            callers = []
            try:
                while True:
                    callers.append(socket.socket(socket.AF_UNIX))
                    callers[-1].setblocking(False)
                    callers[-1].connect(path)
            except BlockingIOError:
                pass  # as many wait as may
            self.assertEqual(begins("unix=" + path, "unix-only=1")[0], 1)
            for caller in callers:
                caller.close()
            self.assertTrue(os.path.exists(path))

    def test_what_is_there_is_not_taken(self):
        other = os.path.join(self.directory, "file")
        with open(other, "w", encoding="ascii") as f:
            f.write("kept")
        for path, why in (
                (self.path, ""),  # a port that is taken is not said either
                (other, "is no socket"), ("/dev/null", "is no socket"),
                (self.directory, "is no socket"),
                ("/nowhere/at/all", "No such file"),
                ("/" + "x" * 120, "longer than a socket's")):
            with self.subTest(path):
                status, said = begins("unix=" + path, "unix-only=1")
                self.assertEqual(status, 1)
                self.assertIn(why, said)
        with open(other, encoding="ascii") as f:
            self.assertEqual(f.read(), "kept")
        self.assertEqual(self.raw(STATUS)[0], 200)


class ReadOnly(AccessCase):
    options = ("read-only=1",)

    def test_nothing_is_changed(self):
        for line, body, status in (
                ("POST /api/v1/snapshots", b"{}", 403),
                ("POST /api/v1/snapshots/import", b"{}", 403),
                ("DELETE /api/v1/snapshots/1", b"", 403),
                ("POST /api/v1/control", b'{"mode":"off"}', 403),
                ("POST /api/v1/leakscan", b"{}", 403),
                ("POST /api/v1/query", b'{"sql":"select 1"}', 200),
                ("PUT /api/v1/snapshots", b"", 405),
                ("GET /api/v1/snapshots", b"", 200)):
            with self.subTest(line):
                got, answer = self.server.raw(self.server.head(
                    line, JSON, "Content-Length: %d" % len(body)) + body)
                self.assertEqual(got, status, answer[:300])
        self.assertEqual(self.server.get("/snapshots")["snapshots"], [])
        self.assertIs(self.server.status()["read_only"], True)

    def test_a_viewers_command_is_refused(self):
        with WebSocket(self.server) as ws:
            self.assertIs(ws.receive()["read_only"], True)
            ws.send({"t": "sub", "hz": 0})
            ws.send({"t": "cmd", "id": 7, "op": "snapshot", "name": "a"})
            answer = ws.receive_until("res")
        self.assertEqual((answer["id"], answer["ok"], answer["code"]),
                         (7, False, "forbidden"))
        self.assertEqual(self.server.get("/snapshots")["snapshots"], [])


class TokenFiles(AccessCase):
    @classmethod
    def setUpClass(cls):
        cls.make_directory()

    @classmethod
    def tearDownClass(cls):
        pass

    def test_what_is_no_token_is_said_and_nothing_listens(self):
        fifo = os.path.join(self.directory, "fifo")
        os.mkfifo(fifo, 0o600)
        for path, why in (
                (self.write_token("open", TOKEN, 0o640), "chmod 600"),
                (self.write_token("written", TOKEN, 0o602), "chmod 600"),
                (self.write_token("short", "x" * 15), "16 to 128"),
                (self.write_token("long", "x" * 129), "16 to 128"),
                (self.write_token("empty", ""), "16 to 128"),
                (self.write_token("lines", "x" * 16 + "\n" + "y" * 16),
                 "one line"),
                (self.write_token("odd", TOKEN + "; secure"), "one line"),
                (fifo, "no file"), (self.directory, "no file"),
                (self.directory + "/none", "No such file")):
            with self.subTest(path):
                status, said = begins("token-file=" + path)
                self.assertEqual(status, 1)
                self.assertIn("memscope: %s: " % path, said)
                self.assertIn(why, said)
        good = self.write_token("good", "x" * 128 + "\r\n")
        self.assertEqual(begins("token-file=" + good), (0, ""))

    @as_root
    def test_another_users_file_is_not_taken(self):
        path = self.write_token("theirs", TOKEN)
        os.chown(path, 65534, 65534)
        status, said = begins("token-file=" + path)
        self.assertEqual(status, 1)
        self.assertIn("another user", said)

    def test_hosts_that_are_none_are_said(self):
        for names in ("", "a b", "a,,b", "http://a", "a/b", "x" * 300,
                      ",".join("abcdefghi")):
            with self.subTest(names):
                status, said = begins("allow-hosts=" + names)
                self.assertEqual(status, 1)
                self.assertIn("hosts to allow are NAME", said)


if __name__ == "__main__":
    server_test.main()

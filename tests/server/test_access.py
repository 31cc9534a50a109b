#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Who may come in, as SECURITY.md says: tables of requests, of whom they are,
and of the answers that are due."""

import os
import re
import socket
import stat
import subprocess
import tempfile
import unittest

import server_test
from server_test import Host, Refused, WebSocket, error_code, wait_until
from strangers import Stranger

TOKEN = "correct-horse-battery-staple"
UPGRADE = ("Upgrade: websocket", "Connection: Upgrade",
           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
           "Sec-WebSocket-Version: 13", "Sec-WebSocket-Protocol: memscope.v1")
STATUS = "GET /api/v1/status"
JSON = "Content-Type: application/json"
as_root = unittest.skipUnless(os.geteuid() == 0,
                              "needs root to be somebody else")


def header(answer, name):
    found = re.search(rb"\r\n%s: ([^\r]*)\r\n" % name.encode(), answer)
    return found.group(1).decode() if found else None


def begins(*options):
    """(exit status, what it said) of a host that is ended at once."""
    with server_test.Process([
            os.path.join(server_test.BUILD, "tests/server/fake_host"),
            *options]) as process:
        process.close_stdin()
        return process.wait(), process.stderr.all().decode()


class AccessCase(server_test.TestCase):
    """One host, begun with the class's options."""

    options = ()
    token = None

    @classmethod
    def setUpClass(cls):
        cls.make_directory()
        options = list(cls.options)
        if cls.token:
            cls.token_file = cls.write_token("token", cls.token)
            options.append("token-file=" + cls.token_file)
        cls.server = Host(*options)

    @classmethod
    def make_directory(cls):
        made = tempfile.TemporaryDirectory()
        cls.addClassCleanup(made.cleanup)
        cls.directory = made.name

    @classmethod
    def tearDownClass(cls):
        try:
            cls.server.stop()
        finally:
            cls.server.__exit__()

    @classmethod
    def write_token(cls, name, text, mode=0o600):
        path = os.path.join(cls.directory, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(path, mode)
        return path

    def here(self):
        return ["127.0.0.1", self.server.port]

    def cookie(self, status_of):
        """The cookie that a browser is given for the token."""
        _, answer = status_of("GET /?token=" + TOKEN)
        return header(answer, "Set-Cookie").split(";")[0]


@as_root
class TokenOnLoopback(AccessCase):
    token = TOKEN

    def setUp(self):
        self.stranger = Stranger()
        self.addCleanup(self.stranger.__exit__)

    def asks(self, line, *headers, source=None):
        return self.stranger.ask(self.here(), self.server.head(line, *headers),
                                 source)

    def test_the_own_user_needs_none(self):
        for line in (STATUS, "GET /"):
            self.assertEqual(
                self.server.raw(self.server.head(line))[0], 200)
        self.assertEqual(self.server.entry, "http://localhost:%d/"
                         % self.server.port)

    def test_a_stranger_is_asked_for_it(self):
        cookie = self.cookie(self.asks)
        name = "memscope-%d" % self.server.port
        self.assertEqual(cookie.split("=")[0], name)
        bearer = "Authorization: Bearer "
        for line, headers, status in (
                (STATUS, (), 401), ("GET /", (), 401), ("GET /nothing", (), 401),
                ("GET /app.js", (), 401), ("HEAD /", (), 401),
                ("POST /api/v1/snapshots", (JSON, "Content-Length: 2"), 401),
                ("DELETE /api/v1/snapshots/1", (JSON,), 401),
                (STATUS, (bearer + TOKEN,), 200),
                (STATUS, ("authorization: bearer  " + TOKEN,), 200),
                (STATUS + "?token=" + TOKEN, (), 200),
                ("HEAD /api/v1/status?token=" + TOKEN, (), 200),
                ("GET /api/v1/sites?limit=1&token=" + TOKEN, (), 200),
                (STATUS, (bearer + TOKEN[:-1],), 401),
                (STATUS, (bearer + TOKEN + "x",), 401),
                (STATUS, ("Authorization: Basic " + TOKEN,), 401),
                (STATUS, (bearer,), 401),
                (STATUS + "?token=", (), 401),
                (STATUS, (bearer + TOKEN, bearer + TOKEN), 400),
                ("POST /api/v1/query?token=" + TOKEN,
                 (JSON, "Content-Length: 2"), 401),
                (STATUS, ("Cookie: " + cookie,), 200),
                (STATUS, ("Cookie: a=b; %s;c=d" % cookie,), 200),
                (STATUS, ("Cookie: a=b", "Cookie: " + cookie), 400),
                (STATUS, ("Cookie: x" + cookie,), 401),
                (STATUS, ("Cookie: %s=" % name,), 401),
                (STATUS, ("Cookie: %s=%s" % (name, TOKEN),), 401),
                (STATUS, ("Cookie: %s0" % cookie,), 401),
                (STATUS, ("Cookie: " + cookie, "Origin: http://evil.com"), 403),
                ("GET /ws", UPGRADE, 401),
                ("GET /ws", (*UPGRADE, "Cookie: x=y; " + cookie), 101),
                ("GET /ws", (*UPGRADE, bearer + TOKEN), 101),
                ("GET /ws", (*UPGRADE, "Cookie: " + cookie,
                             "Origin: http://evil.com"), 403)):
            with self.subTest((line, headers[-1:])):
                got, answer = self.asks(line, *headers, source="127.0.0.7")
                self.assertEqual(got, status, answer[:300])
                if status == 401:
                    self.assertEqual(header(answer, "WWW-Authenticate"),
                                     'Bearer realm="memscope"')
                    if not line.startswith("HEAD"):
                        self.assertEqual(error_code(answer), "unauthorized")
        self.assertEqual(self.server.get("/snapshots")["snapshots"], [])

    def test_the_page_goes_on_without_it(self):
        for line, where in (("GET /?token=", "./"),
                            ("GET /index.html?token=", "./index.html"),
                            ("GET /nothing/else?token=", "./")):
            got, answer = self.asks(line + TOKEN)
            self.assertEqual((got, header(answer, "Location")), (303, where))
            cookie = header(answer, "Set-Cookie")
            self.assertTrue(cookie.endswith("; HttpOnly; SameSite=Strict"))
            self.assertNotIn(TOKEN, cookie)
            self.assertNotIn(TOKEN.encode(), answer)

    def test_a_browser_gets_a_page_that_asks(self):
        got, answer = self.asks("GET /", "Accept: text/html,*/*")
        self.assertEqual(got, 401)
        self.assertIn("text/html", header(answer, "Content-Type"))
        self.assertIn(b'<input name="token" type="password"', answer)
        self.assertNotIn(b"<script", answer)
        self.assertIn("default-src 'none'",
                      header(answer, "Content-Security-Policy"))
        # What is asked for by a program stays JSON.
        got, answer = self.asks(STATUS, "Accept: text/html")
        self.assertEqual((got, error_code(answer)), (401, "unauthorized"))

    def test_guessing_is_slowed_down(self):
        wrong = "Authorization: Bearer wrong-%022d"
        got = [self.asks(STATUS, wrong % i, source="127.0.0.9")[0]
               for i in range(40)]
        self.assertEqual(set(got), {401, 429})
        self.assertEqual(got[:10], [401] * 10, "a few are free")
        self.assertLessEqual(got.count(401), 10 + 40, "one a second more")
        right = "Authorization: Bearer " + TOKEN
        # Right away, not even the right one is looked at.
        for _ in range(20):
            self.asks(STATUS, wrong % 0, source="127.0.0.9")
        got, answer = self.asks(STATUS, right, source="127.0.0.9")
        if got != 200:  # unless a second went by in between
            self.assertEqual((got, error_code(answer)), (429, "limit"))
            self.assertEqual(header(answer, "Retry-After"), "1")
        # Others, those who are in, and the own user are not slowed down.
        self.assertEqual(self.asks(STATUS, right, source="127.0.0.8")[0], 200)
        cookie = self.cookie(self.asks)
        self.assertEqual(self.asks(STATUS, "Cookie: " + cookie,
                                   source="127.0.0.9")[0], 200)
        self.assertEqual(self.server.raw(self.server.head())[0], 200)
        wait_until("it to be looked at again", lambda: self.asks(
            STATUS, right, source="127.0.0.9")[0] == 200)


@as_root
class WithoutToken(AccessCase):
    def test_strangers_are_told_on_a_page_or_in_json(self):
        with Stranger() as stranger:
            for line, headers, kind in (
                    (STATUS, (), "application/json"),
                    ("GET /?token=" + TOKEN, (), "application/json"),
                    ("GET /", ("Accept: text/html",), "text/html"),
                    ("POST /", ("Accept: text/html",), "text/html"),
                    ("GET /ws", UPGRADE, "application/json")):
                got, answer = stranger.ask(
                    self.here(), self.server.head(line, *headers))
                self.assertEqual(got, 403, answer[:300])
                self.assertIn(kind, header(answer, "Content-Type"))

    def test_no_page_says_more_than_it_must(self):
        with Stranger() as stranger:
            _, answer = stranger.ask(self.here(), self.server.head(
                "GET /", "Accept: text/html"))
        self.assertNotIn(b"<script", answer)
        self.assertIn(b"as another user of this machine", answer)
        self.assertNotIn(b"0.1.0", answer)


def other_address():
    """An IPv4 address of this machine that is not loopback, or None."""
    done = subprocess.run(["ip", "-o", "-4", "address", "show", "scope",
                           "global"], stdout=subprocess.PIPE, check=False)
    found = re.search(rb"inet ([0-9.]+)/", done.stdout)
    return found.group(1).decode() if found else None


@unittest.skipUnless(other_address(), "this machine has no other address")
class BeyondLoopback(AccessCase):
    options = ("bind=0.0.0.0",)

    def raw(self, line, *headers, host=None, to=None):
        where = to or other_address()
        host = host or "%s:%d" % (where, self.server.port)
        data = self.server.head(line, "Host: " + host, *headers, host=False)
        with socket.create_connection((where, self.server.port), 60) as s:
            s.sendall(data)
            return server_test.read_answer(s)

    def made(self):
        """The token that was made, out of what the user is shown."""
        found = re.fullmatch(r"http://localhost:%d/\?token=([0-9a-f]{32})"
                             % self.server.port, self.server.entry)
        self.assertIsNotNone(found, self.server.entry)
        return found.group(1)

    def test_even_the_own_user_needs_the_token_that_was_made(self):
        bearer = "Authorization: Bearer " + self.made()
        self.assertEqual(self.raw(STATUS)[0], 401)
        self.assertEqual(self.raw("GET /ws", *UPGRADE)[0], 401)
        self.assertEqual(self.raw(STATUS, bearer)[0], 200)
        got, answer = self.raw("GET /?token=" + self.made())
        self.assertEqual(got, 303)
        cookie = header(answer, "Set-Cookie").split(";")[0]
        self.assertEqual(self.raw("GET /", "Cookie: " + cookie)[0], 200)

    def test_loopback_needs_none(self):
        self.assertEqual(self.raw(
            STATUS, host="localhost:%d" % self.server.port,
            to="127.0.0.1")[0], 200)

    def test_a_host_is_the_very_address(self):
        bearer, port = "Authorization: Bearer " + self.made(), self.server.port
        own = other_address()
        for host, status in (
                ("%s:%d" % (own, port), 200), ("localhost:%d" % port, 200),
                (own, 421), ("%s:%d" % (own, port + 1), 421),
                ("0.0.0.0:%d" % port, 421), ("evil.com:%d" % port, 421),
                ("%s.nip.io:%d" % (own, port), 421),
                ("127.0.0.2:%d" % port, 421),
                ("%d:%d" % (int.from_bytes(socket.inet_aton(own), "big"),
                            port), 421),
                ("%s:%d" % (own.replace(".", ".0", 1), port), 421)):
            with self.subTest(host):
                self.assertEqual(self.raw(STATUS, bearer, host=host)[0],
                                 status)
        for origin, status in (
                ("http://%s:%d" % (own, port), 200), ("http://" + own, 403),
                ("https://%s:%d" % (own, port), 403), ("null", 403)):
            with self.subTest(origin):
                self.assertEqual(self.raw(STATUS, bearer,
                                          "Origin: " + origin)[0], status)


class Proxies(AccessCase):
    options = ("allow-hosts=scope.example,scope.example:8443",)
    token = TOKEN

    def test_a_proxys_host_needs_the_token_whoever_asks(self):
        bearer = "Authorization: Bearer " + TOKEN
        own = "localhost:%d" % self.server.port
        for host, headers, status in (
                ("scope.example", (), 401), ("scope.example", (bearer,), 200),
                ("SCOPE.example:8443", (bearer,), 200),
                ("scope.example:80", (bearer,), 421),
                ("www.scope.example", (bearer,), 421),
                ("scope.example.evil.com", (bearer,), 421),
                ("scope.example", (bearer, "X-Forwarded-Host: " + own), 200),
                ("scope.example", ("X-Forwarded-For: 127.0.0.1",), 401),
                ("evil.com", (bearer, "X-Forwarded-Host: scope.example"), 421),
                ("scope.example", (bearer, "Origin: https://scope.example"),
                 200),
                ("scope.example", (bearer, "Origin: http://scope.example"),
                 200),
                ("scope.example", (bearer, "Origin: http://" + own), 403),
                ("scope.example",
                 (bearer, "Origin: https://scope.example:8443"), 403),
                ("scope.example:8443",
                 (bearer, "Origin: https://scope.example:8443"), 200),
                (own, ("Origin: https://scope.example",), 403),
                (own, (), 200)):
            with self.subTest((host, headers)):
                got, answer = self.server.raw(self.server.head(
                    STATUS, "Host: " + host, *headers, host=False))
                self.assertEqual(got, status, answer[:200])


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

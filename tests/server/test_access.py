#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Who may come in over TCP, as SECURITY.md says: tables of requests, of whom
they are, and of the answers that are due."""

import re
import socket
import subprocess
import unittest

import server_test
from access_case import (JSON, STATUS, TOKEN, UPGRADE, AccessCase, as_root,
                         header)
from server_test import error_code, wait_until
from strangers import Stranger


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


if __name__ == "__main__":
    server_test.main()

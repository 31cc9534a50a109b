#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Connections that are kept: many requests on one, one behind the other, each
held to what the first one of a connection is held to; an upgrade that comes
late; and when they end."""

import http.client
import json
import re
import select
import subprocess
import time

import server_test
from server_test import (CODES, PATIENCE, Host, Kept, error_code, read_answer,
                         wait_until)
from ws_client import Refused, WebSocket
from test_smuggling import Forms

JSON = "Content-Type: application/json"
UPGRADE = ("Upgrade: websocket", "Connection: keep-alive, Upgrade",
           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
           "Sec-WebSocket-Version: 13", "Sec-WebSocket-Protocol: memscope.v1")
MANY = 300


class KeptConnections(server_test.HostileCase):
    def kept(self):
        kept = Kept(self.server)
        self.addCleanup(kept.__exit__)
        return kept

    def is_still_good(self, kept):
        status, headers, body = kept.ask()
        self.assertEqual(status, 200)
        self.assertNotIn("connection", headers)
        self.assertEqual(len(json.loads(body)["sessions"]), 1)

    def late(self, kept, **options):
        """A WebSocket made of a connection that had requests before."""
        ws = WebSocket.__new__(WebSocket)
        ws.upgrade(self.server, kept.socket, **options)
        return ws

    # Many on one.

    def test_every_kind_of_answer_keeps_it(self):
        kept = self.kept()
        for line, status, *more in (
                ("GET /", 200), ("GET /app.js", 200),
                ("GET /app.js", 200, "Accept-Encoding: gzip"),
                ("HEAD /app.js", 200), ("HEAD /api/v1/stats", 200),
                ("GET /api/v1/stats", 200),
                ("GET /api/v1/sites", 200, "Accept-Encoding: gzip"),
                ("GET /api/v1/flame", 200), ("GET /api/v1/allocations", 200),
                ("GET /api/v1/export", 200), ("GET /evil", 404),
                ("GET /api/v1/sites?evil=1", 400), ("PUT /", 405),
                ("GET /ws", 426), ("POST /api/v1/snapshots", 415,
                                   "Content-Length: 0"),
                ("GET /api/v1/diff?a=8&b=9", 404)):
            with self.subTest(line):
                got, _, body = kept.ask(line, *more)
                self.assertEqual(got, status, body[:200])
                if status in CODES:
                    self.assertEqual(error_code(b"\r\n\r\n" + body),
                                     CODES[status])
                self.is_still_good(kept)

    def test_bodies_end_where_they_say(self):
        kept = self.kept()
        for name in "ab":
            body = b'{"name":"%s"}' % name.encode()
            status, headers, answer = kept.ask(
                "POST /api/v1/snapshots", JSON,
                "Content-Length: %d" % len(body), body=body)
            self.assertEqual((status, json.loads(answer)["name"]), (201, name))
            self.is_still_good(kept)
            self.assertEqual(kept.ask("DELETE " + headers["location"],
                                      JSON)[0], 204)
        self.is_still_good(kept)

    def test_queries_and_what_waits_for_them_keep_it(self):
        kept = self.kept()
        for sql in ("SELECT 1", "SELEC", "WITH RECURSIVE t(n) AS (SELECT 1 "
                    "UNION ALL SELECT n + 1 FROM t LIMIT 50000) SELECT n FROM "
                    "t"):
            body = json.dumps({"sql": sql, "limit": 100000}).encode()
            status, _, answer = kept.ask(
                "POST /api/v1/query", JSON,
                "Content-Length: %d" % len(body), body=body)
            self.assertEqual(status, 400 if sql == "SELEC" else 200, answer)
            json.loads(answer)
            self.is_still_good(kept)

    def test_many_and_curl_and_a_library(self):
        kept = self.kept()
        for _ in range(MANY):
            self.is_still_good(kept)
        url = self.server.url + "api/v1/stats"
        done = subprocess.run(
            ["curl", "-sv", "--max-time", "60"] + [url, "-o", "/dev/null"] * 5,
            check=True, capture_output=True, text=True)
        self.assertEqual(len(re.findall("Re-using existing connection",
                                        done.stderr)), 4, done.stderr)
        connection = http.client.HTTPConnection(
            self.server.host, self.server.port, timeout=PATIENCE)
        self.addCleanup(connection.close)
        for _ in range(10):
            connection.request("GET", "/api/v1/stats")
            connection.getresponse().read()
            used = connection.sock.getsockname()
        self.assertEqual(used, connection.sock.getsockname())

    def test_one_behind_the_other(self):
        kept = self.kept()
        names = ["/api/v1/stats", "/app.js", "/evil", "/api/v1/flame",
                 "/api/v1/threads"] * 40
        kept.send(b"".join(kept.head("GET " + name) for name in names))
        answers = [kept.answer()[0] for _ in names]
        self.assertEqual(answers, [200, 200, 404, 200, 200] * 40)
        body = b'{"sql":"SELECT 7"}'
        kept.send((kept.head("POST /api/v1/query", JSON,
                             "Content-Length: %d" % len(body)) + body) * 5)
        for _ in range(5):
            self.assertEqual(json.loads(kept.answer()[2])["rows"], [[7]])
        self.is_still_good(kept)

    def test_a_head_in_pieces(self):
        kept = self.kept()
        self.is_still_good(kept)
        for byte in kept.head("GET /api/v1/stats"):
            kept.send(bytes([byte]))
        self.assertEqual(kept.answer()[0], 200)

    # Each is held to the same.

    def test_who_asks_is_asked_every_time(self):
        for line, status, *headers in (
                ("GET /", 403, "Origin: http://evil.com"),
                ("DELETE /api/v1/snapshots/1", 403, "Origin: null", JSON),
                ("GET /", 421, "Host: evil.com")):
            kept = self.kept()
            self.is_still_good(kept)
            got, answered, body = kept.ask(line, *headers)
            self.assertEqual(got, status)
            self.assertEqual(error_code(b"\r\n\r\n" + body), CODES[status])
            self.assertEqual(answered["connection"], "close")
            self.assertTrue(kept.is_closed())

    def test_what_is_too_long_later(self):
        for line, status, *headers in (
                ("GET /?" + "x" * 9000, 414), ("GET /", 431,
                                               "X: " + "x" * 20000),
                ("POST /api/v1/snapshots", 413, JSON, "Content-Length: 70000"),
                ("GET /" + "x" * 140000, 414),
                ("GET /", 431, "X: " + "x" * 150000)):
            kept = self.kept()
            self.is_still_good(kept)
            got, answered, body = kept.ask(line, *headers)
            self.assertEqual((got, answered["connection"]), (status, "close"))
            if sum(map(len, (line, *headers))) < 65536:
                self.assertEqual(error_code(b"\r\n\r\n" + body),
                                 CODES[status])
            self.assertTrue(kept.is_closed())

    def test_smuggling_forms_later(self):
        """After a good request, in a segment of its own and right behind it:
        all that is refused as a first request is refused, and nothing that
        follows is looked at."""
        forms = Forms(self.server)
        for what, data, status in forms.rows():
            for together in (False, True):
                with self.subTest(what, together=together):
                    kept = self.kept()
                    first = kept.head()
                    if not together:
                        self.is_still_good(kept)
                        first = b""
                    kept.send(first + data)
                    if together:
                        self.assertEqual(kept.answer()[0], 200)
                    got, answered, body = kept.answer()
                    self.assertEqual(got, status, body[:300])
                    self.assertEqual(answered["connection"], "close")
                    # libmicrohttpd says a bad length's head twice.
                    rest = kept.received + read_answer(kept.socket)[1]
                    self.assertEqual(set(re.findall(
                        rb"HTTP/1.1 \d+", rest)) - {b"HTTP/1.1 400"}, set())
        self.assertEqual(self.server.get("/snapshots")["snapshots"], [],
                         "nothing inside was taken for a request")

    def test_more_odd_heads_later(self):
        for what, data in (
                ("a NUL in a value", b"X: a\0b\r\n"),
                ("a NUL for a colon", b"X\0a\r\n"),
                ("a NUL in a name", b"X\0Y: a\r\n"),
                ("bare LF before the end", b"X: a\n"),
                ("two bare LFs", b"X: a\n\n"),
                ("a folded line of nothing", b"X: a\r\n \r\n"),
                ("an empty value with bare LF", b"X:\n")):
            with self.subTest(what):
                kept = self.kept()
                self.is_still_good(kept)
                kept.send(kept.head()[:-2] + data + b"\r\n" +
                          kept.head("DELETE /api/v1/snapshots/1", JSON))
                got, answered, _ = kept.answer()
                self.assertEqual((got, answered["connection"]),
                                 (400, "close"))
                self.assertTrue(kept.is_closed())

    # An upgrade that comes late.

    def test_an_upgrade_after_requests(self):
        for before in (("GET /api/v1/stats",), ("GET /", "GET /evil"),
                       ("GET /ws",), ("PUT /",)):
            kept = self.kept()
            for line in before:
                kept.ask(line)
            with self.late(kept) as ws:
                self.assertEqual(ws.receive()["t"], "hello")
                ws.send({"t": "sub", "hz": 10})
                self.assertEqual(ws.receive_until("full")["t"], "full")
                ws.send({"t": "ack", "seq": 1})

    def test_an_upgrade_after_a_post(self):
        kept = self.kept()
        body = b'{"sql":"SELECT 7"}'
        self.assertEqual(kept.ask(
            "POST /api/v1/query", JSON, "Content-Length: %d" % len(body),
            body=body)[0], 200)
        with self.late(kept) as ws:
            self.assertEqual(ws.receive()["t"], "hello")

    def test_an_upgrade_right_behind_a_request(self):
        kept = self.kept()
        kept.send(kept.head() + kept.head("GET /ws", *UPGRADE))
        self.assertEqual(kept.answer()[0], 200)
        self.assertEqual(kept.answer()[0], 101)

    def test_a_late_upgrade_with_all_cookies_of_this_machine(self):
        kept = self.kept()
        self.is_still_good(kept)
        cookies = "; ".join("c%d=%s" % (i, "x" * 90) for i in range(120))
        with self.late(kept, headers=("Cookie: " + cookies,)) as ws:
            self.assertEqual(ws.receive()["t"], "hello")

    def test_a_late_upgrade_is_refused_like_a_first_one(self):
        for status, options in (
                (426, {"protocol": "memscope.v2"}),
                (403, {"headers": ("Origin: http://evil.com",)}),
                (421, {"headers": ("Host: evil.com",)}),
                (400, {"path": "/ws?evil=1"}),
                (404, {"path": "/ws2"})):
            kept = self.kept()
            self.is_still_good(kept)
            with self.assertRaises(Refused) as caught:
                self.late(kept, **options)
            self.assertEqual(caught.exception.status, status, options)
            if status in (404, 426, 400):
                self.is_still_good(kept)

    def test_upgrades_leave_no_descriptor_behind(self):
        files = self.server.open_files()
        for _ in range(30):
            with Kept(self.server) as kept:
                self.is_still_good(kept)
                with self.late(kept) as ws:
                    ws.receive()
        wait_until("all descriptors to be given back",
                   lambda: self.server.open_files() <= files)

    # When they end.

    def test_who_asks_for_an_end_gets_it(self):
        for head in (b"GET /api/v1/stats HTTP/1.1\r\nConnection: close\r\n",
                     b"GET /api/v1/stats HTTP/1.0\r\n"):
            kept = self.kept()
            self.is_still_good(kept)
            kept.send(head + b"Host: localhost:%d\r\n\r\n" % self.server.port)
            status, headers, _ = kept.answer()
            self.assertEqual((status, headers["connection"]), (200, "close"))
            self.assertTrue(kept.is_closed())

    def test_idle_ones_end_also_those_that_drip(self):
        quiet, drips = self.kept(), self.kept()
        for kept in (quiet, drips):
            self.is_still_good(kept)
        begin = time.monotonic()
        drips.send(b"GET / HTTP/1.1\r\n")

        def ended():
            try:
                drips.send(b"A")
                return select.select([drips.socket], [], [], 0)[0]
            except ConnectionError:
                return True
        wait_until("the end of one that drips", ended, every=0.25)
        self.assertTrue(quiet.is_closed())
        self.assertGreater(time.monotonic() - begin, 5, "there is time")
        self.is_still_good(self.kept())

    def test_idle_ones_lock_nobody_out(self):
        idle = []
        for _ in range(300):
            idle.append(self.kept())
            self.is_still_good(idle[-1])
        self.is_still_good(self.kept())
        # The oldest have gone for it, the newest have not.
        self.assertTrue(idle[0].is_closed())
        self.is_still_good(idle[-1])


class OneForm(server_test.TestCase):
    """Every error there is, whoever notices it: the dispatcher, the check of
    heads, the routes, or a handler."""

    def ask(self, host, *request):
        with Kept(host) as kept:
            return kept.ask(*request)

    def test_errors_have_one_form(self):
        with Host("1") as host, WebSocket(host) as viewer:
            viewer.receive()
            rows = (
                (400, "GET /", "X : y"), (400, "GET /api/v1/sites?evil=1"),
                (400, "POST /api/v1/query", JSON, "Content-Length: 0"),
                (403, "GET /", "Origin: null"), (404, "GET /evil"),
                (404, "GET /api/v1/sites/999"), (404, "GET /api/v1/sites?"
                                                 "session=9"),
                (404, "GET /api/v1/diff?a=1&b=2"), (405, "PUT /"),
                (405, "GET /api/v1/query"), (405, "EVIL /api/v1/stats"),
                (413, "POST /api/v1/snapshots", JSON,
                 "Content-Length: 65537"),
                (414, "GET /" + "x" * 8192), (415, "POST /api/v1/query",
                                              "Content-Length: 0"),
                (415, "DELETE /api/v1/snapshots/1"),
                (421, "GET /", "Host: evil.com"), (503, "GET /ws"),
                (431, "GET /", "X: " + "x" * 16384),
                (503, "GET /ws", *UPGRADE))
            for status, *request in rows:
                with self.subTest(request[0][:40], status=status):
                    got, headers, body = self.ask(host, *request)
                    self.assertEqual(got, status, body)
                    error = json.loads(body)
                    self.assertEqual(list(error), ["error"])
                    self.assertEqual(set(error["error"]),
                                     {"code", "message"})
                    self.assertEqual(error["error"]["code"], CODES[status])
                    self.assertTrue(error["error"]["message"])
                    self.assertEqual(
                        [headers[name] for name in (
                            "content-type", "cache-control",
                            "x-content-type-options")],
                        ["application/json", "no-store", "nosniff"])
            host.stop()
        with Host() as host:
            got, _, body = self.ask(host, "GET /ws")
            self.assertEqual((got, error_code(b"\r\n\r\n" + body)),
                             (426, "upgrade_required"))
            host.stop()


class Places(server_test.TestCase):
    def test_a_late_upgrade_needs_a_place_as_well(self):
        with Host("1") as host:
            with WebSocket(host) as first:
                self.assertEqual(first.receive()["t"], "hello")
                with Kept(host) as kept:
                    kept.ask()
                    got, _, body = kept.ask("GET /ws", *UPGRADE)
                    self.assertEqual((got, error_code(b"\r\n\r\n" + body)),
                                     (503, "unavailable"))
                    self.assertEqual(kept.ask()[0], 200)
            host.stop()


if __name__ == "__main__":
    server_test.main()

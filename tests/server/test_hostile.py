#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Requests that no honest client sends: each is refused as
docs/PROTOCOL.md says, and a good request beside it is answered while the
hostile one is still open."""

import os
import socket
import subprocess
import unittest

import server_test
from server_test import error_code, read_answer


class Hostile(server_test.HostileCase):
    def with_host(self, value):
        return self.server.head("GET /api/v1/status", "Host: " + value,
                                host=False)

    # Who asks.

    def test_own_names_are_answered(self):
        for name in ("localhost", "127.0.0.1", "[::1]", "LOCALHOST"):
            data = self.with_host("%s:%d" % (name, self.server.port))
            self.assertEqual(self.server.raw(data)[0], 200, name)

    def test_foreign_host_is_misdirected(self):
        port = self.server.port
        for host in ("evil.com:%d", "localhost.evil.com:%d", "localhost6:%d",
                     "127.0.0.1.evil.com:%d", "0177.0.0.1:%d", "2130706433:%d",
                     "0x7f.1:%d", "127.1:%d", "0.0.0.0:%d", "::1:%d",
                     "[::ffff:127.0.0.1]:%d", "localhost.:%d", "[::1%%lo]:%d",
                     "user@localhost:%d", "localhost:%d.evil.com",
                     "localhost:%d,evil.com", "localhost:0%d"):
            with self.subTest(host):
                self.refused(self.with_host(host % port), 421)
        for host in ("localhost", "localhost:", "localhost:1",
                     "localhost:%d" % (port + 1), ""):
            with self.subTest(host):
                self.refused(self.with_host(host), 421)

    def test_missing_and_doubled_host_is_misdirected(self):
        good = "Host: localhost:%d" % self.server.port
        self.refused(self.server.head(host=False), 421)
        self.refused(self.server.head("GET /", good), 421)
        self.refused(self.server.head("GET /", "Host: evil.com"), 421)

    def test_foreign_origin_is_forbidden(self):
        port = self.server.port
        for origin in ("http://evil.com", "null", "http://localhost",
                       "https://localhost:%d" % port, "file://",
                       "http://localhost:%d.evil.com" % port,
                       "http://localhost:%d" % (port + 1)):
            with self.subTest(origin):
                self.refused(self.server.head(
                    "GET /api/v1/status", "Origin: " + origin), 403)
                self.refused(self.server.head(
                    "DELETE /api/v1/snapshots/1", "Origin: " + origin,
                    "Content-Type: application/json"), 403)

    def test_own_and_absent_origin_is_answered(self):
        own = "Origin: http://localhost:%d" % self.server.port
        self.assertEqual(
            self.server.raw(self.server.head("GET /", own))[0], 200)
        self.refused(self.server.head("GET /", own, own), 403)

    @unittest.skipUnless(os.geteuid() == 0, "needs root to be somebody else")
    def test_another_user_is_refused_and_changes_nothing(self):
        script = (
            "import socket,sys\n"
            "s = socket.create_connection((sys.argv[1], %d))\n"
            "s.sendall(sys.stdin.buffer.read())\n"
            "while piece := s.recv(65536): sys.stdout.buffer.write(piece)\n"
            % self.server.port)

        def ask_as(uid, address, data):
            done = subprocess.run(
                ["setpriv", "--reuid=%d" % uid, "--clear-groups",
                 "/usr/bin/python3", "-c", script, address], input=data,
                stdout=subprocess.PIPE, timeout=server_test.PATIENCE,
                check=True)
            return done.stdout

        take = self.server.head(
            "POST /api/v1/snapshots", "Content-Type: application/json",
            "Content-Length: 2") + b"{}"
        upgrade = self.server.head(
            "GET /ws", "Upgrade: websocket", "Connection: Upgrade",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Protocol: memscope.v1")
        for data in (self.server.head(), take, upgrade):
            answer = ask_as(65534, "127.0.0.1", data)
            self.assertTrue(answer.startswith(b"HTTP/1.1 403 "), answer)
            self.assertEqual(error_code(answer), "forbidden")
        self.assertEqual(self.server.get("/snapshots")["snapshots"], [])
        self.assertEqual(self.server.status()["monitor"]["clients"], 0)
        answer = ask_as(0, "127.0.0.1", self.server.head())
        self.assertTrue(answer.startswith(b"HTTP/1.1 200 "), answer)

    @unittest.skipUnless(os.geteuid() == 0, "needs root to be somebody else")
    def test_a_stranger_that_does_not_wait_changes_nothing(self):
        # Once closed, a socket has no user any more: that must not be root's.
        script = (
            "import socket,sys,struct\n"
            "data = sys.stdin.buffer.read()\n"
            "for i in range(200):\n"
            "    s = socket.create_connection(('127.0.0.1', %d))\n"
            "    s.sendall(data)\n"
            "    s.close()\n" % self.server.port)
        take = self.server.head(
            "POST /api/v1/snapshots", "Content-Type: application/json",
            "Content-Length: 2") + b"{}"
        subprocess.run(
            ["setpriv", "--reuid=65534", "--clear-groups", "/usr/bin/python3",
             "-c", script], input=take, timeout=server_test.PATIENCE,
            check=True)
        self.a_good_request_is_answered()
        self.assertEqual(self.server.get("/snapshots")["snapshots"], [])

    # What is asked.

    def test_unknown_methods_are_not_allowed(self):
        for method in ("PUT", "PATCH", "OPTIONS", "TRACE", "BREW", "POST",
                       "DELETE"):
            answer = self.refused(
                self.server.head(method + " /api/v1/status"), 405)
            self.assertIn(b"\r\nAllow: GET, HEAD\r\n", answer)
        answer = self.refused(self.server.head("PUT /api/v1/snapshots"), 405)
        self.assertIn(b"\r\nAllow: GET, HEAD, POST\r\n", answer)
        answer = self.refused(self.server.head("POST /api/v1/snapshots/1"),
                              405)
        self.assertIn(b"\r\nAllow: GET, HEAD, DELETE\r\n", answer)
        answer = self.refused(self.server.head("POST /"), 405)
        self.assertIn(b"\r\nAllow: GET, HEAD\r\n", answer)

    def test_head_has_no_body(self):
        for path in ("/", "/api/v1/status", "/api/v1/allocations"):
            status, answer = self.server.raw(self.server.head("HEAD " + path))
            self.assertEqual(status, 200)
            self.assertEqual(answer.partition(b"\r\n\r\n")[2], b"", path)

    def test_changes_need_a_content_type(self):
        for name in ("", "text/plain", "application/x-www-form-urlencoded",
                     "multipart/form-data; boundary=x", "application/jsonx",
                     "text/plain; application/json"):
            headers = ["Content-Length: 2"]
            if name:
                headers.append("Content-Type: " + name)
            self.refused(self.server.head("POST /api/v1/snapshots",
                                          *headers) + b"{}", 415)
            self.refused(self.server.head("DELETE /api/v1/snapshots/1",
                                          *headers) + b"{}", 415)
        self.assertEqual(self.server.get("/snapshots")["snapshots"], [])

    def test_malformed_bodies_are_bad_requests(self):
        for body in (b"", b"{", b"[]", b"null", b"42", b'{"name":1}',
                     b'{"name":"a","name":"b"}', b'{"nam":"a"}',
                     b'{"session":-1}', b'{"session":1e99}',
                     b'{"session":4294967296}', b'{"name":"\xff\xfe"}',
                     b'{"name":"a\\u0000b"}', b'{} {}', b"[" * 60000,
                     b'{"name":"' + b"n" * 200 + b'"}'):
            with self.subTest(body[:40]):
                self.refused(self.server.head(
                    "POST /api/v1/snapshots", "Content-Type: application/json",
                    "Content-Length: %d" % len(body)) + body, 400)
        self.assertEqual(self.server.get("/snapshots")["snapshots"], [])

    def test_bad_parameters_are_bad_requests(self):
        for query in ("sites?x=1", "sites?limit=1&limit=2", "sites?limit=-1",
                      "sites?limit=10001", "sites?limit=1e3", "sites?limit=",
                      "sites?sort=evil", "sites?order=up", "sites?q=" +
                      "a" * 300, "sites?" + "a" * 100 + "=1",
                      "sites?offset=99999999999999999999", "status?x",
                      "sites?" + "&".join("p%d=1" % i for i in range(40)),
                      "history?step=1ms", "history?since=-1", "stats?seq=x",
                      "stats?session=99999999999", "snapshots?name=x",
                      "sites?q=a%00b&limit=1%00"):
            with self.subTest(query[:60]):
                self.refused(self.server.head("GET /api/v1/" + query), 400)

    def test_no_path_leads_out(self):
        for path in ("/../etc/passwd", "/..%2f..%2fetc/passwd", "//etc/passwd",
                     "/%2e%2e/%2e%2e/etc/passwd", "/./index.html",
                     "/api/v1/../v1/status", "/api/v1/status/", "/api/v1",
                     "/api/v1/status%00.html", "/index.html%00",
                     "/api/v1/snapshots/1/../1", "/api/v1/snapshots/x",
                     "/api/v1/snapshots/-1", "/api/v1/snapshots/",
                     "/api/v1/snapshots/99999999999999999999",
                     "/openapi.json", "/report.html", "/\\..\\..",
                     "/index.html.gz",
                     "http://evil.com/api/v1/status"):
            with self.subTest(path):
                # Also a snapshot that is not there would be 404.
                answer = self.refused(self.server.head("GET " + path), 404)
                self.assertIn(b"there is nothing under this path", answer)

    def test_unknown_sessions_and_moments_are_not_found(self):
        for query in ("stats?session=99", "stats?seq=999999", "sites?session=9",
                      "threads?session=9", "history?session=9",
                      "histograms?session=9", "modules?session=9",
                      "allocations?session=9", "snapshots/9"):
            with self.subTest(query):
                self.refused(self.server.head("GET /api/v1/" + query), 404)

    # How it is said.

    def test_garbage_is_no_request(self):
        for data in (bytes(range(256)) * 64, b"\0" * 100, b"\x16\x03\x01\x02",
                     b"{}\r\n\r\n", b"\xff" * 20000):
            with self.subTest(data[:8]):
                self.refused_or_closed(data, (400,))
        self.a_good_request_is_answered()

    def test_broken_request_lines_are_refused(self):
        host = b"Host: localhost:%d\r\n\r\n" % self.server.port
        for line in (b"GET\r\n", b"GET /\r\n", b"GET / HTTP/9.9\r\n",
                     b"GET / HTTP/2.0\r\n", b"G\0T / HTTP/1.1\r\n",
                     b"GET / HTTP/1.1 x\r\n", b"GET  \r\n"):
            with self.subTest(line):
                self.refused_or_closed(
                    line + host, (400, 404, 405, 414, 421, 505))

    def test_a_nul_in_a_header_is_refused(self):
        self.refused_or_closed(
            b"GET / HTTP/1.1\r\nHost: localhost:%d\0.evil.com\r\n\r\n"
            % self.server.port, (400, 421))
        self.refused_or_closed(
            b"GET / HTTP/1.1\r\nHost: evil.com\0localhost:%d\r\n\r\n"
            % self.server.port, (400, 421))

    def test_a_half_head_is_ended_and_told(self):
        with self.server.connect() as s:
            s.sendall(self.server.head()[:-3])
            self.a_good_request_is_answered()
            status, answer = read_answer(s)
            self.assertEqual((status, error_code(answer)), (408, "timeout"))

    def test_a_silent_connection_is_closed(self):
        with self.server.connect() as s:
            self.a_good_request_is_answered()
            self.assertEqual(s.recv(100), b"")

    def test_a_head_byte_by_byte_is_answered(self):
        for line in ("GET /api/v1/sessions", "HEAD /"):
            with self.server.connect() as s:
                s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                for byte in self.server.head(line):
                    s.send(bytes([byte]))
                self.assertEqual(read_answer(s)[0], 200)

    def test_a_head_of_64_kib_is_refused(self):
        self.refused_or_closed(
            self.server.head("GET /", "X: " + "a" * 65536), (431,))
        self.refused_or_closed(
            self.server.head("GET /" + "a" * 65536), (414,))
        self.refused_or_closed(
            b"POST / HTTP/1.1\r\n" + b"A: b\r\n" * 12000, (431,))
        self.a_good_request_is_answered()

    def test_a_head_of_8_kib_of_cookies_is_answered(self):
        self.assertEqual(self.server.raw(self.server.head(
            "GET /api/v1/status", "Cookie: a=" + "c" * 8192))[0], 200)

    def test_a_body_of_10_mb_is_refused(self):
        head = self.server.head(
            "POST /api/v1/snapshots", "Content-Type: application/json",
            "Content-Length: 10000000")
        self.refused_or_closed(head + b"x" * 10000000, (413,))
        self.refused(head, 413)  # before any of it was sent
        self.refused(self.server.head(
            "POST /api/v1/snapshots", "Content-Type: application/json",
            "Content-Length: 65537"), 413)

    def test_a_chunked_body_without_end_is_cut_off(self):
        head = self.server.head(
            "POST /api/v1/snapshots", "Content-Type: application/json",
            "Transfer-Encoding: chunked")
        chunk = b"10000\r\n" + b" " * 65536 + b"\r\n"
        self.refused(head + chunk * 2 + b"0\r\n\r\n", 413)
        with self.server.connect() as s:
            s.sendall(head)
            # More than any buffer between us holds, if nobody cut it off.
            with self.assertRaises(ConnectionError):
                for _ in range(4096):
                    s.sendall(chunk)
        self.refused_or_closed(head + b"fffffffffffffffff\r\n", (400, 413))
        self.refused_or_closed(head + b"-5\r\nxxxxx\r\n", (400,))
        self.a_good_request_is_answered()

    def test_a_body_with_two_lengths_is_refused(self):
        for extra in (["Content-Length: 2", "Transfer-Encoding: chunked"],
                      ["Content-Length: 2", "Content-Length: 3"]):
            self.refused_or_closed(self.server.head(
                "POST /api/v1/snapshots", "Content-Type: application/json",
                *extra) + b"{}\r\n0\r\n\r\n", (400,))
        for length in ("-1", "2x", "0x2", "99999999999999999999", " "):
            self.refused_or_closed(self.server.head(
                "POST /api/v1/snapshots", "Content-Type: application/json",
                "Content-Length: " + length) + b"{}", (400, 413))
        self.assertEqual(self.server.get("/snapshots")["snapshots"], [])

    def test_of_pipelined_requests_the_first_is_answered(self):
        status, answer = self.server.raw(
            self.server.head() + self.server.head("GET /evil") * 3)
        self.assertEqual(status, 200)
        self.assertEqual(answer.count(b"HTTP/1.1 "), 1)
        self.assertIn(b"\r\nConnection: close\r\n", answer)


if __name__ == "__main__":
    server_test.main()

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Heads and bodies that two readers could take for different things, as a
proxy and the server behind it: each is refused, and none is ever taken for
two requests. And bodies that come too slowly."""

import select
import time

import server_test
from server_test import error_code, wait_until

POST = b"POST /api/v1/snapshots HTTP/1.1\r\n"
GET = b"GET /api/v1/status HTTP/1.1\r\n"
JSON = b"Content-Type: application/json\r\n"
INNER = b"POST /api/v1/snapshots HTTP/1.1\r\n%s" + JSON + \
    b"Content-Length: 2\r\n\r\n{}"


class Forms:
    def __init__(self, server):
        self.server = server

    def rows(self):
        """(what it is, its bytes, the status that is due)"""
        host = b"Host: localhost:%d\r\n" % self.server.port
        evil = b"Host: evil.com\r\n"
        inner = INNER % host
        chunked = b"Transfer-Encoding: chunked\r\n"
        two = b"Content-Length: 2\r\n"
        end = b"Connection: close\r\n\r\n"
        return (
            ("length and coding", POST + host + JSON + two + chunked + end +
             b"0\r\n\r\n" + inner, 400),
            ("coding and length", POST + host + JSON + chunked + two + end +
             b"0\r\n\r\n" + inner, 400),
            ("two lengths", POST + host + JSON + two +
             b"Content-Length: 200\r\n" + end + b"{}" + inner, 400),
            ("the same length twice", POST + host + JSON + two * 2 + end +
             b"{}", 400),
            ("a list of lengths", POST + host + JSON +
             b"Content-Length: 2, 2\r\n" + end + b"{}", 400),
            ("a signed length", POST + host + JSON +
             b"Content-Length: +2\r\n" + end + b"{}", 400),
            ("a length with a letter", POST + host + JSON +
             b"content-length: 2x\r\n" + end + b"{}", 400),
            ("no length", POST + host + JSON +
             b"Content-Length: \r\n" + end + b"{}", 400),
            ("a length beyond numbers", POST + host + JSON +
             b"Content-Length: 9999999999999999999\r\n" + end + b"{}", 400),
            ("a length that is folded", POST + host + JSON +
             b"Content-Length:\r\n 2\r\n" + end + b"{}", 400),
            ("two codings", POST + host + JSON + chunked +
             b"Transfer-Encoding: identity\r\n" + end + b"0\r\n\r\n", 400),
            ("the same coding twice", POST + host + JSON + chunked * 2 + end +
             b"2\r\n{}\r\n0\r\n\r\n", 400),
            ("an unknown coding", POST + host + JSON +
             b"Transfer-Encoding: xchunked\r\n" + end + b"0\r\n\r\n", 400),
            ("a list of codings", POST + host + JSON +
             b"Transfer-Encoding: gzip, chunked\r\n" + end + b"0\r\n\r\n",
             400),
            ("a coding with a space", POST + host + JSON +
             b"Transfer-Encoding : chunked\r\n" + end + b"0\r\n\r\n", 400),
            ("a coding with a tab", POST + host + JSON +
             b"Transfer-Encoding\t: chunked\r\n" + end + b"0\r\n\r\n", 400),
            ("a coding after a tab", POST + host + JSON +
             b"\tTransfer-Encoding: chunked\r\n" + end + b"0\r\n\r\n", 400),
            ("a coding behind CR", POST + host + JSON +
             b"X: y\rTransfer-Encoding: chunked\r\n" + end + b"0\r\n\r\n",
             400),
            ("a coding behind LF", POST + host + JSON + two +
             b"X: y\nTransfer-Encoding: chunked\r\n" + end + b"{}", 400),
            ("a folded header", GET + host + b"X: a\r\n b\r\n" + end, 400),
            ("a folded Host", GET + b"Host:\r\n localhost:%d\r\n"
             % self.server.port + end, 400),
            ("a folded first header", GET + b" " + host + end, 400),
            ("bare LF alone", (GET + host + end).replace(b"\r\n", b"\n"), 400),
            ("bare LF after the line", GET.replace(b"\r", b"") + host + end,
             400),
            ("bare LF after a header", GET + host.replace(b"\r", b"") + end,
             400),
            ("bare LF at the end", GET + host + b"\n\r\n", 400),
            ("bare CR", GET + host.replace(b"\n", b"") + end + end, 400),
            ("CR CR LF", GET + host.replace(b"\r", b"\r\r") + end, 400),
            ("no colon", GET + host + b"X\r\n" + end, 400),
            ("no name", GET + host + b": y\r\n" + end, 400),
            ("a name with a space", GET + host + b"X Y: z\r\n" + end, 400),
            ("a control character", GET + host + b"X: \x01\r\n" + end, 400),
            ("DEL", GET + host + b"X: \x7f\r\n" + end, 400),
            ("an escape in the line", b"GET /\x1b[2J HTTP/1.1\r\n" + host +
             end, 400),
            ("a name beyond ASCII", GET + host + b"H\xc3\xb6st: x\r\n" + end,
             400),
            ("two Hosts", GET + evil + host + end, 421),
            ("two Hosts, ours first", GET + host + evil + end, 421),
            ("another Host in the line", b"GET http://evil.com/ HTTP/1.1\r\n" +
             host + end, 404),
            ("a Host with a space", GET + host.replace(b"Host", b"Host ") +
             end, 400),
            # What is odd, and yet only one thing.
            ("an empty line before", b"\r\n" + GET + host + end, 200),
            ("a value beyond ASCII", GET + host + b"X: \xc3\xb6\r\n" + end,
             200),
            ("a tab in a value", GET + host + b"X:\ta\tb\r\n" + end, 200),
            ("one behind the other", (GET + host + end) * 3, 200),
            ("a GET with a body", GET + host + two + b"\r\n{}" + inner, 200),
            ("chunks", POST + host + JSON + chunked + b"\r\n2\r\n[]\r\n0\r\n"
             b"\r\n" + inner, 400),
        )



class Smuggling(server_test.HostileCase):
    def test_each_is_refused_or_taken_for_one(self):
        for what, data, status in Forms(self.server).rows():
            with self.subTest(what):
                got, answer = self.server.raw(data)
                self.assertEqual(got, status, answer[:300])
                self.assertEqual(answer.count(b"HTTP/1.1 "), 1)
                self.assertIn(b"\r\nConnection: close\r\n", answer)
                if got == 400:
                    self.assertEqual(error_code(answer), "bad_request")
        self.assertEqual(self.server.get("/snapshots")["snapshots"], [],
                         "nothing inside was taken for a request")

    def test_bodies_that_do_not_come_are_not_waited_for(self):
        with self.server.connect() as s:
            s.sendall(POST + b"Host: localhost:%d\r\n" % self.server.port +
                      JSON + b"Content-Length: 2\r\n\r\n{")
            self.a_good_request_is_answered()
            self.assertEqual(server_test.read_answer(s), (None, b""))

    def test_bodies_a_byte_at_a_time_are_cut_off(self):
        """Never idle, never whole: 15 s, and a good request beside them."""
        held = []
        for line in (b"Content-Length: 60000\r\n",
                     b"Transfer-Encoding: chunked\r\n"):
            s = self.server.connect()
            self.addCleanup(s.close)
            s.sendall(POST + b"Host: localhost:%d\r\n" % self.server.port +
                      JSON + line + b"\r\n")
            held.append([s, b"1\r\n \r\n" if line[0] == 84 else b" "])
        begin = time.monotonic()

        def all_are_closed():
            for entry in list(held):
                s, piece = entry
                try:
                    s.sendall(piece)
                    if select.select([s], [], [], 0)[0] and \
                            s.recv(4096) == b"":
                        held.remove(entry)
                except ConnectionError:
                    held.remove(entry)
            return not held
        wait_until("both to be closed", all_are_closed, every=0.25)
        self.assertGreater(time.monotonic() - begin, 10,
                           "an honest body has time")
        self.a_good_request_is_answered()
        self.assertEqual(self.server.get("/snapshots")["snapshots"], [])


if __name__ == "__main__":
    server_test.main()

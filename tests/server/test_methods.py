#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every route with every method: what is not for it is 405 with the methods
that are, HEAD is GET without the body, and each answer says how long it is
good for and what it depends on. Then the encodings, on the routes with a body
long enough."""

import gzip
import http.client
import json
import re

import server_test
from server_test import PATIENCE, say

METHODS = ("GET", "HEAD", "POST", "DELETE", "PUT", "PATCH", "OPTIONS", "TRACE",
           "PROPFIND")
SURE = ("X-Content-Type-Options", "Content-Security-Policy", "Cache-Control",
        "Content-Type")
# What differs between two answers to the same request.
MOMENTARY = {"Date", "Content-Length", "Transfer-Encoding", "Connection"}


class Methods(server_test.HostCase):
    arguments = ("3",)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.tell("sites 400")
        cls.server.tell("blocks 2000")
        cls.paths = cls.server.get("/openapi.json")["paths"]

    def ask(self, method, path, body=None, **headers):
        connection = http.client.HTTPConnection(
            self.server.host, self.server.port, timeout=PATIENCE)
        try:
            connection.request(method, path, body=body, headers={
                k.replace("_", "-"): v for k, v in headers.items()})
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()

    def snapshot(self):
        return self.server.post("/snapshots", {})[2]["id"]

    def urls(self):
        """(path as described, path to ask for)"""
        number = self.snapshot()
        for path in self.paths:
            yield path, path.replace("{asset}", "app.js").replace(
                "{id}", str(number))

    def test_every_route_with_every_method(self):
        tried = 0
        for path, url in self.urls():
            known = {m.upper() for m in self.paths[path]} - {"PARAMETERS"}
            allowed = known | ({"HEAD"} if "GET" in known else set())
            for method in METHODS:
                if method in allowed and method in ("GET", "HEAD"):
                    continue  # below
                with self.subTest(method=method, path=path):
                    status, headers, body = self.ask(method, url)
                    tried += 1
                    if method in allowed:
                        self.assertEqual(status, 415, body)  # no JSON
                    else:
                        self.assertEqual(status, 405, body)
                        self.assertEqual(set(headers["Allow"].split(", ")),
                                         allowed)
                    if method != "HEAD":
                        self.assertIn("error", json.loads(body))
                    self.assertEqual(headers["Cache-Control"], "no-store")
        say("%d pairs of route and method" % tried)
        self.assertGreater(tried, 200)

    def test_head_is_get_without_its_body(self):
        for path, url in self.urls():
            if "get" not in self.paths[path]:
                continue
            for encoding in ("identity", "gzip"):
                with self.subTest(path=path, encoding=encoding):
                    status, got, body = self.ask("GET", url,
                                                 Accept_Encoding=encoding)
                    again, head, nothing = self.ask("HEAD", url,
                                                    Accept_Encoding=encoding)
                    self.assertEqual((again, nothing), (status, b""))
                    self.assertEqual(set(got) - MOMENTARY,
                                     set(head) - MOMENTARY)
                    for name in ("Content-Type", "Content-Encoding", "Vary",
                                 "Cache-Control", "ETag"):
                        if (path, name) == ("/api/v1/stats", "ETag"):
                            continue  # the next tick has another
                        self.assertEqual(got.get(name), head.get(name), name)
                    for name in SURE:
                        self.assertIn(name, got)
                    self.assertTrue(body)
                    if "Content-Length" in got:
                        self.assertEqual(len(body),
                                         int(got["Content-Length"]))

    def test_a_long_answer_is_compressed_for_who_takes_it(self):
        seen = 0
        for path, url in self.urls():
            if "get" not in self.paths[path]:
                continue
            for accepted in ("gzip", "gzip;q=0.5, identity;q=0.1", "*"):
                status, headers, body = self.ask("GET", url,
                                                 Accept_Encoding=accepted)
                if headers.get("Content-Encoding") != "gzip":
                    continue
                with self.subTest(path=path, accepted=accepted):
                    self.assertEqual(status, 200)
                    self.assertIn("Accept-Encoding", headers["Vary"])
                    plain = gzip.decompress(body)
                    self.assertLess(len(body), len(plain))
                    if headers["Content-Type"] == "application/json":
                        json.loads(plain)
                    seen += 1
            for refused in ("", "identity", "gzip;q=0", "*;q=0", "deflate"):
                _, headers, body = self.ask("GET", url,
                                            Accept_Encoding=refused)
                self.assertNotIn("Content-Encoding", headers, (path, refused))
                if headers["Content-Type"] == "application/json":
                    json.loads(body)
        say("%d compressed answers" % seen)
        self.assertGreater(seen, 20)

    def test_the_compressed_answer_is_the_plain_one(self):
        number = self.snapshot()
        url = "/api/v1/snapshots/%d" % number
        plain = self.ask("GET", url)[2]
        self.assertGreater(len(plain), 65536)  # in several pieces
        self.assertEqual(gzip.decompress(
            self.ask("GET", url, Accept_Encoding="gzip")[2]), plain)
        self.assertEqual(plain, self.ask("GET", url)[2])

    def test_rows_of_a_query_are_compressed_as_well(self):
        # More than its queue holds, so that the answer has to wait for it.
        sql = ("WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 "
               "FROM t LIMIT 100000) SELECT n FROM t")
        body = json.dumps({"sql": sql, "limit": 100000, "time_ms": 60000})
        _, headers, answer = self.ask(
            "POST", "/api/v1/query", body=body, Accept_Encoding="gzip",
            Content_Type="application/json")
        self.assertEqual(headers["Content-Encoding"], "gzip")
        rows = json.loads(gzip.decompress(answer))["rows"]
        self.assertEqual([rows[0], rows[-1], len(rows)],
                         [[1], [100000], 100000])

    def test_who_leaves_a_compressed_answer_takes_nothing_along(self):
        files = self.server.open_files()
        for _ in range(20):
            with self.server.connect() as s:
                s.sendall(self.server.head("GET /api/v1/allocations",
                                           "Accept-Encoding: gzip"))
                data = b""
                while b"\r\n\r\n" not in data:
                    data += s.recv(512)
        server_test.wait_until("the connections' end",
                               lambda: self.server.open_files() <= files)

    def test_the_page_is_asked_for_anew_by_its_tag(self):
        for url in ("/", "/app.js", "/app.css", "/api/v1/openapi.json"):
            tags = set()
            for encoding in ("identity", "gzip", "br"):
                status, headers, _ = self.ask("GET", url,
                                              Accept_Encoding=encoding)
                self.assertEqual(status, 200)
                self.assertEqual(headers["Cache-Control"], "no-cache")
                self.assertIn("Accept-Encoding", headers["Vary"])
                tags.add(headers["ETag"])
            # One for all encodings: it is a weak one.
            tag, = tags
            self.assertTrue(re.fullmatch(r'W/"[0-9a-f]+"', tag), tag)
            for given in (tag, tag[2:], '"x", ' + tag, "*"):
                for method in ("GET", "HEAD"):
                    status, headers, body = self.ask(method, url,
                                                     If_None_Match=given)
                    self.assertEqual((status, body), (304, b""), given)
                    self.assertEqual(headers["ETag"], tag)
            for given in ('"x"', tag[:-2], tag.strip('W/"')):
                status, _, _ = self.ask("GET", url, If_None_Match=given)
                self.assertEqual(status, 200, given)

    def test_an_upgrade_is_asked_for(self):
        status, headers, _ = self.ask("GET", "/ws")
        self.assertEqual(status, 426)
        self.assertEqual(headers["Upgrade"], "websocket")
        self.assertIn("upgrade", headers["Connection"].lower())

    def test_what_is_too_long(self):
        long = "/api/v1/sites?q=" + "x" * 9000
        status, _, body = self.ask("GET", long)
        self.assertEqual((status, json.loads(body)["error"]["code"]),
                         (414, "uri_too_long"))
        status, _, body = self.ask("GET", "/", X_Long="x" * 20000)
        self.assertEqual((status, json.loads(body)["error"]["code"]),
                         (431, "header_too_large"))
        status, _, body = self.ask(
            "POST", "/api/v1/snapshots", body="x" * 70000,
            Content_Type="application/json")
        self.assertEqual((status, json.loads(body)["error"]["code"]),
                         (413, "too_large"))

    def test_every_answer_is_counted_by_its_route(self):
        def counts():
            return {e["route"]: e for e in
                    self.server.status()["endpoints"]}
        before = counts()
        for url in ("/api/v1/tasks", "/api/v1/tasks?evil=1", "/", "/evil"):
            self.ask("GET", url)
        self.ask("PUT", "/api/v1/tasks")
        self.ask("GET", "/api/v1/tasks", Host="evil.com")
        after = counts()

        def grown(route, what):
            return after[route][what] - before.get(route, {}).get(what, 0)
        self.assertEqual(grown("/api/v1/tasks", "answers"), 3)
        self.assertEqual(grown("/api/v1/tasks", "client_errors"), 2)
        self.assertEqual(grown("/api/v1/tasks", "server_errors"), 0)
        self.assertEqual(grown("page", "answers"), 1)
        self.assertEqual(grown("none", "client_errors"), 2)
        for e in after.values():
            self.assertGreaterEqual(e["max_ns"], e["mean_ns"])
            self.assertGreater(e["mean_ns"], 0)


if __name__ == "__main__":
    server_test.main()

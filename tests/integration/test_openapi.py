#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""server/openapi.json against the real server: every path, method and
parameter of one is in the other, and what is really answered, to good
requests and bad ones, is what the schemas say: no field more or less, none
of another type."""
import copy
import json
import os
import re
import unittest
import urllib.parse

import memscope_test
from memscope_test import ROOT, Memscope, say
from openapi import PARTS, Described, routes

JSON = {"Content-Type": "application/json"}
# What no request from here can bring about.
UNREACHED = {("/api/v1/export", "get", "503"),
             ("/debug/pprof/heap", "get", "503"),
             ("/debug/pprof/allocs", "get", "503"), ("/api/v1/snapshots", "post", "409"), ("/ws", "get", "101"),
             ("/ws", "get", "503"),
             ("/api/v1/query", "post", "503")}


class OpenApi(Described):
    def test_1_what_is_embedded_is_the_file(self):
        with open(os.path.join(ROOT, "server/openapi.json"),
                  encoding="utf-8") as f:
            self.assertEqual(json.load(f), self.document)
        self.assertEqual(self.document["openapi"], "3.1.0")
        self.assertEqual(self.document["info"]["version"],
                         self.scope.status()["version"])

    def test_1_schemas_are_schemas(self):
        for schema in self.document["components"]["schemas"].values():
            self.is_schema(schema)
        ids = [operation["operationId"]
               for path in self.document["paths"].values()
               for method, operation in path.items() if method != "parameters"]
        self.assertEqual(len(ids), len(set(ids)))

    def test_1_every_schema_is_used(self):
        used = {part["$ref"] for part in self.parts(self.document)
                if isinstance(part, dict) and "$ref" in part}
        for way in self.document["security"]:
            used |= {"#/components/securitySchemes/" + name for name in way}
        for kind, members in self.document["components"].items():
            for name in members:
                self.assertIn("#/components/%s/%s" % (kind, name), used)

    def test_1_routes_and_paths_are_the_same(self):
        table = routes()
        documented = self.document["paths"]
        # The page and its parts are found by their names.
        self.assertEqual(set(table) | {"/", "/{asset}"}, set(documented))
        for path, (methods, parameters) in table.items():
            self.assertEqual(set(documented[path]) - {"parameters"}, methods,
                             path)
            self.assertEqual(
                {p["name"] for p in
                 documented[path].get("get", {}).get("parameters", [])},
                parameters, path)

    def test_2_good_requests(self):
        v1 = "/api/v1/"
        for name in ("status", "sessions", "stats", "threads", "sites",
                     "history", "histograms", "modules", "mappings", "allocations",
                     "tasks", "types", "marks", "flame", "export", "analysis", "matrix",
                     "leaks", "leakscan", "fragmentation", "openapi.json"):
            self.ask(v1 + name)
        for accept in ("text/plain", "application/openmetrics-text"):
            self.ask("/metrics", headers={"Accept": accept})
        for name in ("heap", "allocs"):
            self.ask("/debug/pprof/" + name, query="?seconds=1")
        for name, rows in (("threads", 1), ("sites", 1), ("history", 1),
                           ("modules", 1), ("allocations", 1)):
            self.assertGreaterEqual(
                len(self.ask(v1 + name)["rows"]), rows, name)
        for name in ("sites", "threads"):
            self.ask(v1 + name + "/{id}")
        session = self.scope.session()
        self.ask(v1 + "stats", query="?session=%d&seq=%d" % (
            session["id"], self.scope.stats()["seq"]))
        self.ask("/")
        for name in ("index.html", "app.js", "app.css", "icon.svg"):
            self.ask("/{asset}", url="/" + name)
        self.ask(v1 + "control", "post",
                 body=b'{"mode":"exact","budget":100}')
        self.ask(v1 + "queries")
        self.ask(v1 + "query", "post", body=b'{"name":"top_sites"}')
        head = self.ask(v1 + "snapshots", "post", status=201, body=b"{}")
        self.assertEqual(self.ask(v1 + "snapshots")["snapshots"], [head])
        self.ask(v1 + "snapshots/{id}", number=head["id"])
        _, _, whole = self.scope.request(
            "GET", v1 + "snapshots/%d" % head["id"])
        again = self.ask(v1 + "snapshots/import", "post", body=whole,
                         status=201, headers=JSON)
        self.assertTrue(again["imported"])
        self.ask(v1 + "changes", query="?epoch=%s&since=%d" % (
            head["epoch"], head["seq"]))
        diff = self.ask(v1 + "diff", query="?a=%d&b=%d" % (
            head["id"], again["id"]))
        self.assertEqual(diff["totals"]["live_bytes"][2], 0)
        self.ask(v1 + "snapshots/{id}", "delete", status=204, headers=JSON,
                 number=again["id"])
        self.ask(v1 + "flame", query="?from=snapshot:%d" % head["id"])
        self.ask(v1 + "snapshots/{id}", "delete", status=204, headers=JSON,
                 number=head["id"])

    def test_2_every_documented_value_of_a_parameter_is_taken(self):
        for path in self.document["paths"]:
            operation = self.document["paths"][path].get("get", {})
            for parameter in operation.get("parameters", []):
                if parameter["in"] != "query":
                    continue
                schema = parameter["schema"]
                self.validator(schema).validate(schema.get("default", 0 if
                               schema["type"] == "integer" else ""))
                for value in schema.get("enum", []):
                    self.ask(path, query="?%s=%s" % (parameter["name"], value))
                if "maximum" not in schema:
                    continue
                highest = schema["maximum"]
                # What is in range is no bad request, though it may be unknown.
                got, _, _ = self.scope.request("GET", "%s?%s=%d" % (
                    path, parameter["name"], highest))
                self.assertIn(got, (200, 404), parameter)
                self.ask(path, query="?%s=%d" % (
                    parameter["name"], highest + 1), status=400)
        # And no value that is not documented.
        for query in ("sites?sort=stack", "sites?order=x", "history?step=1",
                      "threads?sort=function", "threads?sort=state"):
            path, _, rest = ("/api/v1/" + query).partition("?")
            self.ask(path, query="?" + rest, status=400)

    def test_2_numeric_columns_can_be_sorted_by(self):
        for name in ("threads", "sites"):
            row = self.ask("/api/v1/" + name)["rows"][0]
            sorts = {p["name"]: p for p in self.operation(
                "/api/v1/" + name, "get")["parameters"]}["sort"]["schema"]
            numbers = {k for k, v in row.items()
                       if isinstance(v, (int, float))
                       and not isinstance(v, bool)}
            # Born in the order of their ids.
            self.assertLessEqual(numbers - {"birth_ms"}, set(sorts["enum"]))

    def test_2_source_is_described(self):
        place = memscope_test.wait_until("a file that is there", lambda: next(
            (row for row in self.scope.get("/sites")["rows"]
             if os.path.isfile(row["file"])), None))
        query = "?" + urllib.parse.urlencode(
            {name: place[name] for name in ("module", "file", "line")})
        self.ask("/api/v1/source", query=query)
        self.ask("/api/v1/source", query=query + "&context=101", status=400)
        self.ask("/api/v1/source", query="?file=/etc/passwd", status=404)

    def test_2_a_saved_session_is_described_as_well(self):
        folder = self.scratch()
        files = [os.path.join(folder, name) for name in ("new", "old")]
        head = self.scope.post("/snapshots", {"name": "saved"})[2]
        saved = self.scope.get("/snapshots/%d" % head["id"])
        self.scope.delete("/snapshots/%d" % head["id"])
        for file, without in zip(files, (set(), PARTS)):
            with open(file, "w", encoding="utf-8") as f:
                json.dump({k: saved[k] for k in set(saved) - without}, f)
        with memscope_test.Process(
                [memscope_test.BIN, "open", "--port", "0", *files]) as page:
            url = memscope_test.wait_until("its address", lambda: re.search(
                rb" at (http\S+) until", page.stderr.bytes()))
            running, type(self).scope = self.scope, memscope_test.Api(
                url.group(1).decode())
            try:
                for name in ("status", "sessions", "stats", "threads", "sites",
                             "history", "histograms", "modules", "flame",
                             "changes", "snapshots"):
                    self.ask("/api/v1/" + name)
                for name in ("tasks", "types", "analysis", "leaks", "leakscan"):
                    self.ask("/api/v1/" + name)
                    self.ask("/api/v1/" + name, query="?session=2", status=409)
                for name in ("mappings", "marks", "allocations",
                             "fragmentation", "source", "matrix", "sites/{id}",
                             "threads/{id}"):
                    self.ask("/api/v1/" + name, status=409)
                for name in ("heap", "allocs"):
                    self.ask("/debug/pprof/" + name, status=409)
            finally:
                type(self).scope = running

    def test_2_bad_requests(self):
        for path, methods in self.document["paths"].items():
            real = path.replace("{asset}", "app.js").replace("{id}", "1")
            for method in methods:
                if method == "parameters":
                    continue
                change = JSON if method != "get" else {}
                for status, headers in ((421, {"Host": "evil.com"}),
                                        (403, {"Origin": "http://evil.com"})):
                    self.ask(path, method, status=status, url=real,
                             headers={**headers, **change})
                if "400" in methods[method]["responses"]:
                    self.ask(path, method, query="?evil=1", status=400,
                             headers=change, url=real)
                self.ask(path, method, status=414, url=real, headers=change,
                         query="?x=" + "x" * 9000)
                self.ask(path, method, status=431, url=real,
                         headers={"X-Long": "x" * 20000, **change})
                if method != "get":
                    self.ask(path, method, status=415, url=real,
                             headers={"Content-Type": "text/plain"})
                if any(p["name"] == "session"
                       for p in methods[method].get("parameters", [])):
                    self.ask(path, query="?session=99", status=404)
            # Any other method.
            got, headers, data = self.scope.request("PUT", real)
            self.assertEqual(got, 405, path)
            self.validator({"$ref": "#/components/schemas/Error"}).validate(
                json.loads(data))
            self.assertEqual(set(headers["Allow"].lower().split(", ")),
                             set(methods) - {"parameters"} |
                             ({"head"} if "get" in methods else set()), path)
        v1 = "/api/v1/"
        for name in ("snapshots", "sites", "threads"):
            self.ask(v1 + name + "/{id}", status=404, number=99999)
        self.ask(v1 + "snapshots/{id}", "delete", status=404, number=999,
                 headers=JSON)
        self.ask(v1 + "snapshots", "post", body=b"[1]", status=400)
        self.ask(v1 + "snapshots", "post", body=b'{"session":99}', status=404)
        self.ask(v1 + "snapshots", "post", body=b" " * 70000, status=413)
        self.ask(v1 + "snapshots/import", "post", body=b"{}", status=400)
        self.ask(v1 + "diff", query="?a=998&b=999", status=404)
        self.ask(v1 + "snapshots/import", "post", status=413,
                 headers={**JSON, "Content-Length": "536870913"})
        scan = v1 + "leakscan"
        self.ask(scan, "post", body=b"[1]", status=400)
        self.ask(scan, "post", body=b'{"session":99}', status=404)
        self.ask(scan, "post", body=b" " * 70000, status=413)
        control = v1 + "control"
        self.ask(control, "post", body=b'{"mode":"evil"}', status=400)
        self.ask(control, "post", body=b'{"mode":"off","session":99}',
                 status=404)
        self.ask(control, "post", body=b" " * 70000, status=413)
        for body, status in (
                (b'{"sql":"SELEC"}', 400), (b'{"sql":"CREATE TABLE x(a)"}', 403),
                (b'{"sql":"VALUES(1)","session":99}', 404),
                (b'{"name":"evil"}', 404), (b'{"evil":1}', 400),
                (b'{"sql":"SELECT hex(zeroblob(99999))"}', 413),
                (b'{"time_ms":50,"sql":"WITH RECURSIVE t(n) AS (SELECT 1 '
                 b'UNION ALL SELECT n + 1 FROM t) SELECT max(n) FROM t"}',
                 422)):
            self.ask(v1 + "query", "post", body=body, status=status)
        head = self.ask(v1 + "snapshots", "post", status=201, body=b"{}")
        self.ask(v1 + "query", "post", status=409, body=json.dumps(
            {"sql": "SELECT * FROM marks", "snapshot": head["id"]}).encode())
        self.ask(v1 + "snapshots/{id}", "delete", status=204, headers=JSON,
                 number=head["id"])
        self.ask("/{asset}", url="/evil.js", status=404)
        self.ask("/ws", status=426)

    def operations(self):
        """(path, method, headers, an address of it)"""
        for path, methods in self.document["paths"].items():
            real = path.replace("{asset}", "app.js").replace("{id}", "1")
            for method in set(methods) - {"parameters"}:
                yield path, method, JSON if method != "get" else {}, real

    def test_2_with_a_token(self):
        token = os.path.join(self.scratch(), "token")
        with open(token, "w", encoding="ascii") as f:
            f.write("correct-horse-battery-staple")
        os.chmod(token, 0o600)
        with Memscope(memscope_test.DEMO, flags=(
                "--port", "0", "--token-file", token, "--allow-host",
                "scope.example")) as scope:
            scope.settle()
            keep, OpenApi.scope = self.scope, scope
            proxy = {"Host": "scope.example"}
            try:
                for path, url in (("/", "/"), ("/{asset}", "/app.js")):
                    self.ask(path, url=url, status=303, headers=proxy,
                             query="?token=correct-horse-battery-staple")
                for path, method, headers, url in self.operations():
                    self.ask(path, method, status=401, url=url,
                             headers={**proxy, **headers})
                wrong = {**proxy, "Authorization": "Bearer wrong"}
                memscope_test.wait_until("too many", lambda: scope.request(
                    "GET", "/", None, wrong)[0] == 429, every=0)
                for path, method, headers, url in self.operations():
                    # One in a second is looked at.
                    while scope.request("HEAD", "/", None, wrong)[0] != 429:
                        pass
                    self.ask(path, method, status=429, url=url,
                             headers={**wrong, **headers})
            finally:
                OpenApi.scope = keep

    def test_2_what_the_client_has_is_not_sent(self):
        seq = self.scope.stats()["seq"]
        self.ask("/api/v1/stats", query="?seq=%d" % seq, status=304, headers={
            "If-None-Match": self.scope.request(
                "GET", "/api/v1/stats?seq=%d" % seq)[1]["ETag"]})
        for path, url in (("/", "/"), ("/{asset}", "/app.js"),
                          ("/api/v1/openapi.json", None)):
            _, headers, _ = self.scope.request("GET", url or path)
            self.ask(path, status=304, url=url,
                     headers={"If-None-Match": headers["ETag"]})

    def test_2_too_many_snapshots(self):
        path, taken = "/api/v1/snapshots", []
        while len(self.scope.get("/snapshots")["snapshots"]) < 64:
            taken.append(self.ask(path, "post", body=b'{"name":"x"}',
                                  status=201)["id"])
        self.ask(path, "post", body=b"{}", status=429)
        _, _, whole = self.scope.request("GET", "%s/%d" % (path, taken[0]))
        self.ask(path + "/import", "post", body=whole, status=429,
                 headers=JSON)
        for number in taken:
            self.assertEqual(self.scope.delete("/snapshots/%d" % number), 204)

    def test_2_an_ended_session_is_described_as_well(self):
        with Memscope("/bin/ls", "/", flags=("--port", "0",
                                                   "--keep-open")) as scope:
            scope.wait_ended()
            keep, OpenApi.scope = self.scope, scope
            try:
                for name in ("status", "sessions", "stats", "threads",
                             "sites", "histograms", "modules", "mappings"):
                    self.ask("/api/v1/" + name)
                self.ask("/api/v1/control", "post", body=b'{"mode":"off"}',
                         status=409)
                self.ask("/api/v1/leakscan", "post", body=b"{}", status=409)
            finally:
                OpenApi.scope = keep

    def test_2_what_a_program_maps_is_described(self):
        with Memscope(memscope_test.target("mappings"),
                      flags=("--port", "0")) as scope:
            scope.line()
            scope.settle()
            keep, OpenApi.scope = self.scope, scope
            try:
                rows = self.ask("/api/v1/mappings")["rows"]
                self.assertEqual({row["kind"] for row in rows},
                                 {"anonymous", "file", "break"})
            finally:
                OpenApi.scope = keep

    def test_2_what_is_concluded_is_described(self):
        with Memscope(memscope_test.target("leaks"), "list", "hold",
                      flags=("--port", "0")) as scope:
            scope.line()
            scope.settle()
            keep, OpenApi.scope = self.scope, scope
            try:
                self.ask("/api/v1/leakscan", "post", body=b"{}", status=202)
                for path in ("/api/v1/leakscan", "/api/v1/fragmentation"):
                    self.ask(path)
                    memscope_test.wait_until(
                        "it is done", lambda path=path:
                        scope.get(path[7:])["state"] == "done")
                    self.ask(path)
                self.assertEqual(
                    self.ask("/api/v1/analysis")["findings"][0]["analyzer"],
                    "lost_blocks")
            finally:
                OpenApi.scope = keep

    def test_3_the_schemas_are_tight(self):
        """With a field more or less, or of another type, no answer passes."""
        tried = 0
        for schema, value in self.bodies.values():
            # The description of the API does not describe itself whole.
            if "openapi" in value:
                continue
            validator = self.validator(schema)
            value = self.shortened(value)
            for change in self.changes(value):
                broken = copy.deepcopy(value)
                change(broken)
                self.assertFalse(validator.is_valid(broken),
                                 (schema, json.dumps(broken)[:400]))
                tried += 1
        say("%d broken answers are seen to be broken" % tried)
        self.assertGreater(tried, 500)

    def test_4_everything_documented_was_seen(self):
        missed = {
            (path, method, status)
            for path, methods in self.document["paths"].items()
            for method, operation in methods.items() if method != "parameters"
            for status in operation["responses"] if status != "default"}
        self.assertEqual(missed - self.exercised, UNREACHED)


if __name__ == "__main__":
    # In the order of their names: the last one looks back at the others.
    unittest.defaultTestLoader.sortTestMethodsUsing = \
        lambda a, b: (a > b) - (a < b)
    memscope_test.main()

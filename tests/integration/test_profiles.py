#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What is given to other tools: `go tool pprof` reads profiles, live and saved;
all formats add up to the statistics of their tick, of the demo, redis-server
and python3."""

import collections
import csv
import io
import json
import os
import re
import signal
import socket
import subprocess

from memscope_test import (DEMO, Memscope, TestCase, main, say, wait_until)
from pprof import Profile

TOTALS = {"alloc_objects": "alloc_count_total",
          "alloc_space": "alloc_bytes_total",
          "inuse_objects": "live_blocks", "inuse_space": "live_bytes"}
PYTHON = "import json, sys; x = [json.loads('[[1], {\"a\": 2}]') for i in " \
         "range(20000)]; print('ready', flush=True)\n" \
         "for line in sys.stdin: x.append(line * 1000)"


class Profiles(TestCase):

    def fetch(self, scope, path, status=200):
        got, headers, body = scope.request("GET", path)
        self.assertEqual(got, status, body[:300])
        return body if status == 200 else json.loads(body)["error"]

    def stats_where(self, scope, field, value):
        """The statistics of the tick with this very time."""
        seq = scope.stats()["seq"]
        for number in range(seq, max(seq - 500, 0), -1):
            stats = scope.stats(number)
            if stats[field] == value:
                return stats
        raise AssertionError("no tick with %s = %d" % (field, value))

    def check_profile(self, scope, body):
        profile = Profile(body)
        heap = self.stats_where(scope, "time_ns", profile.time_ns)["heap"]
        self.assertEqual([t for t, _ in profile.types], list(TOTALS))
        for name, total in TOTALS.items():
            self.assertEqual(profile.total(name), heap[total], name)
        return profile, heap

    def go_top(self, source, index):
        """What `go tool pprof -top` says of it: (total, {function: flat})."""
        home = self.scratch()
        done = subprocess.run(
            ["go", "tool", "pprof", "-top", "-unit=bytes", "-nodecount=0",
             "-nodefraction=0", "-sample_index=" + index, source],
            capture_output=True, text=True, timeout=300, check=False,
            env={**os.environ, "HOME": home, "PPROF_TMPDIR": home})
        self.assertEqual(done.returncode, 0, done.stderr)
        total = re.search(r"of (-?\d+)(?:B|bytes)? total", done.stdout)
        self.assertIsNotNone(total, done.stdout[:500])
        flat = collections.Counter()
        for line in done.stdout.splitlines():
            row = re.match(r"\s*(\d+)(?:B|bytes)?\s+[\d.]+%.*%\s+(\S+)",
                           line)
            if row:
                flat[row.group(2)] += int(row.group(1))
        return int(total.group(1)), flat

    def check_formats(self, scope, at=""):
        """All other formats of one snapshot."""
        path = "/api/v1/export?snapshot=%d" % at["id"]
        for weight, total in (("live_bytes", at["live_bytes"]),
                              ("live_blocks", at["live_blocks"])):
            lines = self.fetch(scope, "%s&format=collapsed&weight=%s" % (
                path, weight)).decode().splitlines()
            self.assertEqual(
                sum(int(line.rsplit(" ", 1)[1]) for line in lines), total)
            self.assertTrue(all(line.rsplit(" ", 1)[0] for line in lines))
        scoped = json.loads(self.fetch(scope, path + "&format=speedscope"))
        frames = len(scoped["shared"]["frames"])
        self.assertEqual(len(scoped["profiles"]), 4)
        for profile in scoped["profiles"]:
            self.assertEqual(sum(profile["weights"]), profile["endValue"])
            self.assertEqual(len(profile["weights"]), len(profile["samples"]))
            self.assertTrue(all(0 <= f < frames
                                for sample in profile["samples"]
                                for f in sample))
        self.assertEqual([p["endValue"] for p in scoped["profiles"][:2]],
                         [at["live_bytes"], at["live_blocks"]])
        rows = list(csv.DictReader(io.StringIO(self.fetch(
            scope, path + "&format=csv").decode(), newline="")))
        self.assertEqual(sum(int(row["live_bytes"]) for row in rows),
                         at["live_bytes"])
        saved = scope.get("/snapshots/%d" % at["id"])
        self.assertEqual([row["function"] for row in rows],
                         [site["function"] for site in saved["sites"]])

    def check_program(self, scope, functions):
        """Live, from a file, and of a snapshot."""
        for path, default in (("heap", "inuse_space"),
                              ("allocs", "alloc_space")):
            body = self.fetch(scope, "/debug/pprof/" + path)
            profile, heap = self.check_profile(scope, body)
            self.assertEqual(profile.default, default)
            name = os.path.join(self.scratch(), "profile.pb.gz")
            with open(name, "wb") as f:
                f.write(body)
            total, flat = self.go_top(name, default)
            self.assertEqual(total, heap[TOTALS[default]])
            self.assertLessEqual(set(functions), set(flat))
            # By HTTP it fetches one of its own, a little later.
            total, _ = self.go_top("%sdebug/pprof/%s" % (scope.url, path),
                                   "alloc_objects")
            self.assertGreaterEqual(total, heap["alloc_count_total"])
        self.assertGreater(len(profile.mappings), 1)
        self.assertIn(scope.session()["exe"],
                      profile.strings[profile.mappings[0][5]])
        status, _, head = scope.post("/snapshots", {"name": "kept"})
        self.assertEqual(status, 201)
        self.check_formats(scope, head)
        path = "/api/v1/export?format=pprof&snapshot=%d" % head["id"]
        saved, _ = self.check_profile(scope, self.fetch(scope, path))
        self.assertEqual(saved.total("inuse_space"), head["live_bytes"])
        say("%s: %d stacks, %d locations, %d functions" % (
            scope.session()["exe"], len(saved.samples), len(saved.locations),
            len(saved.functions)))

    def test_of_the_demo(self):
        with Memscope(DEMO, "--quiet") as scope:
            scope.settle()
            functions = {"cache_store", "session_leak"}
            wait_until("the demo to leak", lambda: functions <= set(
                scope.named_picture().functions()))
            self.check_program(scope, functions)
            profile = Profile(self.fetch(scope, "/debug/pprof/heap"))
            stacks = {tuple(profile.stack(ids)) for ids, _ in profile.samples}
            self.assertTrue(any(s[:2] == ("session_leak", "leaker_main")
                                for s in stacks), stacks)
            line = {line for _, _, lines in profile.locations.values()
                    for (function, _), line in lines
                    if function == "session_leak"}
            with open(os.path.join(os.path.dirname(__file__), "../../examples/"
                                   "demo/leaker.c"), encoding="ascii") as f:
                source = f.read().splitlines()
            self.assertTrue(all("alloc(" in source[n - 1] for n in line), line)
            scope.interrupt()

    def test_of_real_programs(self):
        socket_path = os.path.join(self.scratch(), "redis")
        with Memscope("redis-server", "--port", "0", "--unixsocket",
                      socket_path, "--save", "") as scope:
            wait_until("redis to listen", lambda: os.path.exists(socket_path))
            scope.settle()
            self.check_program(scope, [])
            scope.interrupt()
        with Memscope("/usr/bin/python3", "-c", PYTHON,
                      env={"PYTHONMALLOC": "malloc"}) as scope:
            scope.line()
            scope.settle()
            self.check_program(scope, [])

    def test_a_snapshot_outlives_the_program(self):
        with Memscope(DEMO, "--quiet", flags=("--keep-open",)) as scope:
            scope.settle()
            _, _, head = scope.post("/snapshots", {"name": "before"})
            path = "/api/v1/export?format=%%s&snapshot=%d" % head["id"]
            before = {f: self.fetch(scope, path % f)
                      for f in ("pprof", "collapsed", "speedscope", "csv")}
            os.kill(scope.program_pid(), signal.SIGKILL)
            scope.wait_ended()
            for name, body in before.items():
                self.assertEqual(self.fetch(scope, path % name), body, name)
            # And so does the session itself.
            self.check_profile(scope, self.fetch(scope, "/debug/pprof/heap"))
            scope.interrupt()

    def test_what_happens_in_some_seconds(self):
        with Memscope("/usr/bin/python3", "-c", PYTHON,
                      env={"PYTHONMALLOC": "malloc"}) as scope:
            scope.line()
            for _ in range(20):
                scope.write(b"some more\n")
            body = self.fetch(scope, "/debug/pprof/allocs?seconds=2")
            profile = Profile(body)
            end = self.stats_where(scope, "time_ns", profile.time_ns)
            begin = self.stats_where(scope, "uptime_ns",
                                     end["uptime_ns"] - profile.duration_ns)
            self.assertGreater(profile.duration_ns, 1.5e9)
            for name, total in TOTALS.items():
                self.assertEqual(profile.total(name),
                                 end["heap"][total] - begin["heap"][total])
            total, _ = self.go_top("%sdebug/pprof/allocs?seconds=1" %
                                   scope.url, "alloc_objects")
            self.assertGreaterEqual(total, 0)

    def test_of_estimates(self):
        with Memscope("/usr/bin/python3", "-c", PYTHON,
                      flags=("--mode", "sampled"),
                      env={"PYTHONMALLOC": "malloc"}) as scope:
            scope.line()
            scope.settle()
            profile, heap = self.check_profile(
                scope, self.fetch(scope, "/debug/pprof/heap"))
            self.assertGreater(heap["live_bytes_error"], 0)
            self.assertEqual(profile.period,
                             scope.stats()["capture"]["interval"])
            self.assertIn("estimates", " ".join(profile.comments))

    def test_of_the_backend_without_stacks(self):
        with Memscope(DEMO, "--quiet", flags=("--backend", "core")) as scope:
            scope.settle()
            profile, _ = self.check_profile(
                scope, self.fetch(scope, "/debug/pprof/heap"))
            self.assertEqual({len(ids) for ids, _ in profile.samples}, {1})
            scope.interrupt()

    def test_what_cannot_be(self):
        with Memscope(DEMO, "--quiet") as scope:
            scope.settle()
            for path, status in (
                    ("debug/pprof/heap?session=99", 404),
                    ("debug/pprof/heap?session=99&seconds=1", 404),
                    ("debug/pprof/allocs?session=x", 400),
                    ("debug/pprof/allocs?seconds=3601", 400),
                    ("debug/pprof/profile", 404),
                    ("api/v1/export?format=xml", 400),
                    ("api/v1/export?snapshot=7", 404),
                    ("api/v1/export?format=csv&snapshot=7", 404),
                    ("api/v1/export?format=csv&session=99", 404),
                    ("api/v1/export?snapshot=x", 400),
                    ("api/v1/export?weight=x", 400)):
                self.assertIn("message",
                              self.fetch(scope, "/" + path, status))
            scope.interrupt()

    def ask(self, scope, path):
        """A connection on which an answer is awaited."""
        connection = socket.create_connection((scope.host, scope.port), 60)
        connection.sendall(("GET %s HTTP/1.1\r\nHost: localhost:%d\r\n\r\n" % (
            path, scope.port)).encode())
        return connection

    def test_who_waits_holds_nobody_up(self):
        with Memscope(DEMO, "--quiet") as scope:
            scope.settle()
            path = "/debug/pprof/heap?seconds=3600"
            waiting = [self.ask(scope, path) for _ in range(16)]
            refused = wait_until("no more to be taken", lambda: scope.request(
                "GET", "/debug/pprof/heap?seconds=1")[0] == 503)
            self.assertTrue(refused)
            scope.settle() # everything else goes on
            scope.interrupt()
            # Nor is the end: that it waits for.
            self.assertIn(scope.wait(), (0, -signal.SIGINT, 130))
            for connection in waiting:
                connection.close()


if __name__ == "__main__":
    main()

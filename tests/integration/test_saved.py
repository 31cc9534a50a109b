#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Snapshots that were saved: the same when they come back, shown without a
program, compared across two runs; what is damaged is named and left out."""

import json
import os
import re
import subprocess

import jsonschema
from memscope_test import (BIN, DEMO, LINE, ROOT, Api, Memscope, Process,
                           TestCase, main, target, wait_until)

# So many bytes in one call more at each line that it is sent.
GROWING = """import sys
kept = []
print("ready", flush=True)
for line in sys.stdin:
    kept.append(bytearray(int(line)))
    print("kept", flush=True)
"""
PYTHON = ("/usr/bin/python3", "-c", GROWING)
BY_MALLOC = {"PYTHONMALLOC": "malloc"}


def command(*arguments):
    return subprocess.run([BIN, *arguments], capture_output=True,
                          text=True, timeout=300, check=False)


def comparable(snapshot):
    """A snapshot without what differs where it lies."""
    return {k: v for k, v in snapshot.items() if k != "id"}


class Saved(TestCase):

    def take(self, scope, name):
        """Takes a snapshot by the command; its file."""
        file = os.path.join(self.folder, name + ".json")
        done = command("snapshot", "--port", str(scope.port), "-o", file, name)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"^snapshot \d+: %s, \d+ bytes in" % name)
        return file

    def setUp(self):
        self.folder = self.scratch()

    def test_it_comes_back_as_it_was(self):
        with Memscope(DEMO, "--quiet") as scope:
            scope.settle()
            wait_until("all names", lambda: scope.get(
                "/flame")["unnamed"] == 0)
            file = self.take(scope, "before")
            with open(file, encoding="utf-8") as f:
                text = f.read()
            status, headers, answer = scope.request(
                "POST", "/api/v1/snapshots/import", text.encode())
            self.assertEqual(status, 201, answer)
            head = json.loads(answer)
            self.assertTrue(head["imported"])
            self.assertEqual(headers["Location"],
                             "/api/v1/snapshots/%d" % head["id"])
            again = scope.get("/snapshots/%d" % head["id"])
            self.assertEqual(comparable(again), comparable(json.loads(text)))
            # A flame graph of it is the one of the snapshot.
            flames = [scope.get("/flame", at="snapshot:%d" % n)
                      for n in (1, head["id"])]
            for flame in flames:
                del flame["snapshot"]
            self.assertEqual(flames[0], flames[1])
            scope.interrupt()

    def test_what_is_damaged_is_told_and_nothing_is_lost(self):
        with Memscope(DEMO, "--quiet") as scope:
            scope.settle()
            with open(self.take(scope, "whole"), "rb") as f:
                text = f.read()
            for damaged, why in (
                    (text[:len(text) // 2], "ends before"),
                    (text[:500] + b"\x00" + text[501:], "byte "),
                    (text.replace(b'"live_bytes":', b'"live_bytes":9', 1),
                     "add up"),
                    (b"{}", "no memscope snapshot"),
                    (b"", "no snapshot")):
                status, _, answer = scope.request(
                    "POST", "/api/v1/snapshots/import", damaged)
                self.assertEqual(status, 400)
                self.assertIn(why, json.loads(answer)["error"]["message"])
            self.assertEqual(len(scope.get("/snapshots")["snapshots"]), 1)
            scope.interrupt()

    def test_open_shows_files_without_a_program(self):
        with Memscope(DEMO, "--quiet") as scope:
            scope.settle()
            files = [self.take(scope, name) for name in ("one", "two")]
            scope.interrupt()
        broken = os.path.join(self.folder, "broken.json")
        with open(broken, "w", encoding="utf-8") as f:
            f.write('{"format":"memscope-snapshot","version":1,')
        with Process([BIN, "open", "--port", "0", *files, broken]) as page:
            url = wait_until("its address", lambda: re.search(
                rb"snapshots at (http\S+) until", page.stderr.bytes()))
            api = Api(url.group(1).decode())
            heads = api.get("/snapshots")["snapshots"]
            self.assertEqual([h["name"] for h in heads], ["one", "two"])
            with open(files[1], encoding="utf-8") as f:
                self.assertEqual(
                    comparable(api.get("/snapshots/%d" % heads[1]["id"])),
                    comparable(json.load(f)))
            status, _, _ = api.request("GET", "/")
            self.assertEqual(status, 200)
            self.check_sessions(api, files)
            self.assertIn(b"broken.json: ", page.stderr.bytes())
            self.assertIn(b"the text ends before", page.stderr.bytes())
            page.popen.terminate()
            self.assertEqual(page.wait(), 1) # one could not be read

    def check_sessions(self, api, files):
        """Each file is a session, which answers what the file holds."""
        sessions = api.get("/sessions")["sessions"]
        self.assertEqual([s["state"] for s in sessions], ["saved"] * 2)
        self.assertEqual([s["primary"] for s in sessions], [True, False])
        for session, file in zip(sessions, files):
            of = {"session": session["id"]}
            with open(file, encoding="utf-8") as f:
                saved = json.load(f)
            stats = api.get("/stats", **of)
            self.assertEqual(stats["heap"], saved["stats"]["heap"])
            self.assertEqual(stats["session"], session["id"])
            for table in ("sites", "threads"):
                rows = api.get("/" + table, limit=10000, **of)["rows"]
                self.assertEqual(sorted(rows, key=lambda r: r["id"]),
                                 saved[table])
            largest = max(saved["sites"], key=lambda s: s["live_bytes"])
            self.assertEqual(api.get("/sites", limit=1, **of)["rows"],
                             [largest])
            found = api.get("/sites", q=largest["function"], **of)
            self.assertIn(largest, found["rows"])
            live = saved["stats"]["heap"]["live_bytes"]
            self.assertEqual(api.get("/flame", **of)["total"], live)
            self.assertEqual(api.get("/histograms", **of),
                             saved["histograms"])
            history = api.get("/history", **of)["rows"]
            self.assertEqual(len(history), len(saved["history"]))
            self.assertEqual(history[-1][0], stats["seq"])
            status, _, answer = api.request(
                "POST", "/api/v1/query", json.dumps({
                    "sql": "SELECT sum(live_bytes) FROM sites", **of
                }).encode())
            self.assertEqual((status, json.loads(answer)["rows"]),
                             (200, [[live]]))
            for missing in ("marks", "allocations", "matrix", "mappings"):
                status, _, answer = api.request(
                    "GET", "/api/v1/%s?session=%d" % (missing, session["id"]))
                self.assertEqual(status, 409)
                self.assertEqual(json.loads(answer)["error"]["code"],
                                 "not_kept")

    def opened(self, *files):
        """The files, shown without a program: the process and its API."""
        page = Process([BIN, "open", "--port", "0", *files])
        url = wait_until("its address", lambda: re.search(
            rb"snapshots? at (http\S+) until", page.stderr.bytes()))
        return page, Api(url.group(1).decode())

    def test_an_opened_file_answers_as_the_program_did(self):
        """The program stands still, so that both can be asked."""
        paths = ("/analysis", "/leaks", "/leakscan", "/tasks", "/types")
        with Memscope(target("annotated")) as scope:
            scope.json_line()
            scope.settle()
            self.assertEqual(scope.post("/leakscan", {})[0], 202)
            wait_until("the scan", lambda: scope.get(
                "/leakscan")["state"] == "done")
            scope.named_picture()
            wait_until("the types", lambda: scope.get(
                "/types")["measured"]["complete"])
            file = self.take(scope, "still")
            live = {path: scope.get(path) for path in paths}
            samples = {r[0]: r for r in scope.get("/history")["rows"]}
            scope.close_stdin()
            scope.wait()
        page, api = self.opened(file)
        with page:
            for path in paths:
                then, now = (self.without_moment(a)
                             for a in (live[path], api.get(path)))
                self.assertEqual(then, now, path)
            history = api.get("/history")["rows"]
            self.assertGreater(len(history), 2)
            for row in history:
                self.assertEqual(row, samples[row[0]])
            self.assertTrue(live["/tasks"]["rows"])
            self.assertTrue(live["/types"]["rows"])
            self.assertTrue(live["/analysis"]["findings"])
            page.popen.terminate()
            page.wait()

    def without_moment(self, answer):
        return {k: v for k, v in answer.items()
                if k not in ("session", "seq", "uptime_ns")}

    def test_what_an_older_file_lacks_is_said(self):
        with Memscope(DEMO, "--quiet") as scope:
            scope.settle()
            file = self.take(scope, "old")
            scope.interrupt()
        with open(file, encoding="utf-8") as f:
            saved = json.load(f)
        for name in ("history", "findings", "leak_scan", "leak_rows", "groups",
                     "types", "variables", "measured_types", "measured_rows"):
            del saved[name]
        with open(file, "w", encoding="utf-8") as f:
            json.dump(saved, f)
        page, api = self.opened(file)
        with page:
            self.assertEqual(len(api.get("/history")["rows"]), 1)
            for path in ("analysis", "leaks", "leakscan", "tasks", "types"):
                status, _, answer = api.request("GET", "/api/v1/" + path)
                error = json.loads(answer)["error"]
                self.assertEqual((status, error["code"]), (409, "not_kept"))
                self.assertIn("older memscope", error["message"])
            page.popen.terminate()
            page.wait()

    def test_a_file_has_names_although_nobody_has_looked(self):
        with Memscope(DEMO, "--quiet") as scope:
            scope.settle()
            with open(self.take(scope, "early"), encoding="utf-8") as f:
                saved = json.load(f)
            scope.interrupt()
        self.assertTrue(all(f["named"] for f in saved["frames"]))
        self.assertIn("cache_store", {s["function"] for s in saved["sites"]})

    def test_a_file_is_what_its_schema_says(self):
        with Memscope(DEMO, "--quiet") as scope:
            scope.settle()
            with open(self.take(scope, "schema"), encoding="utf-8") as f:
                snapshot = json.load(f)
            scope.interrupt()
        fresh = subprocess.run(
            [os.path.join(ROOT, "scripts/snapshot-schema.py"), "--check"],
            capture_output=True, text=True, check=False)
        self.assertEqual(fresh.returncode, 0, fresh.stderr)
        with open(os.path.join(ROOT, "docs/snapshot.schema.json"),
                  encoding="utf-8") as f:
            validator = jsonschema.Draft202012Validator(json.load(f))
        validator.validate(snapshot)
        for name in ("format", "stats", "sites", "stacks"):
            broken = dict(snapshot)
            del broken[name]
            self.assertFalse(validator.is_valid(broken), name)

    def grow(self, sizes, name):
        """A run of the program that grows; its snapshots before and after."""
        with Memscope(*PYTHON, env=BY_MALLOC) as scope:
            self.assertEqual(scope.line(), "ready")
            scope.settle()
            files = [self.take(scope, name + "-before")]
            for i, size in enumerate(sizes):
                scope.write(b"%d\n" % size)
                scope.line(1 + i)
            scope.settle()
            files.append(self.take(scope, name + "-after"))
            heads = scope.get("/snapshots")["snapshots"]
            diff = scope.get("/diff", a=heads[0]["id"], b=heads[1]["id"],
                             limit=10000)
            by_id = command("diff", "--port", str(scope.port),
                            str(heads[0]["id"]), str(heads[1]["id"]))
            by_file = command("diff", *files)
            self.assertEqual(by_id.returncode, 0, by_id.stderr)
            self.assertEqual(by_id.stdout, by_file.stdout)
            scope.close_stdin()
            scope.wait()
        return files, diff

    def check_diff(self, diff):
        for name in ("live_bytes", "live_blocks", "alloc_count"):
            self.assertEqual(
                sum(s[name][2] for s in diff["sites"]), diff["totals"][name][2])
            self.assertEqual(
                sum(t[name][2] for t in diff["threads"]),
                diff["totals"][name][2])
        for row in diff["sites"] + diff["threads"] + [diff["totals"]]:
            a, b, d = row["live_bytes"]
            self.assertEqual(b - a, d)

    def test_growth_is_found_and_fails_a_build(self):
        files, diff = self.grow([3000000, 2000000], "grow")
        self.assertEqual(diff["total"], len(diff["sites"]))
        self.check_diff(diff)
        first = diff["sites"][0]
        self.assertGreaterEqual(first["live_bytes"][2], 5000000)
        self.assertEqual(first["ids"][0] is None or
                         first["ids"][0] == first["ids"][1], True)
        done = command("diff", "--fail-above", "4M", *files)
        self.assertEqual(done.returncode, 1)
        self.assertIn("more than 4194304", done.stderr)
        self.assertIn("grow-before", done.stdout)
        done = command("diff", "--fail-above", "8M", *files)
        self.assertEqual(done.returncode, 0, done.stderr)
        done = command("diff", "--fail-above", "1K", files[1], files[0])
        self.assertEqual(done.returncode, 0, "it has shrunk")

    def test_two_runs_are_matched_by_what_their_sites_are(self):
        heads, counts = [], []
        with Memscope(DEMO, "--quiet") as scope:
            for _ in range(2):
                with Memscope(target("sizes")) as other:
                    other.json_line()
                    other.settle()
                    with open(self.take(other, "sizes"), "rb") as f:
                        status, _, head = scope.request(
                            "POST", "/api/v1/snapshots/import", f.read())
                    self.assertEqual(status, 201, head)
                    heads.append(json.loads(head))
                    counts.append(scope.get("/snapshots/%d" % heads[-1]["id"]))
                    other.close_stdin()
                    other.wait()
            diff = scope.get("/diff", a=heads[0]["id"], b=heads[1]["id"],
                             limit=10000)
            scope.interrupt()
        self.assertNotEqual(heads[0]["epoch"], heads[1]["epoch"])
        # Loaded elsewhere each time, and yet the same.
        addresses = [{s["function"]: s["address"] for s in c["sites"]}
                     for c in counts]
        self.assertNotEqual(addresses[0], addresses[1])
        self.check_diff(diff)
        for site in diff["sites"]:
            if site["module"] == "sizes":
                self.assertNotIn(None, site["ids"])
                self.assertEqual(site["live_bytes"][2], 0, site)
        self.assertIn("sizes", {s["module"] for s in diff["sites"]})

    def test_the_commands_say_what_is_wrong(self):
        for arguments, why in (
                (("diff", "none.json", "none.json"), "No such file"),
                (("diff", "--port", "1", "1", "2"), "no memscope answers"),
                (("diff", "a"), "too few"),
                (("diff", "--fail-above", "x", "a", "b"), "unknown option"),
                (("snapshot", "--port", "1"), "no memscope answers"),
                (("open",), "too few"),
                (("open", "--port", "0", "none.json"), "No such file")):
            done = command(*arguments)
            self.assertIn(done.returncode, (1, 2), arguments)
            self.assertIn(why, done.stderr)
            self.assertTrue(done.stderr.startswith(LINE))


if __name__ == "__main__":
    main()

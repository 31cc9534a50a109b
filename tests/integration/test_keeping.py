#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Snapshots that are taken by themselves, and the directory they are kept in:
it outlives memscope, and a damaged file in it harms nothing."""

import json
import os
import subprocess

from memscope_test import BIN, DEMO, Memscope, TestCase, main, wait_until

STEPS = """import sys
kept = None
print("ready", flush=True)
for line in sys.stdin:
    kept = bytearray(int(line))
    print("kept", flush=True)
"""
PYTHON = ("/usr/bin/python3", "-c", STEPS)
BY_MALLOC = {"PYTHONMALLOC": "malloc"}


class Keeping(TestCase):

    def setUp(self):
        self.folder = os.path.join(self.scratch(), "kept")

    def files(self):
        return sorted(n for n in os.listdir(self.folder)
                      if not n.startswith("."))

    def read(self, name):
        with open(os.path.join(self.folder, name), encoding="utf-8") as f:
            return json.load(f)

    def run_steps(self, flags, sizes):
        """Heads of the snapshots after each size; ends the program."""
        with Memscope(*PYTHON, env=BY_MALLOC, flags=flags) as scope:
            self.assertEqual(scope.line(), "ready")
            heads = []
            for i, size in enumerate(sizes):
                scope.write(b"%d\n" % size)
                scope.line(1 + i)
                for _ in range(3):
                    scope.settle()
                heads.append(scope.get("/snapshots")["snapshots"])
            scope.close_stdin()
            if "--keep-open" in flags:
                scope.wait_ended()
                heads.append(wait_until("the one at the exit", lambda: [
                    h for h in scope.get("/snapshots")["snapshots"]
                    if h["cause"] == "exit"]))
            else:
                scope.wait()
        return heads

    def test_conditions_name_their_snapshots(self):
        heads = self.run_steps(
            ("--keep-open", "--snapshot-when", "heap>30M", "--snapshot-at-exit"),
            (1000000, 40000000, 41000000))
        self.assertEqual(heads[0], [])
        self.assertEqual([h["name"] for h in heads[1]], ["heap>30M"])
        self.assertEqual(heads[1][0]["cause"], "heap")
        self.assertGreater(heads[1][0]["live_bytes"], 30 << 20)
        self.assertEqual(heads[2], heads[1], "once, while it stays above")
        self.assertEqual([h["name"] for h in heads[3]], ["exit"])

    def test_the_peak_is_the_latest_one(self):
        self.run_steps(("--snapshot-when", "peak", "--snapshot-dir",
                        self.folder), (5000000, 60000000, 1000))
        (name,) = self.files()
        peak = self.read(name)
        self.assertEqual((peak["name"], peak["cause"]), ("peak", "peak"))
        self.assertGreaterEqual(peak["stats"]["heap"]["live_bytes"],
                                60000000)

    def test_the_directory_outlives_memscope(self):
        flags = ("--snapshot-dir", self.folder)
        with Memscope(DEMO, "--quiet", flags=flags) as scope:
            scope.settle()
            for name in ("first", "second", "third"):
                scope.post("/snapshots", {"name": name})
            wait_until("three files", lambda: len(self.files()) == 3)
            heads = scope.get("/snapshots")["snapshots"]
            self.assertEqual(scope.delete("/snapshots/%d" % heads[2]["id"]),
                             204)
            self.assertEqual(len(self.files()), 2, "its file has gone")
            texts = [self.read(name) for name in self.files()]
            self.assertEqual([t["name"] for t in texts], ["first", "second"])
            scope.interrupt()
        before = {n: self.read(n) for n in self.files()}
        # A second one, with files that are none of ours, or no more whole.
        damaged = self.files()[0].replace(".json", "-x.json")
        with open(os.path.join(self.folder, damaged), "wb") as f:
            f.write(json.dumps(texts[0]).encode()[:3000])
        for foreign in (".memscope-1.json.part", "notes.txt"):
            with open(os.path.join(self.folder, foreign), "wb") as f:
                f.write(b"mine")
        with Memscope(DEMO, "--quiet", flags=flags) as scope:
            heads = wait_until("both are back", lambda: (
                lambda all: all if len(all) == 2 else None)(
                    scope.get("/snapshots")["snapshots"]))
            self.assertEqual([h["name"] for h in heads], ["first", "second"])
            self.assertTrue(all(h["imported"] for h in heads))
            wait_until("the damaged one is told", lambda:
                       ("%s: " % damaged).encode() in scope.stderr.bytes())
            self.assertIn(b"the text ends before", scope.stderr.bytes())
            self.assertNotIn(b"notes.txt", scope.stderr.bytes())
            scope.settle()
            scope.post("/snapshots", {"name": "fourth"})
            wait_until("it is saved", lambda: len(self.files()) == 5)
            scope.interrupt()
        for name, text in before.items():
            self.assertEqual(self.read(name), text)
        self.assertTrue(os.path.exists(os.path.join(self.folder, damaged)))

    def test_what_was_taken_last_is_saved_before_the_end(self):
        done = subprocess.run(
            [BIN, "run", "--port", "0", "--snapshot-dir", self.folder,
             "--snapshot-at-exit", "--", "/bin/ls", "/"],
            capture_output=True, timeout=120, check=False)
        self.assertEqual(done.returncode, 0)
        bare = subprocess.run(["/bin/ls", "/"], capture_output=True,
                              check=False)
        self.assertEqual(done.stdout, bare.stdout)
        (name,) = self.files()
        snapshot = self.read(name)
        self.assertEqual(snapshot["session"]["state"], "ended")
        self.assertEqual(snapshot["session"]["exit_code"], 0)

    def test_bad_orders_are_refused_before_the_program_runs(self):
        for flags in (("--snapshot-when", "heap>x"),
                      ("--snapshot-when", ""),
                      ("--snapshot-dir", "/proc/nowhere/at/all")):
            done = subprocess.run(
                [BIN, "run", "--port", "0", *flags, "--", "/bin/echo", "ran"],
                capture_output=True, timeout=120, check=False)
            self.assertNotEqual(done.returncode, 0, flags)
            self.assertEqual(done.stdout, b"")
            self.assertIn(b"memscope: no ", done.stderr)

    def test_a_directory_that_cannot_be_written_harms_nothing(self):
        os.makedirs(self.folder)
        flags = ("--snapshot-dir", self.folder)
        with Memscope(DEMO, "--quiet", flags=flags) as scope:
            scope.settle()
            os.rmdir(self.folder)
            status, _, _ = scope.post("/snapshots", {"name": "lost"})
            self.assertEqual(status, 201)
            wait_until("it is told", lambda:
                       b"No such file" in scope.stderr.bytes())
            self.assertEqual(len(scope.get("/snapshots")["snapshots"]), 1)
            scope.interrupt()


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`memscope export` gives what the API gives, of a running program and of a
saved snapshot, in each format; and leaves nothing behind when it cannot."""

import json
import os
import subprocess

import memscope_test
from memscope_test import BIN, DEMO, Memscope
from pprof import Profile

TEXTS = ("collapsed", "speedscope", "csv")
FORMATS = (*TEXTS, "pprof", "html", "json")


def export(*arguments):
    done = subprocess.run([BIN, "export", *map(str, arguments)],
                          capture_output=True, check=False, timeout=120)
    return done.returncode, done.stdout, done.stderr.decode()


class Export(memscope_test.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scope = Memscope(DEMO, "--quiet", flags=("--port", "0"))
        cls.scope.named_picture()
        cls.head = cls.scope.post("/snapshots", {"name": "one"})[2]

    @classmethod
    def tearDownClass(cls):
        cls.scope.__exit__()

    def of_server(self, *arguments):
        return export("--port", self.scope.port, *arguments)

    def total(self, form, data):
        """The live bytes that it adds up to; None: it does not say."""
        if form == "collapsed":
            return sum(int(line.rsplit(b" ", 1)[1])
                       for line in data.splitlines())
        if form == "json":
            return json.loads(data)["stats"]["heap"]["live_bytes"]
        if form == "pprof":
            return Profile(data).total("inuse_space")
        return None

    def test_a_snapshot_is_the_same_from_the_server_and_from_its_file(self):
        directory = self.scratch()
        number = self.head["id"]
        file = os.path.join(directory, "saved.json")
        status, out, err = self.of_server("--snapshot", number, "--format",
                                          "json", "-o", file)
        self.assertEqual((status, out, err), (0, b"", ""))
        for form in FORMATS:
            status, live, err = self.of_server("--snapshot", number,
                                               "--format", form, "-o", "-")
            self.assertEqual((status, err), (0, ""), form)
            target = os.path.join(directory, "out")
            status, out, err = export("--format", form, "-o", target, file)
            self.assertEqual((status, out, err), (0, b"", ""), form)
            with open(target, "rb") as f:
                saved = f.read()
            self.assertGreater(len(saved), 100)
            if form in ("collapsed", "csv"):
                self.assertEqual(saved, live, form)
            for data in (live, saved):
                self.assertIn(self.total(form, data),
                              (self.head["live_bytes"], None), form)
            if form in TEXTS:
                self.assertEqual(self.scope.request(
                    "GET", "/api/v1/export?format=%s&snapshot=%d" % (
                        form, number))[2], live, form)

    def test_of_the_running_program(self):
        for form in ("pprof", *TEXTS, "html"):
            status, out, err = self.of_server("--format", form)
            self.assertEqual((status, err), (0, ""), form)
            self.assertGreater(len(out), 100)
        status, out, _ = self.of_server(
            "--format", "collapsed", "--weight", "live_blocks", "--snapshot",
            self.head["id"])
        self.assertEqual(self.total("collapsed", out),
                         self.head["live_blocks"])

    def test_what_cannot_be_is_said_and_leaves_nothing(self):
        directory = self.scratch()
        out = os.path.join(directory, "out")
        port = ("--port", self.scope.port)
        for arguments, status, why in (
                ((*port, "--snapshot", "999"), 1, "no such"),
                ((*port, "--session", "99"), 1, "no such"),
                (("--port", "1"), 1, "no memscope answers"),
                ((__file__,), 1, os.path.basename(__file__)),
                (("/nowhere",), 1, "/nowhere"),
                ((*port, "--format", "evil"), 2, "evil"),
                ((*port, "--weight", "evil"), 2, "evil"),
                ((*port, "--session", "0"), 2, "value 0"),
                ((*port, "--format", "json"), 2, "--snapshot"),
                ((*port, "a", "b"), 2, "arguments")):
            code, text, err = export("-o", out, *arguments)
            self.assertEqual((code, text), (status, b""), (arguments, err))
            self.assertIn(why, err)
            self.assertFalse(os.path.exists(out), arguments)
            self.assertEqual(export(*arguments)[1], b"", "an error is no data")
        code, _, err = self.of_server("-o", "/nowhere/out")
        self.assertEqual(code, 1)
        self.assertIn("/nowhere/out", err)
        with open("/dev/full", "wb") as full:
            done = subprocess.run(
                [BIN, "export", *map(str, port), "--format", "csv"],
                stdout=full, stderr=subprocess.PIPE, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"could not be written", done.stderr)

    def test_attach_says_why_not(self):
        done = subprocess.run([BIN, "attach", "1"], capture_output=True,
                              check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn(b"memscope run", done.stderr)


if __name__ == "__main__":
    memscope_test.main()

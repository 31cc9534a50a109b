#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""`memscope record`: a file in place of a page."""

import base64
import gzip
import json
import os
import pathlib
import re
import subprocess

from hazard import EXACT, Hazard
from memscope_test import Api, BIN, Process, main, target, wait_until

CHILDREN = target("children")


class Record(Hazard):

    def record(self, file, *arguments):
        done = subprocess.run([BIN, "record", "-o", file, *arguments],
                              capture_output=True, timeout=300, check=False)
        return done.returncode, done.stdout, done.stderr.decode()

    def test_what_was_recorded_is_opened_later(self):
        file = os.path.join(self.scratch(), "run.json")
        status, out, err = self.record(file, "--", CHILDREN, "leaf", "3")
        self.assertEqual(status, 3)
        stated = json.loads(out)
        self.assertIn("the report is in " + file, err)
        self.assertNotIn("http://", err)
        with Process([BIN, "open", "--port", "0", file]) as opened:
            url = wait_until("the page", lambda: next(
                (word for line in opened.stderr.lines()
                 for word in line.split() if word.startswith("http://")), None))
            page = Api(url)
            picture = page.picture()
            self.assert_counts(picture.sum(stated["functions"]), stated, EXACT)
            self.assertEqual(page.session()["exit_code"], 3)

    def test_it_can_be_a_page_in_one_file(self):
        file = os.path.join(self.scratch(), "run.html")
        status, _, _ = self.record(file, "--", CHILDREN, "leaf", "3")
        self.assertEqual(status, 3)
        text = pathlib.Path(file).read_text("utf-8")
        data = re.search(r'id="snapshot">\s*([^<]+)<', text).group(1)
        snapshot = json.loads(gzip.decompress(base64.b64decode(data)))
        self.assertEqual(snapshot["stats"]["heap"]["alloc_count_total"], 13)

    def test_nothing_listens(self):
        file = os.path.join(self.scratch(), "run.json")
        with Process([BIN, "record", "-o", file, "--", "/bin/sh", "-c",
                      "echo begun; read line; exit 4"]) as run:
            wait_until("the program", run.stdout.lines)
            found = subprocess.run(["ss", "-Hltnp"], capture_output=True,
                                   text=True, check=True).stdout
            self.assertNotIn("pid=%d," % run.pid, found)
            run.close_stdin()
            self.assertEqual(run.wait(), 4)
        with open(file, encoding="utf-8") as f:
            self.assertEqual(json.load(f)["format"], "memscope-snapshot")

    def test_what_could_not_be_written_is_not_begun(self):
        directory = self.scratch()
        good = os.path.join(directory, "run.json")
        for status, *arguments in (
                (125, "-o", os.path.join(directory, "none", "run.json")),
                (2, "-o", os.path.join(directory, "run.txt")),
                (2, "-o", good, "--open"), (2, "-o", good, "--keep-open"),
                (2, "-o", good, "--port", "0"), (2, "--output", good),
                (2,)):
            with self.subTest(arguments):
                done = subprocess.run(
                    [BIN, "record", *arguments, "--", "/bin/echo", "ran"],
                    capture_output=True, timeout=60, check=False)
                self.assertEqual(done.returncode, status, done.stderr)
                self.assertEqual(done.stdout, b"", "the program was started")
                self.assertRegex(done.stderr, b"^memscope: ")
                self.assertEqual(os.listdir(directory), [])


if __name__ == "__main__":
    main()

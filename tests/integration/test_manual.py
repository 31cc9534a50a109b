#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The manual pages are sound, and nothing that a user can call, set or write
is missing in them."""

import glob
import os
import re
import subprocess

from memscope_test import BIN, ROOT, TestCase, main

MANUAL = os.path.join(ROOT, "docs/man")
PAGES = [os.path.join(MANUAL, "memscope." + x) for x in "13"]


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


class Manual(TestCase):

    def test_mandoc_has_nothing_to_say(self):
        for page in PAGES:
            done = subprocess.run(["mandoc", "-T", "lint", "-W", "warning",
                                   page], capture_output=True, text=True,
                                  check=False)
            self.assertEqual((done.returncode, done.stdout), (0, ""))

    def test_man_has_nothing_to_say(self):
        for page in PAGES:
            done = subprocess.run(
                ["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z",
                 page], capture_output=True, text=True, check=False)
            self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_every_option_is_in_it(self):
        usage = subprocess.run([BIN, "--help"], check=True,
                               capture_output=True, text=True).stdout
        options = re.findall(r"^  --([a-z-]+)", usage, re.M)
        self.assertGreater(len(options), 9)
        described = re.findall(r"^\.It Fl -([a-z-]+)", read(PAGES[0]), re.M)
        options += re.findall(r"\[--([a-z-]+)", usage)  # of other commands
        self.assertEqual(sorted(set(described)), sorted(set(options)))
        commands = re.findall(r"^(?:usage:|      ) memscope ([a-z]+)", usage,
                              re.M)
        self.assertEqual(
            sorted(set(commands)),
            sorted(re.findall(r"^\.It Cm ([a-z]+)$", read(PAGES[0]), re.M)))

    def test_every_variable_is_in_it(self):
        names = re.findall(r'"(MEMSCOPE_[A-Z_]+)"', read(os.path.join(
            ROOT, "runtime/include/runtime/announce.h")))
        self.assertGreater(len(names), 5)
        for name in names:
            self.assertIn(".It Ev " + name, read(PAGES[0]))

    def test_every_function_is_in_it(self):
        functions = set()
        for header in glob.glob(os.path.join(ROOT, "runtime/public/*.h")):
            text = re.sub(r"//.*", "", read(header))
            functions |= set(re.findall(r"\b(memscope_\w+)\(", text))
        self.assertGreater(len(functions), 30)
        page = read(PAGES[1])
        synopsis, description = page.split(".Sh DESCRIPTION")
        shown = re.findall(r"^\.Fn (memscope_\w+)", synopsis, re.M)
        self.assertEqual(sorted(shown), sorted(functions))
        for function in functions:
            self.assertRegex(description, r"\.Fn %s\b" % function)


if __name__ == "__main__":
    main()

#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What is preloaded into every program shows it the allocation functions and
nothing that could clash with a name of its own."""

import os
import subprocess

from memscope_test import LIBRARY, TestCase, main


def nm(library, *flags):
    output = subprocess.run(["nm", "-D", *flags, library], check=True,
                            capture_output=True, text=True).stdout
    return [line.split()[-1] for line in output.splitlines()]


class Exports(TestCase):

    def test_exported_symbols_are_those_of_the_list(self):
        path = os.path.join(os.path.dirname(__file__), "libmemscope.symbols")
        with open(path, encoding="ascii") as file:
            listed = file.read().split()
        self.assertEqual(sorted(nm(LIBRARY, "--defined-only")), listed)

    def test_the_library_needs_nothing_but_libc(self):
        output = subprocess.run(["readelf", "-d", LIBRARY], check=True,
                                capture_output=True, text=True).stdout
        needed = [line.split("[")[1].rstrip("]")
                  for line in output.splitlines() if "(NEEDED)" in line]
        self.assertLessEqual(set(needed),
                             {"libc.so.6", "ld-linux-x86-64.so.2"})


if __name__ == "__main__":
    main()

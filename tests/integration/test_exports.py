#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What comes into other people's programs shows them the public names and
nothing that could clash with a name of their own."""

import os
import subprocess

from memscope_test import (EMBEDDED_LIBRARY, LIBRARY, SERVER_LIBRARY, TestCase,
                           main)


def exported(library):
    output = subprocess.run(["nm", "-D", "--defined-only", library],
                            check=True, capture_output=True, text=True).stdout
    return sorted(line.split()[-1] for line in output.splitlines())


def needed(library):
    output = subprocess.run(["readelf", "-d", library], check=True,
                            capture_output=True, text=True).stdout
    return {line.split("[")[1].rstrip("]")
            for line in output.splitlines() if "(NEEDED)" in line}


class Exports(TestCase):

    def listed(self, name):
        path = os.path.join(os.path.dirname(__file__), "symbols", name)
        with open(path, encoding="ascii") as file:
            return file.read().split()

    def test_the_preloaded_library_exports_what_is_listed(self):
        self.assertEqual(exported(LIBRARY),
                         self.listed("libmemscope.symbols"))

    def test_the_linked_library_exports_what_is_listed(self):
        self.assertEqual(exported(SERVER_LIBRARY),
                         self.listed("libmemscope-server.symbols"))

    def test_the_embedded_server_exports_what_is_listed(self):
        self.assertEqual(exported(EMBEDDED_LIBRARY),
                         self.listed("libmemscope-embedded.symbols"))

    def test_the_preloaded_library_needs_nothing_but_libc(self):
        self.assertLessEqual(needed(LIBRARY),
                             {"libc.so.6", "ld-linux-x86-64.so.2"})

    def test_a_linked_program_loads_no_web_server_before_it_asks(self):
        self.assertLessEqual(needed(SERVER_LIBRARY),
                             {"libmemscope.so.0", "libc.so.6",
                              "ld-linux-x86-64.so.2"})


if __name__ == "__main__":
    main()

#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What `cmake --install` puts somewhere works from there: the command finds
its library, and a program can be linked by pkg-config."""

import os
import re
import subprocess

from memscope_test import (BUILD, DEMO, ROOT, Api, Process, TestCase, main,
                           wait_until)


class Install(TestCase):

    def setUp(self):
        self.prefix = self.scratch()
        subprocess.run(["cmake", "--install", BUILD, "--prefix", self.prefix],
                       check=True, capture_output=True)

    def library_directory(self):
        for directory, _, files in os.walk(self.prefix):
            if "libmemscope.so" in files:
                return directory
        raise AssertionError("libmemscope.so was not installed")

    def test_the_installed_command_watches_a_program(self):
        command = [os.path.join(self.prefix, "bin/memscope"), "run", "--",
                   DEMO, "--steps"]
        with Process(command) as process:
            total = process.json_line()["total"]
            process.close_stdin()
            self.assertEqual(process.wait(), 0)
            errors = process.stderr.all().decode()
            count = re.search(r"([\d,]+) allocations of", errors).group(1)
            self.assertGreaterEqual(int(count.replace(",", "")),
                                    total["alloc_count"])
            self.assertIn("session_leak", errors)

    def test_the_manual_is_found(self):
        for section, name in (("1", "memscope"), ("3", "memscope")):
            where = subprocess.run(
                ["man", "-M", os.path.join(self.prefix, "share/man"), "-w",
                 section, name], check=True, capture_output=True, text=True)
            self.assertIn("man%s/memscope.%s" % (section, section),
                          where.stdout)

    def pkg_config(self, flag):
        path = os.path.join(self.library_directory(), "pkgconfig")
        return subprocess.run(
            ["pkg-config", "--define-variable=prefix=" + self.prefix, flag,
             "memscope"], check=True, capture_output=True, text=True,
            env=dict(os.environ, PKG_CONFIG_PATH=path)).stdout.split()

    def test_a_program_links_by_pkg_config_and_opens_its_page(self):
        program = os.path.join(self.scratch(), "linked")
        subprocess.run(
            ["cc", "-g", *self.pkg_config("--cflags"),
             os.path.join(ROOT, "examples/linked/linked.c"), "-o", program,
             *self.pkg_config("--libs")], check=True)
        env = {"LD_LIBRARY_PATH": self.library_directory()}
        with Process([program], env=env) as process:
            url = re.search(r"at (http://[^;]+);", process.line()).group(1)
            api = Api(url)
            session = wait_until("the session", api.session)
            self.assertEqual(session["pid"], process.pid)
            own = api.named_picture().sum(["ledger_grow"])
            self.assertEqual(own["live_bytes"], 321 * 1234)
            process.write(b"\n")
            self.assertEqual(process.wait(), 0)


if __name__ == "__main__":
    main()

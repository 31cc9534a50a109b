#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Programs under limits, or with other rights: who cannot be watched runs as
ever, and that is said in one clear line."""

import os
import shutil
import subprocess
import tempfile
import unittest

from hazard import Hazard
from memscope_test import BIN, main, run_bare, target

CONFINED = target("confined")
CODES = target("exit_codes")
STATIC = target("static_link")
ROOT = os.geteuid() == 0
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]


class Limits(Hazard):

    def unwatched(self, own):
        """One clear line, and only one."""
        lines = [l for l in own.splitlines() if "cannot be watched" in l]
        self.assertEqual(len(lines), 1, own)
        return lines[0]

    def test_a_limit_on_the_address_space_is_kept(self):
        own = self.harmless([CONFINED, "space", "300000000"])
        self.assertIn("101 blocks, 144 MiB, not freed", own)

    def test_it_is_kept_by_what_is_executed_under_it(self):
        command = [CONFINED, "space", "300000000", CONFINED, "space",
                   "200000000"]
        self.harmless(command)
        self.harmless(["/bin/bash", "-c",
                       "ulimit -v 400000; ulimit -v; %s space 200000000; "
                       "echo $?; ulimit -v; ulimit -Hv" % CONFINED])

    def test_all_memory_is_locked_but_ours(self):
        self.exact([CONFINED, "locked"], 21)

    def test_no_descriptors_are_left(self):
        self.exact([CONFINED, "files", "0"], 21)
        self.harmless([CONFINED, "files", "3", STATIC, "exit", "3"])
        self.harmless([CONFINED, "files", "4", CONFINED, "work"])
        self.harmless([CONFINED, "files", "5", CONFINED, "work"])

    def test_a_program_closes_its_streams(self):
        self.exact([CONFINED, "closed"], 21)

    def test_memscope_is_started_without_streams(self):
        for streams in ("<&-", ">&-", "2>&-", "<&- >&- 2>&-"):
            with self.subTest(closed=streams):
                script = "%s %s exit 4 %s; echo $?"
                bare = run_bare(["/bin/sh", "-c",
                                 script % ("", CODES, streams)])
                done = run_bare(["/bin/sh", "-c", script % (
                    BIN + " run --", CODES, streams)])
                self.assertEqual(bare[1], b"4\n")
                self.assertEqual(done[:2], bare[:2])

    def test_no_memfd_can_be_had(self):
        own = self.harmless([CONFINED, "memfd", CONFINED, "work"])
        self.assertIn("Operation not permitted", self.unwatched(own))


class Rights(Hazard):

    def test_a_static_program_is_said_to_be_one(self):
        own = self.harmless([STATIC, "exit", "7"])
        self.assertIn("is statically linked", own)
        self.assertIn("cannot be watched", own)

    def test_a_script_is_watched_by_its_interpreter(self):
        path = os.path.join(self.scratch(), "script")
        with open(path, "w", encoding="ascii") as file:
            file.write("#!/bin/sh\nexit 9\n")
        os.chmod(path, 0o755)
        own = self.harmless([path])
        self.assertNotIn("cannot be watched", own)
        self.assertIn("not freed", own)

    def test_another_c_library_is_said_to_be_one(self):
        """A program of musl's: here, ours by another name of the loader."""
        with open(CODES, "rb") as file:
            program = file.read()
        start = program.index(b"/lib64/ld-linux")
        old = program[start:program.index(b"\0", start)]
        with tempfile.TemporaryDirectory(prefix="m", dir="/tmp") as directory:
            loader = os.path.join(directory, "ld-musl.so")
            os.symlink(old.decode(), loader)
            new = loader.encode()
            self.assertLessEqual(len(new), len(old))
            path = os.path.join(directory, "musl")
            with open(path, "wb") as file:
                file.write(program.replace(old, new.ljust(len(old), b"\0"), 1))
            os.chmod(path, 0o755)
            own = self.harmless([path, "exit", "5"])
            self.assertIn("uses another C library than glibc", own)
            self.assertNotIn("not freed", own)
            # An honest one is watched.
            self.assertIn("not freed", self.harmless([CODES, "exit", "5"]))

    def test_settings_that_mean_nothing_are_said_by_the_command(self):
        for name, value in (("MEMSCOPE_MODE", "exakt"),
                            ("MEMSCOPE_BACKEND", "unifed"),
                            ("MEMSCOPE_STORE_LIMIT", "lots")):
            own = self.harmless([CODES, "exit", "5"], env={name: value})
            self.assertEqual(own.count("passed over"), 1, own)
            self.assertIn("%s is nothing that it could be, and passed over: %s"
                          % (name, value), own)
            self.assertIn("not freed", own)
        for name, value in (("MEMSCOPE_MODE", "sampled=1K"),
                            ("MEMSCOPE_BACKEND", "core"),
                            ("MEMSCOPE_STORE_LIMIT", "50000000")):
            own = self.harmless([CODES, "exit", "5"], env={name: value})
            self.assertNotIn("passed over", own)

    @unittest.skipUnless(ROOT, "needs another user")
    def test_a_setuid_program_is_left_alone(self):
        directory = self.scratch()
        os.chmod(directory, 0o755)
        path = os.path.join(directory, "setuid")
        shutil.copy(CODES, path)
        os.chmod(path, 0o4755)
        command = [*NOBODY, BIN, "run", "--", path, "exit", "6"]
        done = subprocess.run(command, capture_output=True, timeout=60,
                              check=False)
        self.assertEqual((done.returncode, done.stdout), (6, b""), done)
        self.assertIn("runs with other rights than yours", done.stderr.decode())

    @unittest.skipUnless(ROOT, "needs chroot")
    def test_a_new_root_directory(self):
        directory = self.scratch()
        shutil.copy(STATIC, directory)
        self.exact([CONFINED, "chroot", directory], 21)
        self.harmless([CONFINED, "chroot", directory, "/static_link", "exit",
                       "8"])


if __name__ == "__main__":
    main()

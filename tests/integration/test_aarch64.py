#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The runtime built for aarch64 and run by qemu: its stacks are those that
libgcc's unwinder finds there, with signed return addresses and without, and
the fuzzers' corpora are read without harm."""

import glob
import json
import os
import re
import shutil
import subprocess
import unittest

from memscope_test import ROOT, TestCase, main, say

COMPILER = "aarch64-linux-gnu-gcc"
QEMU = "qemu-aarch64"
SYSTEM = "/usr/aarch64-linux-gnu"
MISSING = [name for name in (COMPILER, QEMU) if shutil.which(name) is None]
LIMIT = str(16 << 20)  # of the store: the live table stands for the index

# A small live index: qemu keeps books of every page that is mapped.
FLAGS = ["-std=c11", "-D_GNU_SOURCE", '-DMEMSCOPE_VERSION="0"',
         "-DMS_ADDRESS_BITS=33u", "-DMS_FUZZ_REPLAY", "-O2", "-Wall", "-Wextra",
         "-Werror", "-fvisibility=hidden", "-fPIC", "-pthread",
         "-fno-builtin-malloc"]
FLAGS += ["-I" + os.path.join(ROOT, folder) for folder in (
    "runtime", "runtime/include", "runtime/public", "platform",
    "platform/include", "tests/unwind", "tests/fuzz")]


def sources(name):
    """The C files of a room, as its CMakeLists.txt has them."""
    with open(os.path.join(ROOT, name, "CMakeLists.txt"),
              encoding="utf-8") as file:
        listed = re.search(r"memscope_room\(%s SOURCES(.*?)(USES|\))" % name,
                           file.read(), re.DOTALL)[1].split()
    return [os.path.join(ROOT, name, path) for path in listed]


def source(path):
    return os.path.join(ROOT, "tests", path)


@unittest.skipIf(MISSING, "not installed: %s; see scripts/setup-aarch64.sh"
                 % ", ".join(MISSING))
class Aarch64(TestCase):

    def compile(self, *arguments, cwd=None):
        done = subprocess.run([COMPILER, *FLAGS, *arguments], timeout=500,
                              cwd=cwd, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)

    def rooms(self):
        """The objects of the runtime and of what it stands on."""
        objects = []
        for name in ("runtime", "platform"):
            folder = os.path.join(self.scratch(), name)
            os.mkdir(folder)
            self.compile("-c", *sources(name), cwd=folder)
            objects += glob.glob(folder + "/*.o")
        return objects

    def build(self, name, *arguments):
        out = os.path.join(self.scratch(), name)
        self.compile("-o", out, *arguments)
        return out

    def run_there(self, *command, env=()):
        added = [part for name, value in env
                 for part in ("-E", "%s=%s" % (name, value))]
        done = subprocess.run([QEMU, "-cpu", "max", "-L", SYSTEM, *added,
                               *command], timeout=300, capture_output=True,
                              text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_all(self):
        rooms = self.rooms()
        for name in ("eh_frame", "unwinder"):
            with self.subTest(name):
                self.check_corpus(name, rooms)
        library = self.build(
            "verify.so", "-shared", "-Wl,-Bsymbolic", "-Wl,-z,now",
            source("unwind/verify.c"), source("unwind/by_libunwind.c"),
            os.path.join(ROOT, "runtime/interpose.c"), *rooms)
        for name, flags in (("plain", ["-fomit-frame-pointer"]),
                            ("signed", ["-mbranch-protection=standard"])):
            with self.subTest(name):
                victim = self.build(name, "-fno-optimize-sibling-calls",
                                    *flags, source("unwind/frames.c"))
                self.check_victim(name, victim, library)

    def check_corpus(self, name, rooms):
        replay = self.build("replay_" + name, source("fuzz/replay.c"),
                            source("fuzz/fuzz_%s.c" % name), *rooms)
        corpus = source("fuzz/corpus/" + name)
        self.assertEqual(self.run_there(replay, corpus),
                         "%d inputs\n" % len(glob.glob(corpus + "/*")))

    def check_victim(self, name, victim, library):
        counts = os.path.join(self.scratch(), "counts-" + name)
        plain = self.run_there(victim)
        watched = self.run_there(victim, env=(
            ("LD_PRELOAD", library), ("MEMSCOPE_VERIFY", counts),
            ("MEMSCOPE_BACKEND", "lockfree"),
            ("MEMSCOPE_STORE_LIMIT", LIMIT)))
        self.assertEqual(watched, plain)
        with open(counts, encoding="ascii") as file:
            row = json.loads(file.read())
        say("%s: %s" % (name, row))
        judged = row["libgcc"]
        self.assertEqual((judged["wrong"], judged["longer"]), (0, 0))
        self.assertGreater(judged["same"], 5000)
        self.assertGreater(row["deepest"], 60)
        # From a handler outwards: qemu has no vDSO that describes its frame.
        self.assertLessEqual(judged["shorter"], 2 * 20 * 5)


if __name__ == "__main__":
    main()

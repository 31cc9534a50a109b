# SPDX-License-Identifier: MIT
"""The ledger rows of a watched program that stands still, each with its whole
stack: read past the server, by the program tests/integration/reader/rows.c."""

import bisect
import collections
import os
import subprocess

from memscope_test import BUILD

READER = os.path.join(BUILD, "tests/integration/rows")
FIELDS = ("alloc_count", "alloc_bytes", "free_count", "free_bytes",
          "realloc_count")

Row = collections.namedtuple(
    "Row", ("stack", "tid", "owner", "size_class", "sampling") + FIELDS)


class Functions:
    """The functions of an executable, by the addresses in its file."""

    def __init__(self, path):
        text = subprocess.run(["nm", "-S", "--defined-only", path], check=True,
                              capture_output=True, text=True).stdout
        self.ranges = sorted(
            (int(start, 16), int(start, 16) + int(size, 16), name)
            for start, size, kind, name in
            (line.split() for line in text.splitlines()
             if len(line.split()) == 4)
            if kind in "tT")
        self.starts = [start for start, _, _ in self.ranges]

    def at(self, address):
        """The function of a return address, or ?."""
        i = bisect.bisect_right(self.starts, address - 1) - 1
        if i < 0 or address > self.ranges[i][1]:
            return "?"
        return self.ranges[i][2]


class Rows:
    """All rows of a program, and the names of each stack's functions that lie
    in the program itself, from the inside out."""

    def __init__(self, monitor, program, executable):
        done = subprocess.run([READER, str(monitor), str(program)],
                              check=False, capture_output=True, text=True,
                              timeout=300)
        if done.returncode != 0:
            raise AssertionError("rows: %d %s" % (done.returncode, done.stderr))
        functions = Functions(executable)
        self.rows, self.stacks, names, own = [], {}, {}, None
        executable = os.path.realpath(executable)
        for line in done.stdout.splitlines():
            kind, *words = line.split()
            if kind == "M" and os.path.realpath(words[2]) == executable:
                own = words[0]
            elif kind == "S":
                frames = []
                for frame in words[1:]:
                    module, offset = frame.split(":")
                    if module == own:
                        if offset not in names:
                            names[offset] = functions.at(int(offset, 16))
                        frames.append(names[offset])
                self.stacks[int(words[0])] = tuple(frames)
            elif kind == "R":
                self.rows.append(Row(*map(int, words)))

    def sums(self, key):
        """Sums of the counts by key(row), where that is not None."""
        result = collections.defaultdict(collections.Counter)
        for row in self.rows:
            where = key(row)
            if where is not None:
                for field in FIELDS:
                    result[where][field] += getattr(row, field)
        return result

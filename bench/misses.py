#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What the library makes a processor do for each allocation of a program, by
cachegrind's model of one: instructions, branches that are not foreseen, misses
of the first and second level's caches, and the cycles that these make by
rough weights; then the same by function. Where to look, not what it costs.

Valgrind has no room for the whole live index, so it takes a build with a
smaller one:
    cmake --preset release -B build/narrow -DCMAKE_C_FLAGS=-DMS_ADDRESS_BITS=36u
    cmake --build build/narrow
    misses.py [--build build/narrow] [--scale 0.07] [--top N] [PROGRAM ...]"""

import argparse
import collections
import os
import tempfile

import instructions
from measure import Run
from workloads import all_workloads

# Of the processors that the rest of bench/ was measured on; its second level
# stands for cachegrind's last.
CACHES = ["--I1=65536,4,64", "--D1=32768,8,64", "--LL=524288,8,64"]
# Cycles, roughly: of a miss that the next level has, and of a wrong guess.
WEIGHTS = {"Ir": 0.4, "I1mr": 8, "Bcm": 18, "Bim": 18, "D1mr": 10, "DLmr": 30}
SHOWN = ("Ir", "Bcm", "I1mr", "D1mr", "DLmr")


def read(path):
    """{function: Counter of events} of the library's own sources."""
    functions = collections.defaultdict(collections.Counter)
    events, ours, name = [], False, ""
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            word, _, rest = line.rstrip("\n").partition("=")
            if line.startswith("events:"):
                events = line.split()[1:]
            elif word == "fl":
                ours = "/runtime/" in rest or "/platform/" in rest
            elif word == "fn":
                name = rest
            elif ours and line[0].isdigit():
                for event, times in zip(events, line.split()[1:]):
                    functions[name][event] += int(times)
    return functions


def cycles(counts):
    return sum(counts[event] * weight for event, weight in WEIGHTS.items())


def show(name, counts, allocations):
    print("%-28s %8.1f" % (name, cycles(counts) / allocations) + "".join(
        " %8.2f" % (counts[event] / allocations) for event in SHOWN))


def main():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build/narrow")
    parser.add_argument("--scale", type=float, default=0.07)
    parser.add_argument("--top", type=int, default=12)
    parser.add_argument("programs", nargs="*", default=["sqlite3", "perl"])
    options = parser.parse_args()
    missing = []
    with tempfile.TemporaryDirectory() as directory:
        instructions.compile_all(
            directory, ("storms/bignum", "storms/covers"), ["-O2"])
        for work in all_workloads(directory, directory, options.scale,
                                  options.programs, missing):
            profile = os.path.join(directory, "profile")
            run = Run([os.path.join(options.build, "cli/memscope"), "run",
                       "--", "valgrind", "-q", "--tool=cachegrind",
                       "--cache-sim=yes", "--branch-sim=yes", *CACHES,
                       "--cachegrind-out-file=" + profile, *work.command],
                      stdin=work.stdin, env=work.env)
            functions, allocations = read(profile), run.allocations()
            print("%s, %d allocations; for each:" % (work.name, allocations))
            print("%-28s %8s" % ("", "cycles") +
                  "".join(" %8s" % event for event in SHOWN))
            show("all", sum(functions.values(), collections.Counter()),
                 allocations)
            for name in sorted(functions, key=lambda f: -cycles(
                    functions[f]))[:options.top]:
                show(name, functions[name], allocations)
    for what in missing:
        print(what)


if __name__ == "__main__":
    main()

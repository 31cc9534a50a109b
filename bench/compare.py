#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""compare OLD NEW [PROGRAM ...]: the total CPU of programs under one build of
memscope divided by that under another, or by that of the bare program where
OLD is "bare"; by pairs of runs that share a core. What the decisions quote as
"new / old"."""

import argparse
import os
import statistics
import tempfile

import instructions
from measure import Run, side_by_side
from workloads import all_workloads


def runner(build, work):
    """Runs a workload under the memscope of a build."""
    watcher = [] if build == "bare" else [
        os.path.join(build, "cli/memscope"), "run", "--"]
    return lambda: Run([*watcher, *work.command], stdin=work.stdin,
                       env=work.env, program=work.command[0])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("old")
    parser.add_argument("new")
    parser.add_argument("programs", nargs="*")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--scale", type=float, default=0.5)
    options = parser.parse_args()
    missing = []
    with tempfile.TemporaryDirectory() as directory:
        instructions.compile_all(
            directory, ("storms/bignum", "storms/covers"), ["-O2"])
        for work in all_workloads(directory, directory, options.scale,
                                  options.programs, missing):
            ratios = []
            for _ in range(options.rounds):
                new, old = side_by_side(runner(options.new, work),
                                        runner(options.old, work))
                ratios.append(new.cpu_s / old.cpu_s)
            print("%-16s %.3f (%.3f to %.3f)" % (
                work.name, statistics.median(ratios), min(ratios),
                max(ratios)), flush=True)
    for what in missing:
        print(what)


if __name__ == "__main__":
    main()

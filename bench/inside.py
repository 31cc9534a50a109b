# SPDX-License-Identifier: MIT
"""What the engine does by itself, beside a made-up program: its ticks,
snapshots, exports, imports, and the names of addresses."""

import json
import os
import statistics
import subprocess

import symbols


def program(build, name, *arguments):
    """The object that one of bench/*.c prints."""
    done = subprocess.run([os.path.join(build, "bench/bench_" + name),
                           *arguments], check=True, stdout=subprocess.PIPE,
                          text=True)
    return json.loads(done.stdout)


def measure(build, rounds, sites):
    result = {"ticks": program(build, "ticks", str(sites)),
              "snapshots": program(build, "snapshots", str(sites))}
    tool = os.path.join(build, "tests/symbols/frames_of")
    if os.path.exists(tool):
        runs = [symbols.measure(tool, os.path.join(build, "cli/memscope"))
                for _ in range(rounds)]
        result["symbols"] = {
            **runs[0], "seconds": statistics.median(
                run["seconds"] for run in runs)}
    return result

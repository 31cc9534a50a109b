#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Where the time goes while a program is watched, by perf's samples of the CPU
clock: what the library, the kernel for the program, and the monitor take for
each 100 of the program's own. That is one run, and the parts of it are always
of the same moment, so a loaded machine disturbs it less than two clocks do.

shares.py [--build build/release] [--top N] COMMAND [ARGUMENT]..."""

import argparse
import collections
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERTZ = 4000
LINE = re.compile(r"^\s*(.*?)\s+[0-9a-f]+ (\S+) \((.*)\)$")


def record(build, command, path, port=0):
    subprocess.run(
        ["perf", "record", "-q", "-e", "cpu-clock", "-F", str(HERTZ), "-o",
         path, "--", os.path.join(build, "cli/memscope"), "run", "--port",
         str(port), "--", *command],
        check=True, stdout=subprocess.DEVNULL)
    return subprocess.run(
        ["perf", "script", "-i", path, "-F", "comm,ip,sym,dso"], check=True,
        capture_output=True, text=True).stdout


def count(script, name):
    """(samples by part, the library's by function)."""
    parts, functions = collections.Counter(), collections.Counter()
    for line in script.splitlines():
        found = LINE.match(line)
        if not found:
            continue
        comm, function, module = found.groups()
        if "libmemscope" in module:
            parts["library"] += 1
            functions[function] += 1
        elif comm != name:
            parts["monitor"] += 1
        else:
            parts["kernel" if module == "[kernel.kallsyms]" else "program"] += 1
    return parts, functions


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build/release")
    parser.add_argument("--top", type=int, default=8)
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    if not options.command:
        parser.error("no command to watch")
    if shutil.which("perf") is None:
        sys.exit("shares: perf is not here (Debian: linux-perf)")
    with tempfile.TemporaryDirectory() as directory:
        script = record(options.build, options.command,
                        os.path.join(directory, "perf.data"))
    # The kernel keeps 15 characters of a name.
    name = os.path.basename(options.command[0])[:15]
    parts, functions = count(script, name)
    if parts["program"] == 0:
        sys.exit("shares: the program, %s, has no samples" % name)
    unit = parts["program"] / 100
    print("of 100 samples of the program (%d in all):" % parts["program"])
    for part in ("library", "kernel", "monitor"):
        print("%7.1f  %s" % (parts[part] / unit, part))
    print("of the library:")
    for function, samples in functions.most_common(options.top):
        print("%7.1f  %s" % (samples / unit, function))


if __name__ == "__main__":
    main()

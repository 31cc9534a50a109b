#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How fast the engine names addresses, inlined functions and lines included:
100 000 distinct ones of a program with debug information, from its opening to
the last answer. Usage: bench/symbols.py --build BUILD [FILE...]"""

import argparse
import os
import re
import subprocess

ADDRESSES = 100000
TARGET_S = 5.0


def text_section(path):
    """(address, bytes) of the program's code."""
    out = subprocess.run(["readelf", "-SW", path], capture_output=True,
                         text=True, check=True).stdout
    match = re.search(r"\s\.text\s+PROGBITS\s+(\S+)\s+\S+\s+(\S+)", out)
    return int(match.group(1), 16), int(match.group(2), 16)


def measure(tool, path):
    """One run's figures."""
    start, size = text_section(path)
    count = min(ADDRESSES, size)
    addresses = "".join("%x\n" % (start + i * size // count + 1)
                        for i in range(count))
    done = subprocess.run([tool, path], input=addresses, text=True, check=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    frames = sum("\t" in line for line in done.stdout.splitlines())
    took = re.search(r"(\d+) us", done.stderr)
    return {"file": os.path.basename(path), "addresses": count,
            "frames": frames, "seconds": int(took.group(1)) / 1e6,
            "said": done.stderr.strip()}


def main():
    """Measures each of the files."""
    root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default=os.path.join(root, "build/release"))
    parser.add_argument("files", nargs="*")
    options = parser.parse_args()
    tool = os.path.join(options.build, "tests/symbols/frames_of")
    files = [os.path.abspath(f) for f in options.files] or [
        os.path.abspath(os.path.join(options.build, "cli/memscope"))]
    for path in files:
        run = measure(tool, path)
        print("%s: %s" % (run["file"], run["said"]))
        print("    %d frames, %.2f s, %.0f addresses/s; target: %d in %.0f s"
              % (run["frames"], run["seconds"],
                 run["addresses"] / run["seconds"], ADDRESSES, TARGET_S))


if __name__ == "__main__":
    main()

#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Instructions that memscope adds to malloc and free, stepped through one by
one: the same on every machine, whatever else runs on it. Under valgrind the
library turns itself off, so steps.c does what callgrind would.
Alone, it says where they are: instructions.py [--backend B] [--way hot]; B may
be sampled, off, or floor, which only passes on."""

import argparse
import collections
import os
import subprocess
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
C_FLAGS = ["-std=c11", "-D_GNU_SOURCE", "-O1", "-g", "-fno-builtin"]
WAYS = (("hot", "malloc and free of the same block, hot"),
        ("older", "free of an older block and malloc, 64 held"),
        ("realloc", "realloc, 64 held"),
        ("deep", "the hot pair, 16 frames further in"),
        ("winding", "the same, 8 frames in, by 256 call paths"),
        ("wandering", "the same, 16 frames in, by 65536 call paths"))
ROUNDS = 34
WINDOWS = 2


def compile_all(directory, names, flags=()):
    """Compiles programs of this folder; `names` are paths without .c."""
    for name in names:
        subprocess.run(
            ["cc", *(flags or C_FLAGS), os.path.join(HERE, name + ".c"), "-o",
             os.path.join(directory, os.path.basename(name)), "-lpthread"],
            check=True)


def count(directory, watcher, profile=None):
    """Instructions per round of each way: the least of the windows."""
    command = [os.path.join(directory, "steps"),
               *(["-p", profile] if profile else []),
               os.path.join(directory, "pairs"), str(ROUNDS), str(WINDOWS)]
    output = subprocess.run(
        watcher.command(command) if watcher else command, check=True,
        env={**os.environ, **(watcher.env if watcher else {})},
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        timeout=600).stdout
    steps = [int(word) / ROUNDS for word in output.split()]
    return {name: min(steps[WINDOWS * i:WINDOWS * (i + 1)])
            for i, (name, _) in enumerate(WAYS)}


def table_of(directory, watchers):
    """{way: {watcher: added instructions, "bare": all}}."""
    bare = count(directory, None)
    result = {name: {"bare": bare[name]} for name in bare}
    for watcher in watchers:
        for name, steps in count(directory, watcher).items():
            result[name][watcher.key] = steps - bare[name]
    return result


def _read(profile, part):
    """(maps, {pc: count}) of one part of a profile."""
    maps, places, current = [], {}, 0
    with open(profile, encoding="utf-8") as file:
        for line in file:
            words = line.split()
            if words[0] == "part":
                current = int(words[1])
            elif current == part and words[0] == "map":
                begin, end = (int(x, 16) for x in words[1].split("-"))
                maps.append((begin, end, int(words[3], 16),
                             words[6] if len(words) > 6 else "?"))
            elif current == part:
                places[int(words[1], 16)] = int(words[2])
    return maps, places


def where(profile, way):
    """Prints the functions in which a way's instructions are, inlined ones
    by their own name, beside the function that they ended up in."""
    part = [name for name, _ in WAYS].index(way) * WINDOWS + 1
    maps, places = _read(profile, part)
    by_object = collections.defaultdict(dict)
    for pc, times in places.items():
        for begin, end, offset, path in maps:
            if begin <= pc < end:
                by_object[path][pc - begin + offset] = times
    for path, counts in sorted(by_object.items()):
        print("%8.1f  %s" % (sum(counts.values()) / ROUNDS, path))
        if not path.startswith("/"):
            continue
        text = subprocess.run(
            ["addr2line", "-a", "-f", "-i", "-e", path] +
            ["%#x" % address for address in counts],
            check=True, capture_output=True, text=True).stdout
        sums, names, address = collections.Counter(), [], None

        def close():
            if address is not None:
                sums[(names[0], names[-1])] += counts[address]
        for line in text.splitlines():
            if line.startswith("0x"):
                close()
                address, names = int(line, 16), []
            elif ":" not in line:
                names.append(line)
        close()
        for (inner, outer), times in sums.most_common(30):
            print("%16.1f  %s%s" % (times / ROUNDS, inner,
                                    "" if inner == outer else " in " + outer))


def main():
    from watchers import floor, memscopes
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build/release")
    parser.add_argument("--backend", default="lockfree")
    parser.add_argument("--way", default="hot",
                        choices=[name for name, _ in WAYS])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        watcher, = [w for w in [
            *memscopes(os.path.abspath(options.build), []), floor(directory)]
            if w.key == options.backend]
        compile_all(directory, ("steps", "pairs"))
        profile = os.path.join(directory, "profile")
        for name, steps in count(directory, watcher, profile).items():
            print("%8.1f  %s" % (steps, dict(WAYS)[name]))
        print("\nof one window of %r:" % options.way)
        where(profile, options.way)


if __name__ == "__main__":
    main()

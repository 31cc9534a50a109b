#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""check-sizes FILE...: no C file longer than 400 lines, no function longer than 80.
Functions are told by their braces at the beginning of a line, as clang-format
sets them."""

import sys

MOST_FILE, MOST_FUNCTION = 400, 80


def too_long(path):
    with open(path, encoding="utf-8") as file:
        lines = file.read().splitlines()
    if len(lines) > MOST_FILE:
        yield "%s: %d lines, at most %d" % (path, len(lines), MOST_FILE)
    begin = None
    for number, line in enumerate(lines, 1):
        if line == "{":
            begin = number
        elif line == "}" and begin is not None:
            if number - begin + 1 > MOST_FUNCTION:
                yield "%s:%d: a function of %d lines, at most %d" % (
                    path, begin, number - begin + 1, MOST_FUNCTION)
            begin = None


def main():
    found = [what for path in sys.argv[1:] for what in too_long(path)]
    print("\n".join(found), end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""letters: the letters of the memory orders in the code and in
docs/MEMORY_MODEL.md are the same, each is both released and acquired, and no
ordered access goes without one within a few lines."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
ORDERED = re.compile(r"\bms_(?:load_acquire|store_release|exchange_acquire|"
                     r"cas_release|claim_acquire|claim_release|cas_acq_rel)\b")
LETTER = re.compile(r"\[([A-Z])\]")
LINES_BEFORE = 4  # between a comment and the access that it is about
LINES_AFTER = 1


def main():
    document = (ROOT / "docs" / "MEMORY_MODEL.md").read_text()
    rows = re.findall(r"^\| \[([A-Z])\] \|", document, re.M)
    listed = set(rows)
    used = {}
    wrong = [f"[{x}] stands twice in the table" for x in listed
             if rows.count(x) > 1]
    for room in ("platform", "runtime", "engine"):
        for path in sorted((ROOT / room).rglob("*.[ch]")):
            if path.name == "atomics.h":
                continue
            lines = path.read_text().split("\n")
            for i, line in enumerate(lines):
                for access in ORDERED.findall(line):
                    near = "\n".join(
                        lines[max(0, i - LINES_BEFORE):i + 1 + LINES_AFTER])
                    letters = set(LETTER.findall(near))
                    where = f"{path.relative_to(ROOT)}:{i + 1}"
                    if not letters:
                        wrong.append(f"{where}: {access} has no letter")
                    for letter in letters:
                        sides = used.setdefault(letter, set())
                        if "acq_rel" in access or "release" in access:
                            sides.add("release")
                        if "acq" in access:
                            sides.add("acquire")
    wrong += [f"[{x}] is in the code but not in the document"
              for x in sorted(set(used) - listed)]
    wrong += [f"[{x}] is in the document but not in the code"
              for x in sorted(listed - set(used))]
    wrong += [f"[{x}] has no {side}" for x in sorted(used)
              for side in ("release", "acquire") if side not in used[x]]
    print("\n".join(wrong) or f"{len(listed)} letters, all in order")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

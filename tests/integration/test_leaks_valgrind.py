#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The leak check at exit against valgrind's memcheck: the same blocks,
definitely, indirectly and possibly lost, and still reachable, in the victims
(which say themselves what they have lost) and in programs of the system."""

import json
import re
import shutil
import subprocess
import unittest

import memscope_test
from memscope_test import Memscope, say, target, wait_until

KINDS = {"definite": "definitely lost", "indirect": "indirectly lost",
         "possible": "possibly lost", "reachable": "still reachable"}
# (command, what may differ).
PROGRAMS = (
    *(((target("leaks"), case), ()) for case in (
        "plain", "list", "rings", "tree", "interior", "big", "mapped", "freed",
        "clean")),
    (("/bin/ls", "/"), ()),
    (("/usr/bin/sort", "/etc/passwd"), ()),
    (("/bin/sed", "s/a/b/", "/etc/passwd"), ()),
    (("/usr/bin/awk", "{print $1}", "/etc/passwd"), ()),
    (("/usr/bin/xz", "--version"), ()),
    # It keeps its environment, and memscope's and valgrind's are not the same.
    (("/bin/bash", "-c", "x=1; echo $x"), ("reachable",)),
    (("/usr/bin/diff", "/etc/passwd", "/etc/passwd"), ()),
    (("/usr/bin/find", "/etc/apt"), ()),
)
TRIES = 3


def by_valgrind(command):
    """What valgrind found, and what the victim said of itself."""
    done = subprocess.run(
        [shutil.which("valgrind"), "--leak-check=full", "--undef-value-errors=no",
         # At the end libc would free what it holds for itself (locales).
         "--run-libc-freeres=no", "--leak-check-heuristics=none",
         "--errors-for-leak-kinds=none", *command],
        capture_output=True, timeout=300, check=False)
    text = done.stderr.decode("utf-8", "replace")
    if "no leaks are possible" in text:
        return dict.fromkeys(KINDS, 0), done.stdout
    found = {}
    for kind, name in KINDS.items():
        match = re.search(name + r": [\d,]+ bytes in ([\d,]+) blocks", text)
        assert match, text
        found[kind] = int(match.group(1).replace(",", ""))
    return found, done.stdout


def may_hold_stale(theirs, truth):
    """A word that a call has left on the stack may look like a pointer to
    valgrind: what is lost is then held by it, all else must be the same."""
    return (sum(theirs.values()) == sum(truth.values())
            and theirs["definite"] <= truth["definite"]
            and theirs["reachable"] >= truth["reachable"])


def by_memscope(command):
    with Memscope(*command, flags=("--port", "0", "--leak-check",
                                   "--keep-open")) as scope:
        scope.wait_ended()

        def done():
            report = scope.get("/leakscan")
            return report if report["state"] in ("done", "failed") else None
        report = wait_until("the scan's report", done)
        assert report["state"] == "done", report["failure"]
        return {k: report["sums"][k]["blocks"] for k in KINDS}


class Valgrind(memscope_test.TestCase):
    def test_the_same_leaks(self):
        for command, differs in PROGRAMS:
            with self.subTest(command=command):
                ours = by_memscope(command)
                for _ in range(TRIES):
                    theirs, said = by_valgrind(command)
                    if all(ours[k] == theirs[k]
                           for k in KINDS if k not in differs):
                        break
                say("%s: valgrind %s, memscope %s" % (
                    " ".join(command), list(theirs.values()),
                    list(ours.values())))
                if command[0] == target("leaks"):
                    truth = json.loads(said)
                    self.assertEqual(ours, truth)
                    if may_hold_stale(theirs, truth):
                        continue
                for kind in KINDS:
                    if kind not in differs:
                        self.assertEqual(ours[kind], theirs[kind], kind)


if __name__ == "__main__":
    memscope_test.main()

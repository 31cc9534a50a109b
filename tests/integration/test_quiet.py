#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The fast path makes no system call, takes no lock, allocates nothing: seen
from outside (strace), enforced by the kernel (seccomp), and read from the
library's own code."""

import collections
import os
import re
import subprocess

from hazard import Hazard
from memscope_test import LIBRARY, main, run_bare, say, target

QUIET = target("quiet")
PAIRS = 1000000
# This allocator makes no system call of its own, in no thread.
BELOW = {"LD_PRELOAD": target("arena.so")}

# All that the hooks may reach in libc, but for the start of a process or of a
# thread and the memory for a stack that is seen for the first time. None of
# these locks or allocates; clock_gettime is no system call either where the
# kernel gives the clock to programs.
ALLOWED = {"_dl_find_object", "clock_gettime", "memcmp", "memcpy", "memset",
           "strnlen", "strlen", "__errno_location"}
SLOW = {"ms_guard_enter_slow", "ms_guard_enter_forked",
        "ms_real_alloc_resolve", "ms_memory_map", "ms_memory_map_wiped",
        "ms_memory_unmap"}
# C++'s operators look for the real ones at their first call, and then call
# what these do.
HOOKS = ("malloc", "free", "calloc", "realloc", "reallocarray", "memalign",
         "aligned_alloc", "posix_memalign", "free_sized")


class Quiet(Hazard):

    def calls_between(self, text):
        """The system calls between the two lines of the victim, by name."""
        begin = text.index('write(1, "begin')
        end = text.index('write(1, "end')
        lines = text[begin:end].splitlines()[1:]
        # The victim's main thread polls until the others have ended.
        names = [re.match(r"\d+ +(\w+)\(", line) for line in lines]
        return collections.Counter(
            m.group(1) for m in names
            if m and m.group(1) not in ("clock_nanosleep", "tgkill", "exit"))

    def test_no_system_call_by_strace(self):
        for threads in (1, 2):
            with self.subTest(threads=threads):
                self.strace(threads)

    def strace(self, threads):
        log = os.path.join(self.scratch(), "strace")
        command = ["strace", "-f", "-o", log, QUIET, str(threads), str(PAIRS)]
        calls = {}
        for how, run in (("bare", lambda: run_bare(command, BELOW)[0]),
                         ("watched", lambda: self.watched(command, BELOW)[0])):
            self.assertEqual(run(), 0)
            with open(log, encoding="utf-8", errors="replace") as file:
                calls[how] = self.calls_between(file.read())
        added = calls["watched"] - calls["bare"]
        say("%d threads, %d pairs each: %s bare, %s added" % (
            threads, PAIRS, dict(calls["bare"]), dict(added)))
        self.assertEqual(added, {})

    def test_a_program_that_may_make_no_system_call_goes_on(self):
        for threads in (1, 2):
            command = [QUIET, str(threads), str(PAIRS), "strict"]
            bare = run_bare(command, BELOW)
            self.assertEqual(bare[:2], (0, b"begin\nend\n"))
            own = self.harmless(command, BELOW)
            self.assertNotIn("not booked", own)


class Code(Hazard):
    """What the hooks can reach, from the disassembled library."""

    def graph(self):
        text = subprocess.run(
            ["objdump", "-d", "--no-show-raw-insn", os.path.realpath(LIBRARY)],
            check=True, capture_output=True, text=True).stdout
        calls, system = collections.defaultdict(set), set()
        function = None
        for line in text.splitlines():
            head = re.match(r"[0-9a-f]+ <(.+)>:$", line)
            if head:
                function = head.group(1)
                continue
            step = re.match(r"\s+[0-9a-f]+:\s+(.*)$", line)
            if step is None:
                continue
            # Calls, jumps, branches: of x86 and of aarch64.
            other = re.match(r"(?:call|j\w+|bl?|b\.\w+|cbn?z.*|tbn?z.*)\s+"
                             r".*<([^>+]+)(?:\+0x[0-9a-f]+)?>", step.group(1))
            if other and other.group(1) != function:
                calls[function].add(other.group(1))
            elif re.match(r"(syscall|svc)\b", step.group(1)):
                system.add(function)
        return calls, system

    def test_the_hooks_reach_nothing_that_locks_or_allocates(self):
        calls, system = self.graph()
        reached, to_see = set(), list(HOOKS)
        for hook in HOOKS:
            self.assertIn(hook, calls, "the library has this hook")
        while to_see:
            function = to_see.pop()
            if function in reached or function in SLOW or \
                    function in ("_init", ".plt"):
                continue
            reached.add(function)
            to_see += calls[function]
        libc = {f.split("@")[0] for f in reached if "@plt" in f}
        say("%d functions reached, of libc: %s" % (
            len(reached) - len(libc), sorted(libc)))
        self.assertGreater(len(reached), 20)
        self.assertEqual(libc - ALLOWED, set())
        self.assertEqual(reached & system, set())


if __name__ == "__main__":
    main()

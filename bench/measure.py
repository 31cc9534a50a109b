# SPDX-License-Identifier: MIT
"""Measures one run of a command: wall clock, CPU of everything that it
started, and peak memory. Prints nothing and decides nothing."""

import os
import re
import select
import statistics
import subprocess
import tempfile
import time

POLL_MS = 20  # for the high-water marks of memory; the end is seen at once


def high_water_kib(pid):
    """The largest RSS of a process so far, or 0 when it has gone."""
    try:
        with open("/proc/%d/status" % pid, encoding="ascii",
                  errors="replace") as file:
            match = re.search(r"VmHWM:\s+(\d+)", file.read())
            return int(match.group(1)) if match else 0
    except (FileNotFoundError, ProcessLookupError):
        return 0


def children(pid):
    """The processes that this one has started and not yet reaped."""
    try:
        with open("/proc/%d/task/%d/children" % (pid, pid),
                  encoding="ascii") as file:
            return [int(word) for word in file.read().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def process_cpu_s(pid):
    """CPU time of all threads of a process, by its own clock."""
    return time.clock_gettime((~pid << 3) | 2)


class Run:
    """One run. wall_s; cpu_s with all descendants; program_kib, the peak of
    the program; helper_kib, the peak of the memscope process, or 0."""

    def __init__(self, command, stdin=None, env=None, watched=False):
        environment = dict(os.environ)
        environment.update(env or {})
        with tempfile.TemporaryFile() as errors, \
                open(stdin or os.devnull, "rb") as source:
            begin = time.monotonic()
            process = subprocess.Popen(
                command, stdin=source, stdout=subprocess.DEVNULL,
                stderr=errors, env=environment)
            self._follow(process.pid, watched)
            _, status, usage = os.wait4(process.pid, 0)
            self.wall_s = time.monotonic() - begin
            process.returncode = os.waitstatus_to_exitcode(status)
            errors.seek(0)
            self.stderr = errors.read().decode("utf-8", "replace")
        self.cpu_s = usage.ru_utime + usage.ru_stime
        if process.returncode != 0:
            raise RuntimeError("%s ended with %d: %s" % (
                command, process.returncode, self.stderr[-500:]))

    def _follow(self, pid, watched):
        self.program_kib = self.helper_kib = 0
        end = os.pidfd_open(pid)
        try:
            poll = select.poll()
            poll.register(end, select.POLLIN)
            while not poll.poll(POLL_MS):
                if not watched:
                    self._program(pid)
                    continue
                self.helper_kib = max(self.helper_kib, high_water_kib(pid))
                for child in children(pid):
                    self._program(child)
        finally:
            os.close(end)

    def _program(self, pid):
        self.program_kib = max(self.program_kib, high_water_kib(pid))

    def allocations(self):
        """How many allocations memscope's closing line speaks of."""
        match = re.search(r"([\d,]+) allocations of", self.stderr)
        return int(match.group(1).replace(",", "")) if match else None

    def program_s(self):
        """How long the program itself ran, by that line."""
        match = re.search(r"ran ([\d.]+) s", self.stderr)
        return float(match.group(1)) if match else None


class Ratios:
    """The ratios of paired measurements: median, smallest and largest."""

    def __init__(self, bare, watched):
        ratios = [w / b for b, w in zip(bare, watched)]
        self.median = statistics.median(ratios)
        self.low, self.high = min(ratios), max(ratios)

    def __str__(self):
        return "%.2f (%.2f–%.2f)" % (self.median, self.low, self.high)


def pairs(bare, watched, count):
    """Runs two commands in turn, `count` times each: A B A B ..."""
    runs = []
    for _ in range(count):
        runs.append((bare(), watched()))
    return [a for a, _ in runs], [b for _, b in runs]

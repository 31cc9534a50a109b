# SPDX-License-Identifier: MIT
"""Measures one run of a command: wall clock, CPU of everything that it
started, and peak memory. Prints nothing and decides nothing."""

import contextlib
import ctypes
import os
import platform
import re
import select
import statistics
import struct
import subprocess
import tempfile
import threading
import time

SLICE_NS = 20_000_000  # of a core that runs share: caches are filled in less
SCHED_SETATTR = {"x86_64": 314, "aarch64": 274}
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


def executable(pid):
    """The path of the file that a process runs, or ""."""
    try:
        return os.readlink("/proc/%d/exe" % pid)
    except OSError:
        return ""


def prefer(pid):
    """Puts a process that leads a session of its own before all others, as
    far as we may, so that what else the machine does decides less."""
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, pid, -15)
    with contextlib.suppress(OSError), \
            open("/proc/%d/autogroup" % pid, "w", encoding="ascii") as file:
        file.write("-20")


def process_cpu_s(pid):
    """CPU time of all threads of a process, by its own clock."""
    return time.clock_gettime((~pid << 3) | 2)


class Run:
    """One run. wall_s; cpu_s with all descendants; program_kib, the peak of
    the program; helper_kib, the peak of the largest process of the tool that
    watches it, or 0; helper_s, the CPU of all of these, but for their last
    moments; stdout and stderr. `program` is the path of the program where
    something else starts it."""

    def __init__(self, command, stdin=None, env=None, program=None):
        environment = dict(os.environ)
        environment.update(env or {})
        with tempfile.TemporaryFile() as errors, \
                tempfile.TemporaryFile() as output, \
                open(stdin or os.devnull, "rb") as source:
            begin = time.monotonic()
            process = subprocess.Popen(
                command, stdin=source, stdout=output, stderr=errors,
                env=environment)
            self._follow(process.pid, program)
            _, status, usage = os.wait4(process.pid, 0)
            self.wall_s = time.monotonic() - begin
            process.returncode = os.waitstatus_to_exitcode(status)
            errors.seek(0)
            self.stderr = errors.read().decode("utf-8", "replace")
            output.seek(0)
            self.stdout = output.read()
        self.cpu_s = usage.ru_utime + usage.ru_stime
        if process.returncode != 0:
            raise RuntimeError("%s ended with %d: %s" % (
                command, process.returncode, self.stderr[-500:]))

    def allocations(self):
        """How many allocations the watcher says that it has seen, or None."""
        match = re.search(r"^memscope: ran .*?; ([\d,]+) allocations of |"
                          r"^\s*allocations:\s+(\d+)$", self.stderr, re.M)
        if match is None:
            match = re.search(r"^\s*allocations:\s+(\d+)()$",
                              self.stdout.decode("utf-8", "replace"), re.M)
        if match is None:
            return None
        return int((match.group(1) or match.group(2)).replace(",", ""))

    def _follow(self, pid, program):
        self.program_kib = self.helper_kib = 0
        self._helpers = {}
        end = os.pidfd_open(pid)
        try:
            poll = select.poll()
            poll.register(end, select.POLLIN)
            while not poll.poll(POLL_MS):
                self._look(pid, program)
        finally:
            os.close(end)
        self.helper_s = sum(self._helpers.values())

    def _look(self, pid, program):
        peak, runs = high_water_kib(pid), executable(pid)
        if program is None or runs == os.path.realpath(program):
            self.program_kib = max(self.program_kib, peak)
            self._helpers.pop(pid, None)  # it has started as the tool's
        elif runs:  # one that has ended runs nothing
            self.helper_kib = max(self.helper_kib, peak)
            with contextlib.suppress(OSError):
                self._helpers[pid] = process_cpu_s(pid)
        for child in children(pid):
            self._look(child, program)


def spread(values):
    """[median, smallest, largest], or None of nothing."""
    values = [value for value in values if value is not None]
    return [statistics.median(values), min(values), max(values)] \
        if values else None


def ratios(watched, bare):
    """The spread of paired ratios."""
    return spread([w / b for w, b in zip(watched, bare) if b > 0])


def shares(rows):
    """Adds to each row the CPU that it adds, as a share of heaptrack's: of the
    medians, as there are more rounds of one than of the other."""
    if "heaptrack" in rows:
        added = rows["heaptrack"]["cpu"][0] - 1
        for key, row in rows.items() if added > 0 else ():
            if key not in ("bare", "heaptrack"):
                row["share_of_heaptrack"] = (row["cpu"][0] - 1) / added
    return rows


def _long_slices():
    """Of the calling thread and of what it starts, where the kernel has them."""
    number = SCHED_SETATTR.get(platform.machine())
    attributes = struct.pack("IIQiIQQQ", 48, 0, 0, 0, 0, SLICE_NS, 0, 0)
    if number is not None:
        ctypes.CDLL(None).syscall(number, 0, attributes, 0)


def side_by_side(*runs):
    """Runs several commands at once, on one core: they take turns there every
    few milliseconds, so that whatever else slows the machine down slows them
    down alike, and their CPU times can be compared. Their wall clocks can
    not."""
    core = max(os.sched_getaffinity(0))
    results = [None] * len(runs)

    def one(i):
        os.sched_setaffinity(0, {core})  # of this thread
        _long_slices()
        try:
            results[i] = runs[i]()
        except RuntimeError as failure:
            results[i] = failure

    threads = [threading.Thread(target=one, args=(i,))
               for i in range(len(runs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for result in results:
        if isinstance(result, RuntimeError):
            raise result
    return results


def by_events(pairs, alone=None):
    """The CPU ratios of pairs of runs, side by side. `alone` is what the tool's
    own processes took for each second of the bare program, where both had a
    core of their own: for a tool that works by the clock, which the sharing of
    a core makes twice as long. None: for one that does not."""
    if alone is None:
        return [mine.cpu_s / other.cpu_s for mine, other in pairs]
    return [(mine.cpu_s - mine.helper_s) / other.cpu_s + alone
            for mine, other in pairs]


def in_turn(count, *runs):
    """Runs several commands in turn, `count` times each: A B C A B C ...
    Gives a list of runs for each."""
    rounds = [[run() for run in runs] for _ in range(count)]
    return [list(column) for column in zip(*rounds)]


def turns(watchers, rounds):
    """Who takes part in each round. All start in the first one, so that the
    runs of one round have the same index."""
    return [[watcher for watcher in watchers if turn < watcher.most_rounds]
            for turn in range(rounds)]

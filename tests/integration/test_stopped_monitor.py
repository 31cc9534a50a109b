#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A monitor that is stopped or killed is nothing to the program: it works,
starts children and ends as it does bare, and takes no more memory."""

import ctypes
import os
import signal
import statistics

from memscope_test import (Memscope, TestCase, main, proc_status_kib, run_bare,
                           say, target, wait_until)

STEADY = target("steady")
LINES = 10
PR_SET_CHILD_SUBREAPER = 36
CHILDREN = ("i=0; while [ $i -lt 100 ]; do /bin/true; i=$((i+1)); done; "
            "echo all; exit 5")


def state(pid):
    """R, S, T, Z ...; None: there is no such process."""
    try:
        with open("/proc/%d/stat" % pid, encoding="ascii",
                  errors="replace") as file:
            return file.read().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return None


def cpu_ns(pid):
    """What all threads of a process have run, also those that have ended."""
    with open("/proc/%d/stat" % pid, encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    ticks = int(fields[11]) + int(fields[12])
    return ticks * 1000000000 // os.sysconf("SC_CLK_TCK")


class Stopped(TestCase):

    def stop(self, memscope):
        os.kill(memscope.pid, signal.SIGSTOP)
        wait_until("the monitor's stop", lambda: state(memscope.pid) == "T")

    def line(self, memscope, number):
        memscope.write(b"\n")
        self.assertEqual(memscope.line(number), "%d done" % (number + 1))

    def store_kib(self, memscope):
        """What the segments that the monitor holds occupy."""
        total = 0
        for name in os.listdir("/proc/%d/fd" % memscope.pid):
            path = "/proc/%d/fd/%s" % (memscope.pid, name)
            if "memfd:memscope" in os.readlink(path):
                total += os.stat(path).st_blocks // 2
        return total

    def test_the_program_works_and_ends_while_the_monitor_is_stopped(self):
        code, stdout, _ = run_bare([STEADY], stdin=b"\n" * LINES)
        with Memscope(STEADY) as memscope:
            pid = memscope.program_pid()
            self.line(memscope, 0)
            self.line(memscope, 1)
            self.stop(memscope)
            self.line(memscope, 2)
            resident = proc_status_kib(pid, "VmRSS")
            store = self.store_kib(memscope)
            for number in range(3, LINES):
                self.line(memscope, number)
            grown = proc_status_kib(pid, "VmRSS") - resident
            stored = self.store_kib(memscope) - store
            say("stopped: %d KiB resident, %+d after %d more rounds; store "
                "%d KiB, %+d" % (resident, grown, LINES - 3, store, stored))
            self.assertLess(grown, 512)
            self.assertLess(stored, 512)
            memscope.close_stdin()
            # It has ended by itself; only its parent has not asked yet.
            wait_until("the program's end", lambda: state(pid) == "Z")
            self.assertEqual(state(memscope.pid), "T")
            os.kill(memscope.pid, signal.SIGCONT)
            self.assertEqual(memscope.wait(), code)
            self.assertEqual(memscope.stdout.all(), stdout)
            self.assertEqual(memscope.program_stderr(), "")

    def test_what_a_stopped_monitor_costs(self):
        """Printed: times are not asserted."""
        with Memscope(STEADY) as memscope:
            pid = memscope.program_pid()
            ratios, number = [], 0
            self.line(memscope, number)
            for _ in range(6):
                took = {}
                for how in ("running", "stopped"):
                    if how == "stopped":
                        self.stop(memscope)
                    before = cpu_ns(pid)
                    for _ in range(6):
                        number += 1
                        self.line(memscope, number)
                    took[how] = max(cpu_ns(pid) - before, 1)
                    os.kill(memscope.pid, signal.SIGCONT)
                ratios.append(took["stopped"] / took["running"])
            say("the program's CPU, monitor stopped against running: median "
                "%.2f, %.2f to %.2f" % (statistics.median(ratios),
                                        min(ratios), max(ratios)))
            memscope.close_stdin()
            self.assertEqual(memscope.wait(), 23)

    def test_children_start_while_the_monitor_is_stopped(self):
        command = ["/bin/sh", "-c", "read x; " + CHILDREN]
        code, stdout, _ = run_bare(command, stdin=b"\n")
        with Memscope(*command) as memscope:
            pid = memscope.program_pid()
            self.stop(memscope)
            memscope.write(b"\n")
            wait_until("the shell's end", lambda: state(pid) == "Z", 120)
            os.kill(memscope.pid, signal.SIGCONT)
            self.assertEqual(memscope.wait(120), code)
            self.assertEqual(memscope.stdout.all(), stdout)
            self.assertEqual(memscope.program_stderr(), "")


class Killed(TestCase):

    def ends_alone(self, command, lines, code, stdout):
        """The monitor is killed before the program reads its lines."""
        libc = ctypes.CDLL(None, use_errno=True)
        self.assertEqual(libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0)
        with Memscope(*command) as memscope:
            pid = memscope.program_pid()
            os.kill(memscope.pid, signal.SIGKILL)
            self.assertEqual(memscope.wait(), -signal.SIGKILL)
            memscope.write(lines)
            memscope.close_stdin()
            wait_until("the program's end", lambda: state(pid) == "Z", 120)
            _, status = os.waitpid(pid, 0)
            self.assertEqual(os.waitstatus_to_exitcode(status), code)
            self.assertEqual(memscope.stdout.all(), stdout)
            self.assertEqual(memscope.program_stderr(), "")

    def test_the_program_goes_on_without_its_monitor(self):
        lines = b"\n" * LINES
        code, stdout, _ = run_bare([STEADY], stdin=lines)
        self.ends_alone([STEADY], lines, code, stdout)

    def test_children_start_without_their_monitor(self):
        command = ["/bin/sh", "-c", "read x; " + CHILDREN]
        code, stdout, _ = run_bare(command, stdin=b"\n")
        self.ends_alone(command, b"\n", code, stdout)


if __name__ == "__main__":
    main()

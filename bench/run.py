#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""make bench: what memscope costs the program that it watches, and itself.
Bare and watched runs take turns; what is said is medians of paired ratios.
Prints one report, and saves it as bench/results/NAME.md."""

import argparse
import http.client
import json
import os
import platform
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

from measure import Ratios, Run, in_turn, process_cpu_s
from workloads import all_workloads

HERE = os.path.dirname(os.path.abspath(__file__))
C_FLAGS = ["-std=c11", "-D_GNU_SOURCE", "-O1", "-fno-builtin"]


def progress(text):
    print(text, file=sys.stderr, flush=True)


def table(heads, rows):
    """A Markdown table; the first column reads from the left."""
    lines = ["| " + " | ".join(heads) + " |",
             "|---" + "|--:" * (len(heads) - 1) + "|"]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |"
              for row in rows]
    return "\n".join(lines)


def mib(kib):
    return "%.1f" % (kib / 1024)


class Bench:
    """The parts of the report; each method gives one as text."""

    def __init__(self, options, directory):
        self.options, self.directory = options, directory
        self.memscope = os.path.join(options.build, "cli/memscope")
        self.storm = os.path.join(options.build, "tests/targets/threads")

    def watched(self, command, backend="core"):
        return [self.memscope, "run", "--backend", backend, "--"] + command

    def watchers(self, command):
        """What is compared with the bare program: (name, command line)."""
        rows = [("memscope, `%s`" % name, self.watched(command, name))
                for name in ("core", "lockfree")]
        if self.options.peers and shutil.which("heaptrack"):
            out = os.path.join(self.directory, "heaptrack")
            rows.append(("heaptrack", ["heaptrack", "-o", out] + command))
        return rows

    def rows(self, work):
        """One workload, bare and under each watcher in turn, after a run of
        each to warm up."""
        progress("bench: %s" % work.name)
        program = work.command[0]
        watchers = self.watchers(work.command)

        def runner(command, started_by_other):
            return lambda: Run(command, work.stdin, work.env,
                               program if started_by_other else None)
        runners = [runner(work.command, False)] + [
            runner(command, True) for _, command in watchers]
        for run in runners:
            run()
        bare, *others = in_turn(self.options.runs, *runners)
        peak = statistics.median(run.program_kib for run in bare)
        for (name, _), runs in zip(watchers, others):
            mine = statistics.median(run.program_kib for run in runs)
            yield (
                work.name, name,
                "%.2f" % statistics.median(run.wall_s for run in bare),
                Ratios([r.wall_s for r in bare], [r.wall_s for r in runs]),
                Ratios([r.cpu_s for r in bare], [r.cpu_s for r in runs]),
                mib(peak), mib(mine), "%.2f" % (mine / peak),
                mib(statistics.median(run.helper_kib for run in runs)))

    def workloads(self):
        works = all_workloads(self.options.build, self.directory,
                              self.options.scale)
        rows = [row for work in works for row in self.rows(work)]
        return "\n\n".join((
            "\n".join("- %s: %s" % (work.name, work.what) for work in works),
            table(("program", "watched by", "bare s", "wall ×", "total CPU ×",
                   "peak MiB bare", "watched", "×", "watcher's own MiB"),
                  rows)))

    def start(self):
        """What it costs to watch a program that does nothing."""
        progress("bench: start and end")
        a, b = in_turn(3 * self.options.runs, lambda: Run(["/bin/true"]),
                       lambda: Run(self.watched(["/bin/true"])))
        bare = statistics.median(run.wall_s for run in a) * 1e3
        watched = statistics.median(run.wall_s for run in b) * 1e3
        return "`/bin/true`: %.1f ms bare, %.1f ms watched, from start to " \
               "end of the command." % (bare, watched)

    def compiled(self, name):
        path = os.path.join(self.directory, name)
        subprocess.run(["cc", *C_FLAGS, os.path.join(HERE, name + ".c"), "-o",
                        path], check=True)
        return path

    def instructions(self):
        """Instructions per round of three ways to allocate, stepped through
        one by one."""
        progress("bench: instructions")
        rounds = 100
        command = [self.compiled("count_steps"), self.compiled("pairs"),
                   str(rounds)]

        def counted(line):
            output = subprocess.run(line, check=True, capture_output=True,
                                    text=True, timeout=600).stdout
            return [int(word) / rounds for word in output.split()]
        bare = counted(command)
        core, stacks = (counted(self.watched(command, backend))
                        for backend in ("core", "lockfree"))
        names = ("malloc and free of the same block, hot",
                 "free of an older block and malloc, 64 held",
                 "realloc, 64 held")
        return table(("instructions of", "bare", "added by `core`",
                      "added by `lockfree`"), [
            (name, "%.0f" % a, "%.0f" % (b - a), "%.0f" % (c - a))
            for name, a, b, c in zip(names, bare, core, stacks)])

    def monitor(self):
        """The memscope process's CPU while the program rests and while it
        does nothing but allocate."""
        progress("bench: the monitor's own CPU")
        seconds = self.options.seconds
        rest, busy = in_turn(
            3, lambda: self.share(["/bin/cat"], seconds),
            lambda: self.share([self.storm, "--threads", "1"], seconds))
        rows = []
        for name, shares in (("a program at rest", rest),
                             ("one thread that only allocates", busy)):
            rows.append((
                name, "%.2f %%" % (100 * statistics.median(
                    process for process, _, _ in shares)),
                "%.2f %%" % (100 * statistics.median(
                    engine for _, engine, _ in shares)),
                "{:,.0f}".format(statistics.median(
                    rate for _, _, rate in shares))))
        return table(("beside", "memscope's CPU, of one core",
                      "as `/api/v1/status` says", "events/s"), rows)

    def share(self, command, seconds):
        """(CPU share of the process, share by its own account, events/s) of
        memscope beside a command."""
        process = subprocess.Popen(
            self.watched(command), stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            start_new_session=True)
        try:
            for line in process.stderr:
                match = re.search(r"at http://[^:]+:(\d+)", line)
                if match:
                    break
            port = int(match.group(1))
            self.wait_ticks(port)
            begin = self.sample(process.pid, port)
            time.sleep(seconds)
            end = self.sample(process.pid, port)
            span = end[0] - begin[0]
            return tuple((b - a) / span for a, b in zip(begin[1:], end[1:]))
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            process.stdin.close()
            process.stderr.close()

    def get(self, port, path):
        connection = http.client.HTTPConnection("localhost", port, timeout=30)
        try:
            connection.request("GET", "/api/v1" + path)
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()

    def wait_ticks(self, port):
        """Until the session is there and the symbols are found."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            self.get(port, "/sites")  # names are looked up for who looks
            monitor = self.get(port, "/status")["monitor"]
            if monitor["ticks"] > 10 and monitor["symbols_pending"] == 0:
                return
            time.sleep(0.1)
        raise RuntimeError("memscope makes no ticks")

    def sample(self, pid, port):
        events = self.get(port, "/stats")["capture"]["events_total"]
        monitor = self.get(port, "/status")["monitor"]
        return (time.monotonic(), process_cpu_s(pid),
                monitor["cpu_ns"] / 1e9, events)


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        model = re.search(r"model name\s*:\s*(.*)", file.read())
    return "%d × %s, Linux %s, %s" % (
        os.cpu_count(), model.group(1) if model else platform.machine(),
        platform.release(), " ".join(platform.libc_ver()))


def report(bench, options):
    version = subprocess.run([bench.memscope, "version"], check=True,
                             capture_output=True, text=True).stdout.strip()
    return "\n\n".join((
        "# What %s costs" % version,
        "`make bench` on %s. Everything exact. Bare and watched runs took "
        "turns, %d of each; ratios are medians of the pairs, with the "
        "smallest and the largest. Wall and total CPU: of the whole command, "
        "with all processes, start and end of the watcher included. Peak: "
        "VmHWM of the program (with the pages of the event store that it has "
        "touched), and of the largest process of the watcher beside it." % (
            machine(), options.runs),
        "## Programs", bench.workloads(), bench.start(),
        "## Instructions per operation", bench.instructions(),
        "Counted by stepping through the program, after a warm-up. Stepping "
        "takes time, so that the clock is read more often than in a real "
        "run: upper bounds.",
        "## The monitor beside the program", bench.monitor(),
        "No page open; %d s each, 3 of each in turn." % options.seconds)) \
        + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default=os.path.join(
        HERE, "../build/release"), help="where memscope has been built")
    parser.add_argument("--runs", type=int, default=7,
                        help="pairs of runs per program (7)")
    parser.add_argument("--scale", type=float, default=1.0,
                        help="size of the inputs (1.0)")
    parser.add_argument("--seconds", type=float, default=10,
                        help="how long the monitor's CPU is watched (10)")
    parser.add_argument("--peers", action=argparse.BooleanOptionalAction,
                        default=True, help="heaptrack beside, if installed")
    parser.add_argument("--only-monitor", action="store_true",
                        help="print that part alone, and save nothing")
    parser.add_argument("--name", default="latest",
                        help="saved as bench/results/NAME.md (latest)")
    options = parser.parse_args()
    options.build = os.path.abspath(options.build)
    with tempfile.TemporaryDirectory(prefix="memscope-bench-") as directory:
        if options.only_monitor:
            print(Bench(options, directory).monitor())
            return
        text = report(Bench(options, directory), options)
    print(text)
    path = os.path.join(HERE, "results", options.name + ".md")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    progress("bench: saved to %s" % os.path.relpath(path))


if __name__ == "__main__":
    main()

#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""make bench: what memscope costs the program that it watches, and itself,
beside the peers that this machine has. Bare and watched runs take turns; what
is said is medians of paired ratios. Prints one report, and saves it as
bench/results/latest.md and, for programs to read, latest.json.

MIMALLOC_BENCH=DIR adds programs of a built daanx/mimalloc-bench; HEAPTRACK
and JEMALLOC name others than the installed ones."""

import argparse
import os
import platform
import re
import subprocess
import sys
import tempfile
import time

import fanout
import httpload
import inside
import instructions
import monitor
import pages
import startup
import throughput
import watchers
from measure import Run, by_events, ratios, shares, side_by_side, spread, turns
from report import report
from saved import LATEST, load, rewrite_readme, save
from workloads import all_workloads

HERE = os.path.dirname(os.path.abspath(__file__))
PARTS = ("programs", "redis", "storms", "pairs", "instructions", "start",
         "preload", "monitor", "engine", "server", "page")


def progress(text):
    print("bench: " + text, file=sys.stderr, flush=True)


class Bench:
    """A run; each method gives one part of the results."""

    def __init__(self, options, directory, keep):
        self.options, self.directory, self.keep = options, directory, keep
        self.results = {}
        self.missing = []
        self.memscopes = watchers.memscopes(options.build, self.missing)
        self.peers = watchers.peers(directory, self.missing) \
            if options.peers else []
        self.fast = [watchers.bare(), *self.memscopes,
                     watchers.floor(directory)] + [
            peer for peer in self.peers if not peer.slow]
        for peer in self.peers if options.quick else []:
            peer.most_rounds = 1
        self.slow = [peer for peer in self.peers if peer.slow
                     and not options.quick]
        keys = [watcher.key for watcher in self.memscopes]
        self.default = next(key for key in watchers.DEFAULTS if key in keys)
        self.default_watcher = self.memscopes[keys.index(self.default)]
        self.clocked = set(keys)  # their own processes work by the clock
        self.titles = {watcher.key: watcher.title
                       for watcher in self.fast + self.slow}
        # Instructions are counted in plain code, speed in optimized code.
        instructions.compile_all(directory, ("steps", "pairs", "storms/pair"))
        instructions.compile_all(
            directory, ("storms/storm", "storms/bignum", "storms/covers"),
            ["-std=c11", "-D_GNU_SOURCE", "-O2", "-g"])

    def run(self, work, watcher):
        return Run(watcher.command(work.command), work.stdin,
                   {**work.env, **watcher.env},
                   None if watcher.itself else work.command[0])

    def check(self, work, watcher, run, bare):
        """That the run did the work, and was seen to do it."""
        if not work.timed and bare.stdout not in run.stdout:
            raise RuntimeError("%s under %s: the output is another one" % (
                work.name, watcher.title))
        if watcher.is_memscope and watcher.key not in ("sampled", "off"):
            seen = run.allocations()
            if seen is None or seen < work.allocations:
                raise RuntimeError("%s under %s: %s allocations, at least %d "
                                   "were expected" % (work.name, watcher.title,
                                                      seen, work.allocations))

    def rounds_of(self, work, those, rounds):
        """{watcher's key: its runs}, in turn, the bare one among them."""
        runs = {watcher.key: [] for watcher in those}
        for watchers_now in turns(those, rounds):
            for watcher in watchers_now:
                run = self.run(work, watcher)
                self.check(work, watcher, run, runs["bare"][-1]
                           if watcher.key != "bare" else run)
                runs[watcher.key].append(run)
        return runs

    def pairs_of(self, work, those, rounds):
        """{(watcher's key, that of what it is compared with): pairs of runs},
        each pair side by side."""
        by_key = {watcher.key: watcher for watcher in those}
        pairs = {(key, "bare"): [] for key in by_key if key != "bare"}
        pairs.update({(key, "floor"): [] for key in watchers.TO_FLOOR
                      if key in by_key and "floor" in by_key})
        for turn in range(rounds):
            for (key, other), runs in pairs.items():
                if key == "heaptrack" and turn >= 2:
                    continue  # the longest runs are the steadiest
                mine, theirs = side_by_side(
                    *(lambda w=by_key[name]: self.run(work, w)
                      for name in (key, other)))
                self.check(work, by_key[key], mine, theirs)
                runs.append((mine, theirs))
        return pairs

    def against_bare(self, runs, pairs=None):
        """A row for each watcher: of its runs in turn and, where there are
        any, its pairs."""
        rows, bare = {}, runs["bare"]
        bare_s = spread([r.cpu_s for r in bare])[0]
        for key, mine in runs.items():
            rows[key] = {
                "runs": len(mine),
                "wall_s": spread([r.wall_s for r in mine])[0],
                "cpu_s": spread([r.cpu_s for r in mine])[0],
                "wall": ratios([r.wall_s for r in mine],
                               [r.wall_s for r in bare]),
                "cpu": ratios([r.cpu_s for r in mine],
                              [r.cpu_s for r in bare]),
                "program_kib": spread([r.program_kib for r in mine])[0],
                "helper_kib": spread([r.helper_kib for r in mine])[0]}
        for (key, other), those in (pairs or {}).items():
            alone = spread([r.helper_s for r in runs[key]])[0] / bare_s \
                if key in self.clocked else None
            rows[key]["cpu" if other == "bare" else "over_floor"] = spread(
                by_events(those, alone))
            rows[key]["pairs"] = len(those)
        return shares(rows)

    def counted(self, runs):
        """The allocations that memscope saw, which heaptrack must have seen
        as well, but for what each leaves out at start and end."""
        mine = runs[self.default][-1].allocations()
        if "heaptrack" in runs:
            theirs = runs["heaptrack"][-1].allocations()
            if theirs and abs(mine - theirs) > 0.02 * theirs + 2000:
                self.missing.append(
                    "agreement: memscope saw {:,} allocations where heaptrack "
                    "saw {:,}".format(mine, theirs))
        return mine

    def bearable(self, work):
        """Those that can be measured on it. A peer that fails is left out,
        and that is said; we may not fail."""
        those = []
        for watcher in self.fast:
            if watcher.key == "heaptrack":
                try:
                    self.run(work, watcher)
                except RuntimeError as failure:
                    self.missing.append("%s on %s: it %s" % (
                        watcher.title, work.name,
                        re.search(r"ended with -?\d+|$", str(failure))[0]))
                    continue
            those.append(watcher)
        return those

    def program(self, work):
        progress(work.name)
        for watcher in self.fast[:2]:
            self.run(work, watcher)  # warms up
        rounds = 1 if work.heavy else self.options.rounds
        those = self.bearable(work)
        runs = self.rounds_of(work, those, rounds)
        rows = self.against_bare(runs, self.pairs_of(work, those, rounds))
        slow = list(self.slow) if work.patient else []
        if slow and work.name == self.options.valgrind_on:
            slow += watchers.valgrinds(self.directory, self.missing)
            self.titles.update({w.key: w.title for w in slow})
        if slow:
            progress("%s, under the slow peers, once" % work.name)
            once = self.against_bare(
                self.rounds_of(work, [self.fast[0], *slow], 1))
            rows.update({w.key: once[w.key] for w in slow})
        blocks = monitor.most_live_blocks(self.default_watcher, work)
        for key, row in rows.items():
            grown = row["program_kib"] - rows["bare"]["program_kib"]
            # Of a small heap, it would be what the tool needs for itself.
            if blocks >= 10000 and key != "bare" and key not in (
                    "gperftools", "jemalloc", "massif", "dhat"):
                row["bytes_per_block"] = 1024 * (
                    grown + (row["helper_kib"] if key == "heaptrack" else 0)
                ) / blocks
        return {"what": work.what, "allocations": self.counted(runs)
                if work.allocations else 0, "live_blocks": blocks,
                "watched": rows}

    def programs(self):
        works = all_workloads(self.directory, self.directory,
                              self.options.scale, self.options.only,
                              self.missing)
        done = self.results.setdefault("programs", {})
        for work in works:
            if work.name not in done:
                done[work.name] = self.program(work)
                self.keep()
        return done

    def redis(self):
        if not throughput.has_redis():
            self.missing.append("redis: not installed")
            return {}
        progress("redis")
        return throughput.redis(
            self.directory, int(60000 * self.options.scale), self.fast,
            min(3, self.options.rounds))

    def storms(self):
        result = {}
        for kind in throughput.KINDS:
            progress("storm, %s" % kind)
            result[kind] = {
                threads: throughput.storm(
                    self.directory, kind, threads, self.options.storm_s,
                    self.fast, min(3, self.options.rounds))
                for threads in self.options.threads}
        theirs = os.environ.get("MIMALLOC_BENCH", "")
        for name in throughput.THEIRS:
            if not throughput.has_theirs(theirs, name):
                continue
            progress("storm, mimalloc-bench's %s" % name)
            result[name] = {
                threads: throughput.theirs(theirs, name, threads, self.fast,
                                           min(3, self.options.rounds))
                for threads in (self.options.threads
                                if name != "glibc-simple" else (1,))}
        return result

    def pairs(self):
        progress("pairs")
        return {kind: throughput.pair(
            self.directory, kind, int(2000000 * self.options.scale),
            self.fast, self.options.rounds) for kind in throughput.PAIRS}

    def instructions(self):
        progress("instructions")
        return instructions.table_of(
            self.directory, [*self.memscopes, watchers.floor(self.directory)])

    def start(self):
        progress("start")
        return monitor.start(self.options.build, self.fast,
                             4 * self.options.rounds)

    def preload(self):
        progress("the library's own start")
        return startup.measure(self.options.build, self.directory,
                               20 if self.options.quick else 300)

    def monitor(self):
        progress("the monitor's own CPU")
        return monitor.beside(self.default_watcher, self.directory,
                              self.options.seconds, self.options.rounds // 2
                              or 1)


    def engine(self):
        progress("the engine by itself")
        return inside.measure(self.options.build,
                              min(3, self.options.rounds),
                              20000 if self.options.quick else 100000)

    def server(self):
        progress("the server and its viewers")
        rounds = min(3, self.options.rounds)
        return {
            **fanout.measure(self.options.build, self.directory,
                             self.options.seconds, rounds),
            "http": httpload.measure(self.options.build,
                                     self.options.seconds, rounds,
                                     self.missing)}

    def page(self):
        progress("the page")
        return pages.measure(self.options.build, 2 * self.options.seconds,
                             self.missing)


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        model = re.search(r"model name\s*:\s*(.*)", file.read())
    return "%d × %s, Linux %s, %s" % (
        os.cpu_count(), model.group(1) if model else platform.machine(),
        platform.release(), " ".join(platform.libc_ver()))


class Results:
    """What has been measured so far, saved part by part: a run that is cut
    short has not been for nothing, and --resume goes on where it ended."""

    def __init__(self, options):
        self.options, self.begin, self.before_s = options, time.monotonic(), 0
        version = subprocess.run(
            [os.path.join(options.build, "cli/memscope"), "version"],
            check=True, capture_output=True, text=True).stdout.strip()
        self.meta = {
            "version": version, "machine": machine(),
            "rounds": options.rounds, "scale": options.scale}
        self.parts, self.said, self.titles = {}, [], {}
        if options.resume:
            self.take_up(load(options.out))

    def take_up(self, old):
        meta = old.pop("meta")
        for key, value in self.meta.items():
            if meta.get(key) != value:
                raise SystemExit("bench: %s is %s there, and %s now" % (
                    key, meta.get(key), value))
        self.parts, self.before_s = old, meta["seconds"]
        self.said, self.titles = meta["missing"], meta["titles"]

    def measure(self):
        with tempfile.TemporaryDirectory(prefix="memscope-bench-") as directory:
            bench = Bench(self.options, directory, lambda: self.save(bench))
            bench.results = self.parts
            for part in self.options.parts:
                # The programs know by themselves which there are.
                if part not in self.parts or part == "programs":
                    self.parts[part] = getattr(bench, part)()
                    self.save(bench)

    def save(self, bench):
        words = [word for word in sys.argv[1:] if word != "--resume"]
        self.meta.update(
            command="bench/run.py " + " ".join(words)
            if len(words) > 2 else "make bench",
            seconds=self.before_s + time.monotonic() - self.begin,
            default=bench.default, titles={**self.titles, **bench.titles},
            missing=list(dict.fromkeys(self.said + bench.missing)))
        save(self.options.out, {**self.parts, "meta": self.meta})


def parse():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    add = parser.add_argument
    add("--build", default="build/release", help="where memscope was built")
    add("--only", nargs="+", metavar="NAME", default=[],
        help="only these programs or parts (%s)" % ", ".join(PARTS))
    add("--quick", action="store_true",
        help="small inputs, 2 rounds, no slow peers: 3 minutes; saved as quick")
    add("--rounds", type=int, help="rounds of each comparison (5)")
    add("--scale", type=float, help="size of the inputs (1.0)")
    add("--peers", action=argparse.BooleanOptionalAction, default=True,
        help="the other tools beside, those that are installed")
    add("--out", help="saved as OUT.md and OUT.json (bench/results/latest)")
    add("--resume", action="store_true",
        help="go on where a run of the same options was cut short")
    add("--readme", action="store_true",
        help="only rewrite the README's table, from latest.json")
    options = parser.parse_args()
    quick = options.quick
    options.build = os.path.abspath(options.build)
    options.rounds = options.rounds or (2 if quick else 5)
    options.scale = options.scale or (0.15 if quick else 1.0)
    if not options.out:
        # What is only a part of it is not the latest report.
        options.out = os.path.join(HERE, "results/quick") \
            if quick or options.only else LATEST
    options.out = os.path.abspath(options.out)
    options.threads = (1, 4) if quick else throughput.THREADS
    options.storm_s = 0.2 if quick else 0.5
    options.seconds = 2 if quick else 8
    options.valgrind_on = None if quick else "git log"
    options.parts = [part for part in PARTS if not options.only or
                     part in options.only]
    options.only = [name for name in options.only if name not in PARTS]
    if options.only and "programs" not in options.parts:
        options.parts.insert(0, "programs")
    return options


def main():
    options = parse()
    if options.readme:
        rewrite_readme()
        return
    Results(options).measure()
    print(report(load(options.out)))
    progress("saved to %s.md and .json" % os.path.relpath(options.out))


if __name__ == "__main__":
    main()

#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""mutation-check: does a test hold each memory order?

For every ordered atomic access in platform/, runtime/ and engine/, the order
is weakened to relaxed (acq_rel: each half in turn) in a copy of the tree,
the copy is built with ThreadSanitizer, and the tests are run until one
fails: the likeliest first. A test that runs out of time has said nothing.
Prints a table; exits with 1 when a mutant survives that EXCEPTIONS does not
name.

usage: mutation-check.py [--list] [--jobs N] [--only TEXT]
"""

import argparse
import pathlib
import re
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
COPY = ROOT / "build" / "mutants"
BUILD = COPY / "build" / "tsan"
ROOMS = ("platform", "runtime", "engine")
TESTS = ("stress_test_orders", "stress_test_orders_rules",
         "stress_test_orders_lifecycle", "stress_test_orders_mappings",
         "stress_test_orders_table", "stress_test_orders_annotations",
         "stress_test_orders_backends", "stress_test_orders_frees")
SECONDS = 300  # per test; they take one or two
# Which of them is likely to notice, by a part of the file's path.
LIKELY = (("annot", "annotations"), ("free", "frees"), ("unwind/", "rules"),
          ("lifecycle", "lifecycle"), ("mapping", "mappings"),
          ("live_table", "table"))

# What replaces an access, by its name.
WEAKER = {
    "ms_load_acquire": ("ms_load_relaxed",),
    "ms_store_release": ("ms_store_relaxed",),
    "ms_exchange_acquire": ("ms_exchange_relaxed",),
    "ms_cas_release": ("ms_cas_relaxed",),
    "ms_claim_acquire": ("ms_claim_relaxed",),
    "ms_claim_release": ("ms_claim_relaxed",),
    "ms_cas_acq_rel": ("ms_mutant_no_acquire", "ms_mutant_no_release"),
}
HALVES = """
#define ms_mutant_no_acquire(p, expected, v)                                   \\
    atomic_compare_exchange_strong_explicit(                                   \\
        (p), (expected), (v), memory_order_release, memory_order_relaxed)
#define ms_mutant_no_release(p, expected, v)                                   \\
    atomic_compare_exchange_strong_explicit(                                   \\
        (p), (expected), (v), memory_order_acquire, memory_order_acquire)
"""
# (file, text on the line): why no test can hold it. Empty is best.
EXCEPTIONS = {}


def sources():
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True)
    return [pathlib.Path(p) for p in listed.stdout.split("\n")
            if p and (ROOT / p).is_file()]


def copy_file(path, text=None):
    """Writes only what differs, so that little is built anew."""
    target = COPY / path
    data = text.encode() if text is not None else (ROOT / path).read_bytes()
    if not target.exists() or target.read_bytes() != data:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        shutil.copymode(ROOT / path, target)


def atomics_text(path):
    text = (ROOT / path).read_text()
    at = text.rindex("#endif")
    return text[:at] + HALVES + text[at:]


def copy_tree():
    files = sources()
    for path in files:
        if path.name == "atomics.h":
            copy_file(path, atomics_text(path))
        else:
            copy_file(path)
    for path in COPY.rglob("*.[ch]"):
        relative = path.relative_to(COPY)
        if relative.parts[0] != "build" and "node_modules" not in \
                relative.parts and not (ROOT / relative).exists():
            path.unlink()
    modules = COPY / "web" / "node_modules"
    if not modules.exists() and (ROOT / "web" / "node_modules").exists():
        modules.symlink_to(ROOT / "web" / "node_modules")
    return files


def find_sites(files):
    name = re.compile(r"\b(" + "|".join(WEAKER) + r")\b")
    sites = []
    for path in files:
        if path.parts[0] not in ROOMS or path.suffix not in (".c", ".h") or \
                path.name == "atomics.h":
            continue
        text = (COPY / path).read_text()
        for match in name.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            for weaker in WEAKER[match[1]]:
                sites.append((path, line, match.start(), match[1], weaker))
    return sites


def tests_for(path):
    likely = ["stress_test_orders_" + test for part, test in LIKELY
              if part in str(path)]
    return likely + [test for test in TESTS if test not in likely]


def build(jobs, tests):
    done = subprocess.run(
        ["cmake", "--build", str(BUILD), "--parallel", str(jobs), "--target",
         *tests], cwd=COPY, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit("it does not build:\n" + done.stdout[-3000:])


def run_tests(jobs, tests):
    """The test that fails and how; None when all pass."""
    for test in tests:
        build(jobs, [test])
        begin = time.monotonic()
        try:
            done = subprocess.run(
                [str(BUILD / "tests" / "stress" / test)], timeout=SECONDS,
                capture_output=True, text=True, errors="replace",
                env={"TSAN_OPTIONS": "halt_on_error=1",
                     "PATH": "/usr/bin:/bin"})
            output, code = done.stdout + done.stderr, done.returncode
        except subprocess.TimeoutExpired:
            print(f"{test}: no answer in {SECONDS} s", flush=True)
            continue
        if code != 0:
            case = re.findall(r"\[ RUN      \] (\w+)", output)
            how = "race" if "data race" in output else "wrong value"
            return (test.removeprefix("stress_test_"),
                    case[-1] if case else "?", how,
                    time.monotonic() - begin)
    return None


def mutate(site):
    """Returns what the copy was before; the tree itself may go on changing."""
    path, _, at, name, weaker = site
    text = (COPY / path).read_text()
    (COPY / path).write_text(text[:at] + weaker + text[at + len(name):])
    return text


def excused(site):
    path, line, *_ = site
    text = (COPY / path).read_text().split("\n")[line - 1]
    return any(str(path) == file and part in text
               for file, part in EXCEPTIONS)


def parse_arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", default="", help="part of file:line")
    return parser.parse_args()


def main():
    options = parse_arguments()
    files = copy_tree()
    sites = [s for s in find_sites(files)
             if options.only in f"{s[0]}:{s[1]}"]
    if options.list:
        for path, line, _, name, weaker in sites:
            print(f"{path}:{line} {name} -> {weaker}")
        return 0
    if not (BUILD / "build.ninja").exists():
        subprocess.run(["cmake", "--preset", "tsan"], cwd=COPY, check=True,
                       stdout=subprocess.DEVNULL)
    build(options.jobs, TESTS)
    failed = run_tests(options.jobs, TESTS)
    if failed is not None:
        sys.exit(f"the unchanged tree fails: {failed}")
    survivors, excuses = 0, 0
    print(f"{'site':42} {'without':12} caught by", flush=True)
    for site in sites:
        path, line, _, name, weaker = site
        half = {"ms_mutant_no_acquire": "acquire",
                "ms_mutant_no_release": "release"}.get(
                    weaker, name.rsplit("_", 1)[-1])
        before = mutate(site)
        caught = run_tests(options.jobs, tests_for(path))
        (COPY / path).write_text(before)
        if caught is not None:
            test, case, how, seconds = caught
            result = f"{test}: {case} ({how}, {seconds:.1f} s)"
        elif excused(site):
            excuses += 1
            result = "nothing: an exception"
        else:
            survivors += 1
            result = "NOTHING"
        print(f"{f'{path}:{line}':42} {half:12} {result}", flush=True)
    caught = len(sites) - survivors - excuses
    print(f"{len(sites)} mutants, {caught} caught, {excuses} exceptions, "
          f"{survivors} survived")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())

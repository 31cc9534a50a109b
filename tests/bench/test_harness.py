# SPDX-License-Identifier: MIT
"""bench/run.py measures a tiny program and writes its report."""

import json
import os
import subprocess
import sys
import tempfile
import unittest

BENCH = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                     "../../bench")
BUILD = os.environ["MEMSCOPE_BUILD"]
sys.path.insert(0, BENCH)

import measure  # noqa: E402
import report  # noqa: E402
import run as bench_run  # noqa: E402
import watchers  # noqa: E402
import workloads  # noqa: E402


class Harness(unittest.TestCase):
    def test_measures_a_program_and_writes_its_report(self):
        with tempfile.TemporaryDirectory() as directory:
            out = os.path.join(directory, "tiny")
            done = subprocess.run(
                ["/usr/bin/python3", os.path.join(BENCH, "run.py"), "--build",
                 BUILD, "--quick", "--only", "bignum", "pairs", "preload",
                 "--rounds", "1", "--scale", "0.01", "--no-peers", "--out", out],
                capture_output=True, text=True, timeout=500, check=False)
            self.assertEqual(done.returncode, 0, done.stderr)
            with open(out + ".json", encoding="utf-8") as file:
                results = json.load(file)
            with open(out + ".md", encoding="utf-8") as file:
                text = file.read()
        program = results["programs"]["bignum"]
        # 1700 products; what the C library adds differs from version to
        # version.
        self.assertGreater(program["allocations"], 100000)
        for key in ("bare", "core", "lockfree"):
            row = program["watched"][key]
            self.assertGreater(row["cpu_s"], 0)
            self.assertEqual(len(row["wall"]), 3)
            self.assertGreater(results["pairs"]["hot"][key]["ns"], 0)
        self.assertEqual(program["watched"]["bare"]["wall"], [1, 1, 1])
        for key in ("core", "lockfree", "exact", "off", "floor"):
            self.assertEqual(program["watched"][key]["pairs"], 1)
        self.assertEqual(len(program["watched"]["off"]["over_floor"]), 3)
        preload = results["preload"]
        self.assertGreater(preload["instructions"], 50000)
        self.assertGreater(preload["added_instructions"], 10000)
        self.assertGreaterEqual(preload["wall_ms"][0], preload["wall_ms"][1])
        self.assertIn("| wall clock, ms |", text)
        self.assertIn("| bignum | memscope `lockfree` |", text)
        self.assertIn("| bignum |", report.readme_table(results))
        self.assertEqual(done.stdout.strip(), text.strip())

    def test_shares_are_of_the_medians(self):
        rows = {"bare": {"cpu": [1, 1, 1]}, "heaptrack": {"cpu": [3, 2, 9]},
                "exact": {"cpu": [1.2, 1, 4]}}
        self.assertAlmostEqual(
            measure.shares(rows)["exact"]["share_of_heaptrack"], 0.1)
        self.assertNotIn("share_of_heaptrack", rows["bare"])
        rows["heaptrack"]["cpu"][0] = 1  # it adds nothing: a share of nothing
        del rows["exact"]["share_of_heaptrack"]
        self.assertNotIn("share_of_heaptrack", measure.shares(rows)["exact"])

    def test_pairs_share_a_core_and_what_goes_by_the_clock_does_not(self):
        mine_before = os.sched_getaffinity(0)
        busy = ["/usr/bin/python3", "-c", "for i in range(2000000): pass"]
        first, second = measure.side_by_side(
            lambda: measure.Run(busy), lambda: measure.Run(
                ["/usr/bin/python3", "-c", "import os; "
                 "print(len(os.sched_getaffinity(0)))"]))
        self.assertGreater(first.cpu_s, 0.01)
        self.assertEqual(second.stdout.strip(), b"1")
        self.assertEqual(os.sched_getaffinity(0), mine_before)
        mine, other = first, second
        mine.cpu_s, mine.helper_s, other.cpu_s = 3.5, 0.5, 2.0
        self.assertEqual(measure.by_events([(mine, other)]), [1.75])
        self.assertEqual(measure.by_events([(mine, other)], 0.125), [1.625])
        with self.assertRaisesRegex(RuntimeError, "ended with 1"):
            measure.side_by_side(lambda: measure.Run(busy),
                                 lambda: measure.Run(["/bin/false"]))

    def test_every_part_is_reported(self):
        self.assertEqual([name for name, _ in report.PARTS],
                         list(bench_run.PARTS))

    def test_goes_on_where_a_run_was_cut_short(self):
        with tempfile.TemporaryDirectory() as directory:
            out = os.path.join(directory, "tiny")
            command = ["/usr/bin/python3", os.path.join(BENCH, "run.py"),
                       "--build", BUILD, "--quick", "--rounds", "1",
                       "--scale", "0.01", "--no-peers", "--out", out]
            found = []
            for more in (["--only", "bignum"],
                         ["--resume", "--only", "bignum", "pairs"]):
                subprocess.run([*command, *more], capture_output=True,
                               timeout=500, check=True)
                with open(out + ".json", encoding="utf-8") as file:
                    found.append(json.load(file))
            self.assertEqual(found[0]["programs"], found[1]["programs"])
            self.assertNotIn("pairs", found[0])
            self.assertIn("pairs", found[1])
            other = subprocess.run(
                [*command, "--resume", "--scale", "0.02", "--only", "pairs"],
                capture_output=True, text=True, timeout=500, check=False)
            self.assertEqual(other.returncode, 1)
            self.assertIn("scale is 0.01 there", other.stderr)

    def test_refuses_a_run_that_did_other_work(self):
        work = workloads.Workload("echo", "", ["/bin/echo", "one"],
                                  allocations=10**6)
        bare = measure.Run(work.command)
        other = measure.Run(["/bin/echo", "two"])
        harness = bench_run.Bench.__new__(bench_run.Bench)
        with self.assertRaisesRegex(RuntimeError, "output is another"):
            harness.check(work, watchers.bare(), other, bare)
        memscope = watchers.memscopes(BUILD, [])[0]
        with self.assertRaisesRegex(RuntimeError, "were expected"):
            harness.check(work, memscope, harness.run(work, memscope), bare)


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The leak scan: every planted leak is found, of its kind, and nothing else,
in a program that runs on and at its exit; and the program does not notice."""

import os
import unittest

import memscope_test
from memscope_test import Memscope, run_bare, say, target, wait_until

FLAGS = ("--port", "0")
KINDS = ("definite", "indirect", "possible", "reachable")


def scan(scope):
    """A scan's report, when it is there."""
    wait_until("a session", scope.session)
    number = scope.get("/leakscan")["number"]
    status, _, begun = scope.post("/leakscan", {})
    assert status == 202, begun
    assert begun["number"] == number + 1

    def done():
        report = scope.get("/leakscan")
        return report if report["state"] in ("done", "failed") else None
    report = wait_until("the scan", done)
    assert report["state"] == "done", report["failure"]
    return report


def planted(report, module="leaks"):
    """Blocks by kind, of those that the victim itself has allocated. A thread's
    own bookkeeping in libc is not its doing."""
    own = dict.fromkeys(KINDS, 0)
    for row in report["rows"]:
        if row["frames"][0]["module"] == module:
            own[row["kind"]] += row["blocks"]
    own["reachable"] = report["sums"]["reachable"]["blocks"]
    return own


class LeakScan(memscope_test.TestCase):
    def check(self, own, truth, exact_reachable=True):
        if not exact_reachable:
            own, truth = dict(own), dict(truth)
            self.assertGreaterEqual(own.pop("reachable"),
                                    truth.pop("reachable"))
        self.assertEqual(own, truth)

    def running(self, case):
        with Memscope(target("leaks"), case, "hold", flags=FLAGS) as scope:
            truth = scope.json_line()
            scope.settle()
            report = scan(scope)
            self.check(planted(report), truth)
            self.assertEqual(report["blind_threads"], 0)
            self.assertFalse(report["at_exit"])
            scope.close_stdin()
            self.assertEqual(scope.wait(), 0)
            say("%s: %d looks, longest stop %.1f ms, roots %d KiB" % (
                case, report["looks"], report["longest_stop_ns"] / 1e6,
                report["root_bytes"] // 1024))
            return report

    def at_exit(self, case, code):
        """What the command says, and ends with."""
        with Memscope(target("leaks"), case,
                      flags=(*FLAGS, "--fail-on-leak", "--keep-open")) as scope:
            truth = scope.json_line()
            scope.wait_ended()

            def done():
                report = scope.get("/leakscan")
                return report["state"] == "done" and report
            report = wait_until("the scan's report", done)
            self.assertTrue(report["at_exit"])
            self.check(planted(report), truth)
            wait_until("Ctrl-C", lambda: "Ctrl-C" in scope.own_stderr())
            scope.interrupt()
            self.assertEqual(scope.wait(), code)
            if code == 0:
                self.assertIn(": no leak", scope.own_stderr())

    def test_plain(self):
        report = self.running("plain")
        self.assertEqual(
            [frame["function"] for frame in report["rows"][0]["frames"][:3]],
            ["leak", "plain", "main"])
        self.at_exit("plain", 23)

    def test_lists(self):
        self.running("list")
        self.at_exit("list", 23)

    def test_rings(self):
        self.running("rings")
        self.at_exit("rings", 23)

    def test_tree(self):
        self.running("tree")
        self.at_exit("tree", 23)

    def test_interior_pointers_are_possible(self):
        self.running("interior")
        self.at_exit("interior", 0)

    def test_large_and_sparse_blocks(self):
        self.running("big")
        self.at_exit("big", 23)

    def test_mapped_memory_is_a_root(self):
        self.running("mapped")
        self.at_exit("mapped", 23)

    def test_freed_memory_is_none(self):
        self.running("freed")
        self.at_exit("freed", 23)

    def test_threads_have_stacks_and_variables(self):
        self.running("threads")
        self.at_exit("threads", 0)

    def test_threads_have_registers(self):
        self.running("registers")
        self.at_exit("registers", 0)

    def test_threads_that_have_ended_have_none(self):
        self.running("ended")
        self.at_exit("ended", 23)

    def test_a_clean_program(self):
        self.running("clean")
        self.at_exit("clean", 0)

    def test_pointers_that_move(self):
        with Memscope(target("leaks"), "moving", "hold", flags=FLAGS) as scope:
            truth = scope.json_line()
            for _ in range(5):
                report = scan(scope)
                self.check(planted(report), truth)
                self.assertGreaterEqual(report["looks"], 2)
                say("looks: %d" % report["looks"])

    def test_a_million_blocks(self):
        with Memscope(target("leaks"), "million", "hold", flags=FLAGS) as scope:
            truth = scope.json_line()
            scope.settle()
            report = scan(scope)
            self.check(planted(report), truth)
            say("a million blocks: %.2f s in all, longest stop %.1f ms" % (
                (report["end_ns"] - report["begin_ns"]) / 1e9,
                report["longest_stop_ns"] / 1e6))

    def test_a_store_within_a_limit(self):
        with Memscope(target("leaks"), "list", "hold",
                      flags=(*FLAGS, "--store-limit", "16M")) as scope:
            truth = scope.json_line()
            scope.settle()
            self.check(planted(scan(scope)), truth)

    def test_the_program_does_not_notice(self):
        with Memscope(target("waits"), flags=FLAGS) as scope:
            stated = scope.json_line()
            reports = [scan(scope) for _ in range(20)]
            for report in reports:
                self.assertEqual(report["threads"], stated["threads"])
            scope.close_stdin()
            self.assertEqual(scope.json_line(1), {"broken": 0})
            self.assertEqual(scope.wait(), 0)
            say("blind: %d of %d" % (sum(r["blind_threads"] for r in reports),
                                     sum(r["threads"] for r in reports)))

    def test_suppressions(self):
        path = os.path.join(self.scratch(), "known")
        for pattern, code in (("leak", 0), ("^pla*n$", 0), ("leaks.c", 0),
                              ("*/leaks.c$", 0), ("^eak", 23), ("lea$", 23)):
            with open(path, "w", encoding="ascii") as f:
                f.write("# what is known\n\nleak:%s\n" % pattern)
            for flags, env in ((("--suppressions", path), None),
                               ((), {"MEMSCOPE_SUPPRESSIONS": path})):
                with Memscope(target("leaks"), "plain", env=env, flags=(
                        *FLAGS, "--fail-on-leak", *flags)) as scope:
                    self.assertEqual(scope.wait(), code, pattern)

    def test_bad_suppressions(self):
        path = os.path.join(self.scratch(), "known")
        with open(path, "w", encoding="ascii") as f:
            f.write("leak:a\nrace:b\n")
        code, _, errors = run_bare(
            [memscope_test.BIN, "run", "--suppressions", path, "--", "true"])
        self.assertEqual(code, 125)
        self.assertIn(b"known:2: ", errors)

    def test_a_failure_of_its_own_stays(self):
        with Memscope(target("leaks"), "no-such-case",
                      flags=(*FLAGS, "--fail-on-leak")) as scope:
            self.assertEqual(scope.wait(), 2)

    def test_without_an_exit_there_is_no_check(self):
        with Memscope("/bin/sh", "-c", "kill -9 $$",
                      flags=(*FLAGS, "--leak-check")) as scope:
            self.assertEqual(scope.wait(), -9)
            self.assertIn("no leak check", scope.own_stderr())

    def test_one_at_a_time_and_none_after_the_end(self):
        with Memscope(target("leaks"), "clean",
                      flags=(*FLAGS, "--keep-open")) as scope:
            scope.wait_ended()
            self.assertEqual(scope.post("/leakscan", {})[0], 409)
            self.assertEqual(scope.post("/leakscan", {"session": 9})[0], 404)
            self.assertEqual(scope.post("/leakscan", {"x": 1})[0], 400)
            self.assertEqual(scope.get("/leakscan")["state"], "none")


if __name__ == "__main__":
    memscope_test.main()

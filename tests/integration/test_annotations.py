#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What a program says of itself by memscope.h is shown as it was said; and
built with MEMSCOPE_DISABLE the program needs nothing of ours."""

import os
import re
import subprocess

from memscope_test import (ROOT, Api, Memscope, Process, TestCase, main,
                           run_bare, target, wait_until)

PUBLIC = os.path.join(ROOT, "runtime/public")


def plain(function):
    """A function's name without its parameters."""
    return function.split("(")[0]


class Linked(Process, Api):
    """The same program with a page of its own."""

    def __init__(self, *mode):
        Process.__init__(self, [target("annotated_linked"), *mode])
        Api.__init__(self, wait_until(
            "the page's address", lambda: re.search(
                r"^at (http://\S+)$", "\n".join(self.stderr.lines()),
                re.M)).group(1))


class Annotations(TestCase):

    backend = ()

    @classmethod
    def begin(cls):
        return Memscope(target("annotated"),
                        flags=("--port", "0", *cls.backend))

    @classmethod
    def setUpClass(cls):
        cls.scope = cls.begin()
        cls.said = cls.scope.json_line()
        cls.scope.settle()

    @classmethod
    def tearDownClass(cls):
        cls.scope.__exit__()

    def functions(self):
        return {plain(name): sums for name, sums
                in self.scope.named_picture().functions().items()}

    def by_name(self, rows):
        self.assertEqual(len(rows), len({row["name"] for row in rows}), rows)
        return {row["name"]: row for row in rows}

    def test_a_task_counts_what_was_allocated_for_it_by_any_thread(self):
        answer = self.scope.get("/tasks")
        tasks = self.by_name(answer["rows"])
        request, query = tasks["request"], tasks["query"]
        self.assertEqual((request["live_bytes"], request["live_blocks"]),
                         (3000, 2))
        self.assertEqual((query["live_bytes"], query["live_blocks"]), (500, 1))
        self.assertEqual(query["parent"], request["id"])
        self.assertEqual((request["created"], request["ended"],
                          request["entered"], request["hops"]), (1, 1, 2, 1))
        self.assertGreaterEqual(request["end_ns"], request["create_ns"])
        self.assertIsNone(query["end_ns"])

    def test_a_scope_counts_what_is_in_it_once(self):
        scopes = self.by_name(self.scope.get("/tasks")["scopes"])
        self.assertEqual(scopes["load"]["live_bytes"], 377)
        self.assertEqual(scopes["load"]["live_blocks"], 3)
        self.assertEqual(scopes["parse"]["live_bytes"], 77)

    def test_a_pool_stands_for_its_slab(self):
        pool = self.by_name(self.scope.get("/tasks")["pools"])["arena"]
        self.assertEqual(self.said["discarded"], 9)
        self.assertEqual((pool["alloc_count"], pool["free_count"],
                          pool["live_bytes"]), (11, 10, 100))
        sites = self.functions()["pool"]
        self.assertEqual((sites["live_bytes"], sites["live_blocks"]), (100, 1))

    def test_a_type_goes_along_with_its_block(self):
        types = self.by_name(self.scope.get("/types")["rows"])
        self.assertEqual(types["struct row"], {
            "name": "struct row", "type_from": "annotated",
            "live_bytes": 900048, "live_blocks": 2,
            "alloc_bytes": 4000 + 900000 + 48, "alloc_count": 3,
            "free_bytes": 4000, "free_count": 1})
        variables = self.by_name(self.scope.get("/types")["variables"])
        self.assertEqual({name: (row["live_bytes"], row["alloc_count"])
                          for name, row in variables.items()
                          if name in ("table", "row")},
                         {"table": (900000, 2), "row": (48, 1)})

    def test_an_allocator_of_ones_own_is_counted_like_malloc(self):
        own = self.functions()["own_allocator"]
        self.assertEqual((own["alloc_count"], own["free_count"],
                          own["live_bytes"]), (3, 2, 222))
        self.assertEqual(own["realloc_count"], 1)

    def test_a_paused_thread_is_not_counted(self):
        functions = self.functions()
        self.assertNotIn("paused", functions)
        marks = self.scope.get("/marks")
        self.assertEqual(marks["counts"]["paused_allocs"], 1)

    def test_what_should_not_be_is_told_with_its_place(self):
        marks = self.scope.get("/marks")
        wrong = {k: n for k, n in marks["moments"].items() if n}
        self.assertEqual(wrong, {
            "mark": 1, "snapshot": 1, "borrow_conflict": 1, "bad_return": 1,
            "over_release": 1, "freed_borrowed": 1, "unbalanced": 1,
            "overlap": 2})
        self.assertEqual(marks["counts"]["borrows"], 4)
        self.assertEqual(marks["counts"]["returns"], 3)
        self.assertEqual(len(marks["rows"]), sum(wrong.values()))
        names = {r["kind"]: r["name"] for r in marks["rows"]}
        self.assertEqual(names["mark"], "half way")
        self.assertEqual(names["borrow_conflict"], "row")
        self.scope.named_picture()
        sites = {row["id"]: plain(row["function"])
                 for row in self.scope.table("sites")["rows"]}
        where = {r["kind"]: sites.get(r["site"]) for r in marks["rows"]}
        self.assertEqual(where["mark"], "main")
        self.assertEqual(where["freed_borrowed"], "blocks")

    def test_the_snapshot_that_was_asked_for_is_taken(self):
        def taken():
            return [s for s in self.scope.get("/snapshots")["snapshots"]
                    if s["name"] == "asked for"]
        self.assertEqual(len(wait_until("the snapshot", taken)), 1)

    def test_a_live_block_has_what_was_said_of_it(self):
        answer = self.scope.get("/tasks")
        tasks = self.by_name(answer["rows"])
        pools = self.by_name(answer["pools"])
        said = {}
        for row in self.scope.get("/allocations")["rows"]:
            if "annotated" in row:
                said.setdefault(row["size"], []).append(row["annotated"])
        self.assertEqual(said[2000], [{"task": tasks["request"]["id"]}])
        self.assertEqual(said[1000], [{"task": tasks["request"]["id"]}])
        self.assertEqual(said[500], [{"task": tasks["query"]["id"]}])
        # The innermost scope of load, parse, load.
        self.assertEqual([said[n] for n in (300, 70, 7)],
                         [[{"scope": n}] for n in ("load", "parse", "load")])
        self.assertEqual(said[100], [{"pool": pools["arena"]["id"]}])
        self.assertEqual(said[48], [{"variable": "row", "type": "struct row"}])
        self.assertEqual(said[900000],
                         [{"variable": "table", "type": "struct row"}])
        self.assertEqual(len(said), 9)

    def test_all_sums_agree(self):
        picture = self.scope.named_picture()
        picture.check_sums(self)
        self.assertEqual(self.scope.stats()["capture"]["damaged"], 0)
        blocks = self.scope.get("/allocations")
        self.assertEqual(blocks["bytes"], picture.heap["live_bytes"])


class Async(Annotations):
    """The same, by the backend that is made for it."""

    backend = ("--backend", "async")


class OwnPage(Annotations):
    """The same where the program serves its own page, open from the start."""

    mode = ()

    @classmethod
    def begin(cls):
        return Linked(*cls.mode)


class OwnPageLate(OwnPage):
    """The same where the page is opened when all has been said."""

    mode = ("late",)


class Disabled(TestCase):

    def test_a_program_without_memscope_needs_nothing_of_it(self):
        program = os.path.join(self.scratch(), "disabled")
        subprocess.run(
            ["c++", "-std=c++17", "-Wall", "-Wextra", "-Werror", "-O1",
             "-DMEMSCOPE_DISABLE", "-I", PUBLIC, "-pthread", "-o", program,
             os.path.join(ROOT, "tests/targets/annotated.cpp")], check=True)
        code, out, _ = run_bare([program])
        self.assertEqual((code, out),
                         (0, b'{"discarded": 0, "done": true}\n'))

    def test_the_headers_are_c_as_well(self):
        for flags in ([], ["-DMEMSCOPE_DISABLE"]):
            subprocess.run(
                ["cc", "-std=c11", "-Wall", "-Wextra", "-Wpedantic",
                 "-Wconversion", "-Werror", "-fsyntax-only", *flags, "-I",
                 PUBLIC, "-x", "c", "-"], check=True,
                input=b"#include <memscope.h>\nint main(void) { "
                      b"memscope_scope_begin(\"x\"); return 0; }\n")


class Unwatched(TestCase):

    def test_it_runs_linked_and_not_watched_too(self):
        code, out, _ = run_bare([target("annotated")])
        self.assertEqual(code, 0)
        self.assertIn(b'"done": true', out)


if __name__ == "__main__":
    main()

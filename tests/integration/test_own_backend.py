#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A capture backend that the program registers decides where its allocations
are booked; the numbers stay memscope's own."""

import os
import shutil

from memscope_test import (BIN, BUILD, Api, Memscope, Process, TestCase, main,
                           run_bare, target)

THREADS, BLOCKS, BYTES = 4, 1000, 48
ARGUMENT, NOT_FOUND, LIMIT, STATE, UNSUPPORTED = 1, 6, 7, 8, 9


def run(*mode, backend=("--backend", "custom:made_up"), env=None):
    return Memscope(target("own_backend"), *mode, env=env,
                    flags=("--port", "0", *backend))


class OwnBackend(TestCase):

    def check_frames(self, scope):
        said = scope.json_line()
        self.assertEqual((said["wrong"], said["reallocs"]), (0, 1))
        made = THREADS * BLOCKS
        self.assertEqual(said["nested"], made)
        # One block of ours is freed by realloc, which tells of it only as such.
        self.assertEqual(said["frees"], made // 2)
        picture = scope.named_picture()
        picture.check_sums(self)
        site = picture.functions()["first_place"]
        self.assertEqual((site["alloc_count"], site["alloc_bytes"]),
                         (made, made * BYTES))
        self.assertEqual(site["free_count"], made // 2 + 1)
        self.assertEqual(picture.functions()["frames"]["live_bytes"], 12345)
        tasks = scope.get("/tasks")
        live = made // 2 - 1
        for rows, name in ((tasks["rows"], "job"),
                           (tasks["scopes"], "made up")):
            found = [r for r in rows if r["name"] == name]
            self.assertEqual([r["live_blocks"] for r in found], [live], rows)
        capture = scope.stats()["capture"]
        self.assertEqual((capture["backend"], capture["backend_name"]),
                         ("custom", "made_up"))
        self.assertEqual(capture["damaged"], 0)

    def test_it_books_as_the_table_says_from_every_thread(self):
        with run("frames") as scope:
            self.check_frames(scope)

    def test_the_first_one_serves_where_no_name_was_said(self):
        with run("frames", backend=("--backend", "custom")) as scope:
            self.check_frames(scope)

    def test_the_program_itself_can_ask_for_it(self):
        with run("linked", backend=()) as scope:
            self.check_frames(scope)

    def test_no_stack_to_be_had_is_no_harm(self):
        """With core there is no unwinder: the whole stack is the caller."""
        with run("linked", backend=("--backend", "core")) as scope:
            said = scope.json_line()
            self.assertEqual(said["wrong"], 0)
            picture = scope.named_picture()
            self.assertEqual(picture.functions()["frames"]["live_bytes"], 12345)

    def test_a_block_that_it_leaves_out_is_not_booked(self):
        with run("skip") as scope:
            said = scope.json_line()
            self.assertEqual((said["wrong"], said["frees"]), (0, 0))
            picture = scope.named_picture()
            picture.check_sums(self)
            self.assertEqual(picture.functions()["allocate"]["alloc_count"], 0)
            self.assertEqual(scope.stats()["capture"]["unknown_frees"],
                             THREADS * BLOCKS // 2 + 1)

    def test_it_works_on_a_sample_too(self):
        with run("frames", backend=("--backend", "custom:made_up", "--mode",
                                    "sampled=1K")) as scope:
            said = scope.json_line()
            self.assertEqual(said["wrong"], 0)
            picture = scope.named_picture()
            picture.check_sums(self)
            self.assertGreater(
                picture.functions()["first_place"]["alloc_count"], 0)

    def test_bad_tables_are_refused_and_it_is_said_why(self):
        for watch in (False, True):
            code, out, _ = run_bare(
                ([BIN, "run", "--port", "0", "--"] if watch else [])
                + [target("own_backend"), "bad"])
            self.assertEqual(code, 0)
            answers = eval(out, {"__builtins__": {}})
            self.assertEqual(answers.pop("wrong"), 0)
            self.assertEqual(
                [answers.pop(x) for x in ("later", "nowhere", "good", "again",
                                          "full")],
                [UNSUPPORTED, NOT_FOUND, 0, STATE, LIMIT])
            self.assertEqual(set(answers.values()), {ARGUMENT})
            self.assertEqual(len(answers), 7)

    def test_one_that_nobody_registers_is_said(self):
        done = run_bare([BIN, "run", "--port", "0", "--backend",
                         "custom:other", "--", target("own_backend")])
        self.assertEqual(done[0], 0)
        self.assertIn(b"registered no such backend: custom:other; it was "
                      b"captured by 'unified'", done[2])

    def test_a_name_that_is_none_is_refused(self):
        for name in ("custom:", "customs", "custom:" + 32 * "x"):
            done = run_bare([BIN, "run", "--backend", name, "--", "true"])
            self.assertEqual(done[0], 2, name)
            self.assertIn(b"no such backend", done[2])


class Options(TestCase):
    """The backend that a linked program names when it opens its page."""

    def start(self, *options):
        program = Process([target("linked_options"), *options])
        self.addCleanup(program.__exit__)
        return program, program.line()

    def left_out(self, line):
        api = Api(line.rsplit(" ", 1)[1])
        picture = api.named_picture()
        picture.check_sums(self)
        blocks = sum(row["live_blocks"] for row in picture.sites
                     if row["live_bytes"] == 4711 * row["live_blocks"] > 0)
        return blocks, api.stats()["capture"]

    def test_the_one_that_is_named_does_the_work(self):
        blocks, capture = self.left_out(self.start("backend=here")[1])
        self.assertEqual((capture["backend"], capture["backend_name"]),
                         ("custom", "here"))
        self.assertEqual(blocks, 0)

    def test_one_that_is_only_registered_does_not(self):
        blocks, capture = self.left_out(self.start()[1])
        self.assertEqual(capture["backend"], "unified")
        self.assertEqual(blocks, 100)

    def test_one_that_nobody_registers_opens_no_page(self):
        for name in ("nobody", "unified", ""):
            program, line = self.start("backend=" + name)
            self.assertEqual(line, "not found ")
            program.write(b"\n")
            self.assertEqual(program.wait(), 0)


class Plugin(TestCase):
    """The example: a library that is loaded under a program that knows
    nothing of memscope."""

    PLUGIN = os.path.join(BUILD, "examples/two_tier.so")

    def test_it_serves_a_program_that_knows_nothing_of_it(self):
        program = shutil.which("sqlite3")
        with Memscope(program, env={"TWO_TIER_BYTES": "8192",
                                    "LD_PRELOAD": self.PLUGIN},
                      flags=("--port", "0", "--backend", "custom:two_tier")
                      ) as scope:
            scope.write(b"create table t(x);\n"
                        b"with recursive n(i) as (select 1 union all select "
                        b"i+1 from n where i<2000) insert into t select "
                        b"zeroblob(3000) from n;\n"
                        b"select count(*) from t;\n")
            self.assertEqual(scope.line(), "2000")
            scope.settle()
            capture = scope.stats()["capture"]
            self.assertEqual((capture["backend"], capture["backend_name"]),
                             ("custom", "two_tier"))
            large = [r for r in scope.get("/tasks")["scopes"]
                     if r["name"] == "large blocks"][0]
            self.assertGreater(large["alloc_count"], 0)
            self.assertGreaterEqual(large["alloc_bytes"],
                                    8192 * large["alloc_count"])
            scope.named_picture().check_sums(self)

    def test_without_memscope_it_does_nothing(self):
        with Process(["/bin/echo", "hello"],
                     env={"LD_PRELOAD": self.PLUGIN}) as process:
            self.assertEqual(process.wait(), 0)
            self.assertEqual(process.stdout.all(), b"hello\n")
            self.assertEqual(process.stderr.all(), b"")


if __name__ == "__main__":
    main()

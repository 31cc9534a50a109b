#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Queries: what SQL says is what the other answers say, of the same tick; and
what the command makes of it."""

import json
import os
import signal
import threading

from memscope_test import (BIN, DEMO, Memscope, main, run_bare, say, target,
                           wait_until)
from queries import HOSTILE, Queries

SUMS = ("live_bytes", "live_blocks", "alloc_bytes", "alloc_count",
        "free_bytes", "free_count")
HEAP = {"live_bytes": "live_bytes", "live_blocks": "live_blocks",
        "alloc_bytes": "alloc_bytes_total", "alloc_count": "alloc_count_total",
        "free_bytes": "free_bytes_total", "free_count": "free_count_total"}
PYTHON = ["/usr/bin/python3", "-c", """
import json
kept = [json.loads(json.dumps({"n%d" % i: list(range(i % 50))}))
        for i in range(20000)]
"""]
SQLITE = ["/usr/bin/sqlite3", ":memory:",
          "create table t(a, b); with recursive n(i) as (select 1 union all "
          "select i + 1 from n where i < 20000) insert into t select i, "
          "'text ' || i from n; create index x on t(b); "
          "select count(distinct b) from t;"]


class TheSameAsTheRest(Queries):
    def check_sums(self, scope):
        """All tables that add up, in one query, against stats of its tick."""
        sql = "SELECT " + ", ".join(
            "(SELECT coalesce(sum(%s), 0) FROM %s) AS %s_%s" % (column, table, table, column)
            for table in ("sites", "threads", "stacks") for column in SUMS)
        answer = self.query(scope, sql + ", live_bytes FROM stats")
        row = answer["rows"][0]
        heap = scope.stats(answer["seq"])["heap"]
        wanted = [heap[HEAP[column]] for column in SUMS] * 3
        self.assertEqual(row, wanted + [heap["live_bytes"]])

    def check_at_rest(self, scope):
        """After the end: every row, and every block."""
        self.check_sums(scope)
        picture = scope.named_picture()
        for table, rows in (("sites", picture.sites),
                            ("threads", picture.threads)):
            sql = {row["id"]: row for row in self.rows(
                scope, "SELECT * FROM " + table, limit=100000)}
            self.assertEqual(len(sql), len(rows))
            for row in rows:
                for name, value in row.items():
                    if name == "trend":
                        continue
                    self.assertEqual(sql[row["id"]][name], value,
                                     (table, row["id"], name))
        blocks = scope.get("/allocations")
        found = self.rows(scope, "SELECT count(*) AS n, sum(size) AS bytes, "
                          "count(DISTINCT address) AS different "
                          "FROM allocations")[0]
        self.assertEqual(found, {"n": blocks["count"],
                                 "bytes": blocks["bytes"] or None,
                                 "different": blocks["count"]})
        self.assertEqual(blocks["bytes"], picture.stats["heap"]["live_bytes"])
        by_site = self.rows(
            scope, "SELECT s.id, s.live_bytes AS a, sum(a.size) AS b "
            "FROM sites s JOIN allocations a ON a.site = s.id GROUP BY s.id",
            limit=100000)
        self.assertEqual([r for r in by_site if r["a"] != r["b"]], [])
        by_stack = self.rows(
            scope, "SELECT k.id, k.live_bytes AS a, sum(a.size) AS b "
            "FROM stacks k JOIN allocations a ON a.stack = k.id GROUP BY k.id",
            limit=100000)
        self.assertEqual([r for r in by_stack if r["a"] != r["b"]], [])
        say("%d sites, %d blocks are the same in SQL" % (
            len(picture.sites), blocks["count"]))

    def ended(self, command):
        with Memscope(*command, flags=("--port", "0", "--keep-open")) as scope:
            scope.close_stdin()
            scope.wait_ended()
            self.check_at_rest(scope)

    def test_python(self):
        self.ended(PYTHON)

    def test_sqlite(self):
        self.ended(SQLITE)

    def test_the_demo_while_it_runs_and_after(self):
        with Memscope(DEMO, flags=("--port", "0", "--keep-open")) as scope:
            for _ in range(10):
                scope.settle()
                self.check_sums(scope)
            os.kill(scope.program_pid(), signal.SIGTERM)
            scope.wait_ended()
            self.check_at_rest(scope)

    def test_redis_while_it_works_and_after(self):
        path = os.path.join(self.scratch(), "socket")
        command = ["/usr/bin/redis-server", "--port", "0", "--save", "",
                   "--unixsocket", path]
        with Memscope(*command, flags=("--port", "0", "--keep-open")) as scope:
            wait_until("redis's socket", lambda: os.path.exists(path))
            done = threading.Event()
            worker = threading.Thread(target=lambda: (run_bare(
                ["redis-benchmark", "-s", path, "-q", "-n", "20000", "-r",
                 "10000", "-t", "set,lpush,hset"]), done.set()))
            scope.settle()  # sums of no rows are not numbers
            worker.start()
            checked = 0
            while not done.is_set() or checked < 5:
                self.check_sums(scope)
                checked += 1
            worker.join()
            os.kill(scope.program_pid(), signal.SIGTERM)
            scope.wait_ended()
            self.check_at_rest(scope)
            say("%d times the same while redis worked" % checked)

    def test_events_are_of_the_thread_that_has_made_them(self):
        """Threads that end leave their recorder to younger ones."""
        with Memscope(target("births"),
                      flags=("--port", "0", "--keep-open")) as scope:
            scope.wait_ended()
            self.assertGreater(len(scope.table("threads")["rows"]), 30)
            youngest = self.rows(scope, "SELECT max(id) AS id FROM threads "
                                 "WHERE alloc_count > 0")[0]["id"]
            found = self.rows(scope, "SELECT operation, count(*) AS n FROM "
                              "events_recent WHERE thread = %d AND "
                              "size_at_most = 128 GROUP BY operation"
                              % youngest)
            self.assertEqual({row["operation"]: row["n"] for row in found},
                             {"allocation": 1, "deallocation": 1})
            # Each place of a recorder is somebody's once.
            doubled = self.rows(scope, "SELECT address, time_ns, count(*) AS n "
                                "FROM events_recent WHERE size_at_most = 128 "
                                "GROUP BY thread, number HAVING n > 1")
            self.assertEqual(doubled, [])

    def wait_for_frames(self, scope):
        """Until all names are known: calls that were inlined are rows."""
        def known():
            before = self.rows(scope, "SELECT count(*) AS n FROM frames")
            if scope.status()["monitor"]["symbols_pending"] != 0:
                return False
            return before == self.rows(
                scope, "SELECT count(*) AS n FROM frames")
        wait_until("the names of all frames", known)

    def test_comparisons_are_sqlites(self):
        """What a table leaves out by itself is what SQLite would."""
        with Memscope(DEMO, flags=("--port", "0", "--keep-open")) as scope:
            scope.settle()
            wait_until("many blocks", lambda: scope.stats()["heap"][
                "live_blocks"] > 2000)
            os.kill(scope.program_pid(), signal.SIGKILL)
            scope.wait_ended()
            self.wait_for_frames(scope)
            middle = self.rows(scope, "SELECT address FROM allocations "
                               "ORDER BY address LIMIT 1 OFFSET 1000")[0]
            for table, column, values in (
                    ("allocations", "address",
                     (int(middle["address"], 16), 0, -1, 1 << 62)),
                    ("allocations", "size", (32, 32.5, "'64'", "NULL")),
                    ("sites", "id", (3, 3.5, -7, "'4'", 1e300)),
                    ("frames", "stack", (20, 21.5, 0)),
                    ("frames", "depth", (0, 1)),
                    ("history", "seq", (1, 2)),
                    ("events_recent", "thread", (1, 2))):
                for value in values:
                    for op in ("=", "<", "<=", ">", ">="):
                        asked = "(SELECT count(*) || '/' || total(%s) " \
                            "FROM %s WHERE " % (column, table)
                        # A column behind a + is none that a table can use,
                        # nor one that makes a number of a text. One statement
                        # sees one moment.
                        [[fast, slow]] = self.query(
                            scope, "SELECT " + asked + "%s %s %s), " % (
                                column, op, value) + asked + "+%s %s %s)" % (
                                    column, op, str(value).strip("'")))["rows"]
                        self.assertEqual(fast, slow,
                                         (table, column, op, value))
            for table in ("allocations", "sites", "frames", "history"):
                first = self.query(scope, "SELECT * FROM %s ORDER BY 1 "
                                   "LIMIT 50" % table)["rows"]
                other = self.query(scope, "SELECT * FROM %s ORDER BY 1 + 0 "
                                   "LIMIT 50" % table)["rows"]
                self.assertEqual([r[0] for r in first], [r[0] for r in other])


class Ready(Queries):
    def test_each_is_answered_and_a_snapshot_says_what_it_has_not(self):
        needed = {"address": "0x1000", "to_ns": 10**12}
        with Memscope(DEMO, flags=("--port", "0")) as scope:
            scope.settle()
            head = scope.post("/snapshots", {})[2]
            ready = scope.get("/queries")["queries"]
            for q in ready:
                given = {p["name"]: needed[p["name"]] for p in q["parameters"]
                         if p["default"] is None}
                self.query(scope, name=q["name"], parameters=given)
                answer = self.query(
                    scope, name=q["name"], parameters=given,
                    snapshot=head["id"], status=409 if q["live_only"] else 200)
                if q["live_only"]:
                    self.assertEqual(answer["error"]["code"], "not_kept")
                if given:
                    self.query(scope, name=q["name"], status=400)
            self.assertGreaterEqual(len(ready), 15)
            total = self.rows(scope, "SELECT sum(live_bytes) AS n FROM sites",
                              snapshot=head["id"])[0]["n"]
            self.assertEqual(total, head["live_bytes"])

    def test_the_largest_block_is_found_by_its_address(self):
        with Memscope(DEMO, flags=("--port", "0")) as scope:
            scope.settle()
            wait_until("the leak", lambda: self.rows(
                scope, name="larger_than", parameters={"bytes": 9999}))
            # The largest that stays: one of the leak.
            sql = ("SELECT a.address, a.size FROM allocations a JOIN sites s "
                   "ON s.id = a.site WHERE s.function = 'session_leak'")
            block = wait_until("its name", lambda: self.rows(scope, sql))[0]
            found = self.rows(scope, name="block",
                              parameters={"address": block["address"]})
            self.assertEqual((found[0]["address"], found[0]["size"]),
                             (block["address"], block["size"]))
            found = self.rows(scope, "SELECT size FROM allocations "
                              "WHERE address = :address",
                              parameters={"address": block["address"]})
            self.assertEqual(found, [{"size": block["size"]}])

    def test_parameters_are_what_they_are_said_to_be(self):
        with Memscope(DEMO, flags=("--port", "0")) as scope:
            scope.settle()
            for value, back in ((1, 1), (1.5, 1.5), ("x", "x"), (None, None),
                                (True, 1), ("0x10", "0x10"), ("a\0b", "a\0b")):
                self.assertEqual(self.query(
                    scope, "SELECT :v", parameters={"v": value})["rows"],
                    [[back]])
            self.refused(scope, "SELECT :v", "bad_query", 400)
            self.refused(scope, "SELECT 1", "bad_query", 400,
                         parameters={"v": 1})
            self.refused(scope, None, "bad_query", 400, name="top_sites",
                         parameters={"limit": "many"})
            self.refused(scope, None, "bad_query", 400, name="top_sites",
                         parameters={"evil": 1})
            for body in ({"sql": "SELECT 1", "name": "top_sites"}, {},
                         {"sql": "SELECT 1", "parameters": [1]},
                         {"sql": "SELECT 1\0"}, {"name": "top_sites\0"},
                         {"sql": "SELECT :v", "parameters": {"v": [1]}}):
                self.query(scope, status=400, **body)


class Command(Queries):
    """memscope query"""

    def run_query(self, scope, *arguments):
        code, out, err = run_bare(
            [BIN, "query", "--port", str(scope.port), *arguments])
        return code, out.decode("utf-8", "replace"), err.decode()

    def test_what_it_prints(self):
        with Memscope(*HOSTILE, flags=("--port", "0")) as scope:
            scope.line()
            scope.settle()
            code, out, err = self.run_query(scope)
            self.assertEqual((code, err), (0, ""))
            self.assertIn("top_allocations", out)
            self.assertIn("frames(stack, depth, function", out)
            code, out, err = self.run_query(
                scope, "SELECT 1 AS one, 'text' AS two, 22.5, NULL "
                "UNION ALL VALUES(333, 't', 0.25, 'x')")
            self.assertEqual((code, err), (0, ""))
            self.assertEqual([line.split() for line in out.splitlines()],
                             [["one", "two", "22.5", "NULL"],
                              ["1", "text", "22.5", "-"],
                              ["333", "t", "0.25", "x"]])
            wait_until("the thread's name", lambda: "?<b>" in self.run_query(
                scope, "SELECT name FROM threads")[1])
            # No control character reaches the terminal.
            out = self.run_query(
                scope, "SELECT char(27, 133, 10, 127) || 'x', name "
                "FROM threads")[1]
            self.assertNotRegex(out, "[\x00-\x09\x0b-\x1f\x7f-\x9f]")
            code, out, err = self.run_query(
                scope, "--csv", "SELECT 'a,b', 'say \"x\"', 1")
            self.assertEqual(out.splitlines()[1], '"a,b","say ""x""",1')
            code, out, err = self.run_query(scope, "--json", "by_thread",
                                            "limit=1")
            self.assertEqual(len(json.loads(out)["rows"]), 1)
            code, out, err = self.run_query(
                scope, "--limit", "1", "SELECT :a FROM sites", "a=0x10")
            self.assertEqual(out.split(), [":a", "0x10"])
            self.assertIn("more rows", err)

    def test_what_it_says_of_mistakes(self):
        with Memscope(*HOSTILE, flags=("--port", "0")) as scope:
            scope.line()
            scope.settle()
            code, out, err = self.run_query(
                scope, "SELECT id,\n  nöpe FROM sites")
            self.assertEqual((code, out), (1, ""))
            self.assertEqual(err.splitlines(), [
                "memscope: no such column: nöpe", "    nöpe FROM sites",
                "    ^"])
            for arguments, wanted, words in (
                    (("evil",), 1, "no query of this name"),
                    (("block",), 1, "address is not given"),
                    (("top_sites", "x"), 2, "no NAME=VALUE"),
                    (("--evil",), 2, "--evil"),
                    (("--csv", "--json", "x"), 2, "query"),
                    (("--snapshot", "9", "top_sites"), 1, "no such")):
                code, out, err = self.run_query(scope, *arguments)
                self.assertEqual((code, out), (wanted, ""), arguments)
                self.assertIn(words, err)


if __name__ == "__main__":
    assert os.access(BIN, os.X_OK), BIN
    main()

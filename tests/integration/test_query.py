#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Queries: what SQL says is what the other answers say, of the same tick; and
no query, however it is meant, does harm to the program or keeps a tick."""

import json
import math
import os
import signal
import socket
import threading

from memscope_test import (BIN, DEMO, Memscope, TestCase, main, run_bare, say,
                           wait_until)

ENDLESS = ("WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) "
           "SELECT max(n) FROM t")
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
# Says its name, and waits until its input ends.
HOSTILE_NAME = b"a'\"\\;--\xff\n<b>"
HOSTILE = ["/usr/bin/python3", "-c", """
import ctypes, sys
ctypes.CDLL(None).prctl(15, %r)
print("named", flush=True)
sys.stdin.read()
""" % HOSTILE_NAME]


class Queries(TestCase):
    def query(self, scope, sql=None, status=200, **more):
        body = {**({"sql": sql} if sql is not None else {}), **more}
        got, _, answer = scope.post("/query", body)
        self.assertEqual(got, status, (body, str(answer)[:300]))
        return answer

    def rows(self, scope, sql=None, **more):
        """The rows as objects."""
        answer = self.query(scope, sql, **more)
        names = [column["name"] for column in answer["columns"]]
        return [dict(zip(names, row)) for row in answer["rows"]]

    def refused(self, scope, sql, code, status, **more):
        answer = self.query(scope, sql, status=status, **more)
        self.assertEqual(answer["error"]["code"], code, (sql, answer))
        self.assertTrue(answer["error"]["message"])
        return answer["error"]


class TheSameAsTheRest(Queries):
    def check_sums(self, scope):
        """All tables that add up, in one query, against stats of its tick."""
        sql = "SELECT " + ", ".join(
            "(SELECT sum(%s) FROM %s) AS %s_%s" % (column, table, table, column)
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

    def test_comparisons_are_sqlites(self):
        """What a table leaves out by itself is what SQLite would."""
        with Memscope(DEMO, flags=("--port", "0", "--keep-open")) as scope:
            scope.settle()
            wait_until("many blocks", lambda: scope.stats()["heap"][
                "live_blocks"] > 2000)
            os.kill(scope.program_pid(), signal.SIGKILL)
            scope.wait_ended()
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
                        asked = "SELECT count(*), total(%s) FROM %s WHERE " % (
                            column, table)
                        # A column behind a + is none that a table can use,
                        # nor one that makes a number of a text.
                        fast = self.query(scope, asked + "%s %s %s" % (
                            column, op, value))["rows"]
                        slow = self.query(scope, asked + "+%s %s %s" % (
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


class NoHarm(Queries):
    def test_what_is_no_reading_is_refused(self):
        path = os.path.join(self.scratch(), "evil.db")
        with Memscope(DEMO, flags=("--port", "0")) as scope:
            scope.settle()
            for sql, code, status in (
                    ("ATTACH '%s' AS x" % path, "not_allowed", 403),
                    ("VACUUM INTO '%s'" % path, "not_allowed", 403),
                    ("CREATE TABLE x(a)", "not_allowed", 403),
                    ("CREATE TEMP TABLE x AS SELECT 1", "not_allowed", 403),
                    ("CREATE VIEW x AS SELECT 1", "not_allowed", 403),
                    ("BEGIN", "not_allowed", 403),
                    ("PRAGMA writable_schema = 1", "not_allowed", 403),
                    ("SELECT * FROM pragma_database_list", "not_allowed", 403),
                    ("SELECT * FROM sqlite_master", "not_allowed", 403),
                    ("SELECT load_extension('%s')" % path, "not_allowed", 403),
                    ("SELECT printf('%.*c', 999999999, 'x')", "not_allowed",
                     403),
                    ("SELECT json_group_array(id) FROM sites", "not_allowed",
                     403),
                    ("EXPLAIN SELECT 1", "not_allowed", 403),
                    ("REINDEX", "not_allowed", 403),
                    ("INSERT INTO sites(id) VALUES(1)", None, None),
                    ("DELETE FROM sites", None, None),
                    ("UPDATE sites SET id = 1", None, None),
                    ("SELECT writefile('%s', 1)" % path, None, None),
                    ("SELECT 1; SELECT 2", "bad_query", 400),
                    ("", "bad_query", 400),
                    ("SELECT hex(zeroblob(99999))", "too_large", 413),
                    ("SELECT 1 FROM " + ",".join(["sites"] * 70), "bad_query",
                     400),
                    ("SELECT " + "(" * 500 + "1" + ")" * 500, "bad_query",
                     400)):
                got, _, answer = scope.post("/query", {"sql": sql})
                self.assertIn(got, (status,) if status else (400, 403),
                              (sql, answer))
                if code:
                    self.assertEqual(answer["error"]["code"], code, sql)
            self.assertFalse(os.path.exists(path))
            error = self.refused(scope, "SELECT id, nope FROM sites",
                                 "bad_query", 400)
            self.assertEqual(error["offset"], 11)
            self.assertIn("nope", error["message"])

    def meanwhile(self, scope, sql, code, status, **more):
        """A query that is stopped, and what goes on while it runs: ticks, the
        program, other requests."""
        before = scope.stats()
        result = []
        asker = threading.Thread(target=lambda: result.append(
            scope.post("/query", {"sql": sql, **more})))
        asker.start()
        seen = 0
        while asker.is_alive():
            scope.stats()
            seen += 1
        asker.join()
        after = scope.stats()
        got, _, answer = result[0]
        self.assertEqual(got, status, (sql, str(answer)[:300]))
        if status != 200:
            self.assertEqual(answer["error"]["code"], code, sql)
        self.assertGreater(after["seq"], before["seq"], sql)
        self.assertGreater(after["heap"]["alloc_count_total"],
                           before["heap"]["alloc_count_total"], sql)
        self.assertGreater(seen, 2)
        return answer, after["seq"] - before["seq"]

    def test_ticks_and_the_program_go_on(self):
        with Memscope(DEMO, flags=("--port", "0")) as scope:
            scope.settle()
            for sql in (ENDLESS,
                        "SELECT count(*) FROM allocations a, allocations b, "
                        "allocations c, allocations d",
                        "SELECT count(*) FROM frames a, frames b, frames c, "
                        "frames d, sites e"):
                _, ticks = self.meanwhile(scope, sql, "timeout", 422,
                                          time_ms=3000)
                say("%d ticks during %s..." % (ticks, sql[:40]))
            # Sorting is bounded in memory as well.
            _, ticks = self.meanwhile(
                scope, "SELECT n, hex(randomblob(4000)) FROM (%s) ORDER BY 2" %
                ENDLESS.replace("max(n)", "n"), "too_large", 413,
                time_ms=60000)
            say("%d ticks while 256 MiB were sorted" % ticks)

    def test_many_rows_are_cut_off_and_it_is_said(self):
        many = ENDLESS.replace("max(n)", "n") + " LIMIT 10000000"
        with Memscope(DEMO, flags=("--port", "0")) as scope:
            scope.settle()
            answer = self.query(scope, many)
            self.assertTrue(answer["truncated"])
            self.assertEqual(len(answer["rows"]), 10000)
            answer = self.query(scope, many, limit=100000)
            self.assertEqual([r[0] for r in answer["rows"]],
                             list(range(1, 100001)))
            answer = self.query(scope, many + "0", limit=7)
            self.assertEqual((len(answer["rows"]), answer["truncated"]),
                             (7, True))
            answer = self.query(scope, "VALUES(1),(2)", limit=2)
            self.assertEqual((len(answer["rows"]), answer["truncated"]),
                             (2, False))
            # By bytes, too.
            answer = self.query(
                scope, ENDLESS.replace("max(n)", "hex(randomblob(20000))") +
                " LIMIT 5000", limit=100000)
            self.assertTrue(answer["truncated"])
            self.assertLess(len(answer["rows"]), 1000)
            # What goes wrong after many rows is said after them.
            answer = self.query(
                scope, ENDLESS.replace(
                    "max(n)", "n, CASE n WHEN 90000 THEN "
                    "abs(-9223372036854775807 - 1) ELSE 0 END"), limit=100000)
            self.assertEqual(len(answer["rows"]), 89999)
            self.assertTrue(answer["truncated"])
            self.assertIn("overflow", answer["error"]["message"])

    def test_many_at_once(self):
        with Memscope(DEMO, flags=("--port", "0")) as scope:
            scope.settle()
            results = []
            sql = ("SELECT s.function, sum(a.size) FROM allocations a JOIN "
                   "sites s ON s.id = a.site GROUP BY 1")
            askers = [threading.Thread(target=lambda: results.append(
                scope.post("/query", {"sql": sql}))) for _ in range(32)]
            for asker in askers:
                asker.start()
            for asker in askers:
                asker.join()
            self.assertEqual([status for status, _, _ in results], [200] * 32)
            for _, _, answer in results:
                self.assertFalse(answer["truncated"])
                self.assertTrue(answer["rows"])
            # More than may wait are told so; the others are still answered.
            results.clear()
            askers = [threading.Thread(target=lambda: results.append(
                scope.post("/query", {"sql": ENDLESS, "time_ms": 200})))
                for _ in range(100)]
            for asker in askers:
                asker.start()
            for asker in askers:
                asker.join()
            self.assertEqual({status for status, _, _ in results} - {422, 429},
                             set())
            self.assertGreaterEqual(
                [status for status, _, _ in results].count(422), 32)
            self.query(scope, "SELECT 1")

    def leave(self, scope, sql, **more):
        """Asks, and goes away before there is an answer."""
        body = json.dumps({"sql": sql, **more}).encode()
        s = socket.create_connection((scope.host, scope.port))
        s.sendall(b"POST /api/v1/query HTTP/1.1\r\nHost: localhost:%d\r\n"
                  b"Content-Type: application/json\r\nContent-Length: %d\r\n"
                  b"\r\n%s" % (scope.port, len(body), body))
        return s

    def test_a_query_ends_when_its_client_goes_away(self):
        with Memscope(DEMO, flags=("--port", "0")) as scope:
            scope.settle()
            # Each would hold a worker for a minute: there are four.
            for _ in range(16):
                self.leave(scope, ENDLESS, time_ms=60000).close()
            self.query(scope, "SELECT 1")
            # Nor does one that reads nothing keep anybody else.
            slow = [self.leave(scope, ENDLESS.replace(
                "max(n)", "hex(randomblob(20000))"), limit=100000)
                for _ in range(3)]
            self.query(scope, "SELECT 1")
            self.assertGreater(scope.stats()["seq"], 0)
            for s in slow:
                s.close()
            self.query(scope, "SELECT 1")
            scope.interrupt()
            scope.wait()

    def test_the_program_ends_under_a_query(self):
        with Memscope(DEMO, flags=("--port", "0", "--keep-open")) as scope:
            scope.settle()
            result = []
            asker = threading.Thread(target=lambda: result.append(scope.post(
                "/query", {"time_ms": 5000, "sql":
                           "SELECT count(*), sum(a.size) FROM allocations a, "
                           "frames b, frames c, frames d, frames e"})))
            asker.start()
            scope.settle()
            os.kill(scope.program_pid(), signal.SIGTERM)
            scope.wait_ended()
            asker.join()
            self.assertEqual(result[0][0], 422)
            stats = self.rows(scope, "SELECT ended, live_bytes FROM stats")[0]
            self.assertEqual(stats["ended"], 1)
            self.assertEqual(
                self.rows(scope, "SELECT sum(size) AS n FROM allocations")[0]
                ["n"], stats["live_bytes"])

    def test_memscope_ends_under_a_query(self):
        with Memscope(DEMO, flags=("--port", "0")) as scope:
            scope.settle()
            left = [self.leave(scope, ENDLESS, time_ms=60000)
                    for _ in range(6)]
            scope.settle()
            scope.interrupt()
            scope.wait()
            for s in left:
                s.close()

    def test_hostile_names_are_text(self):
        with Memscope(*HOSTILE, flags=("--port", "0")) as scope:
            scope.line()
            shown = HOSTILE_NAME.decode("utf-8", "replace")
            wait_until("the thread's name", lambda: shown in [
                row["name"] for row in self.rows(
                    scope, "SELECT name FROM threads")])
            found = self.query(
                scope, 'SELECT name AS "a""b<i>\\", \'<b>\' || name FROM '
                "threads WHERE name LIKE :like", parameters={"like": "a'\"%"})
            self.assertEqual(found["columns"][0]["name"], 'a"b<i>\\')
            self.assertEqual(found["rows"], [[shown, "<b>" + shown]])

    def test_numbers_go_through_whole(self):
        with Memscope(DEMO, flags=("--port", "0")) as scope:
            scope.settle()
            row = self.query(
                scope, "SELECT 9223372036854775807, -9223372036854775808, "
                "0.1, 1e308, 1e999, 2.0, NULL, x'41'")["rows"][0]
            self.assertEqual(row, [2**63 - 1, -2**63, 0.1, 1e308, None, 2.0,
                                   None, "A"])
            self.assertFalse(math.isinf(row[3]))


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

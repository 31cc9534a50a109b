#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""No query, however it is meant, does harm to the program or keeps a tick."""

import json
import math
import os
import signal
import socket
import threading

from memscope_test import DEMO, Memscope, main, say, wait_until
from queries import ENDLESS, HOSTILE, HOSTILE_NAME, Queries


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


if __name__ == "__main__":
    main()

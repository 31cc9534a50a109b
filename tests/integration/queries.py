# SPDX-License-Identifier: MIT
"""What the tests of queries share: a query, its rows, its refusal."""

from memscope_test import TestCase

ENDLESS = ("WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) "
           "SELECT max(n) FROM t")
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

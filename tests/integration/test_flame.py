#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The tree of calls: it adds up, at every node, to the statistics of its tick,
of the demo, of redis-server and of python3; likewise of a snapshot, and of two
of them."""

import collections
import json
import os

from memscope_test import (DEMO, Memscope, TestCase, main, say, target,
                           wait_until)

WEIGHTS = {"live_bytes": ("live_bytes", "live_blocks"),
           "live_blocks": ("live_blocks", "live_blocks"),
           "alloc_bytes": ("alloc_bytes_total", "alloc_count_total"),
           "alloc_count": ("alloc_count_total", "alloc_count_total")}
PYTHON = "import json, sys; x = [json.loads('[[1], {\"a\": 2}]') for i in " \
         "range(20000)]; print('ready', flush=True); sys.stdin.read()"


def paths(flame, total="total", own="self"):
    """{path of (function, module): what it has itself}"""
    nodes, frames = flame["nodes"], flame["frames"]
    result, path = collections.Counter(), []
    for frame, depth, value in zip(nodes["frame"], nodes["depth"], nodes[own]):
        del path[depth:]
        path.append((frames["function"][frame], frames["module"][frame]))
        result[tuple(path)] += value
    return result


class Flame(TestCase):

    def check_tree(self, flame, prefix=""):
        """Every node is what it has itself and what its children have."""
        nodes = flame["nodes"]
        total, own = nodes[prefix + "total"], nodes[prefix + "self"]
        columns = [len(column) for column in nodes.values()]
        self.assertEqual(set(columns), {columns[0]})
        sums, open_nodes, top = list(own), [], 0
        last = {}
        for i, depth in enumerate(nodes["depth"]):
            self.assertLessEqual(depth, len(open_nodes))
            if "from" not in flame: # the heaviest of a node's children first
                last = {d: w for d, w in last.items() if d <= depth}
                self.assertLessEqual(total[i], last.get(depth, total[i]))
                last[depth] = total[i]
            del open_nodes[depth:]
            if open_nodes:
                sums[open_nodes[-1]] += total[i]
                if not prefix and "from" not in flame:
                    self.assertLessEqual(total[i], total[open_nodes[-1]])
            else:
                top += total[i]
            open_nodes.append(i)
        if flame["hidden_nodes"] == 0:
            self.assertEqual(sums, total)
        return top

    def check_sums(self, scope):
        """Its total is the statistics' of the same tick."""
        def attempt(weight, order, by):
            flame = scope.get("/flame", weight=weight, order=order, by=by)
            stats = scope.stats(flame["seq"])
            self.assertEqual(flame["epoch"], stats["epoch"])
            heap, (name, count) = stats["heap"], WEIGHTS[weight]
            self.assertEqual(self.check_tree(flame), heap[name])
            self.assertEqual(flame["total"], heap[name])
            self.assertEqual(flame["count"], heap[count])
            return flame
        for weight in WEIGHTS:
            for order in ("callers", "callees"):
                for by in ("function", "line"):
                    attempt(weight, order, by)
        return attempt("live_bytes", "callers", "function")

    def named(self, scope):
        return wait_until("all names", lambda: (
            lambda flame: flame["unnamed"] == 0 and flame)(
                scope.get("/flame")))

    def test_of_the_demo(self):
        with Memscope(DEMO, "--quiet") as scope:
            scope.settle()
            self.check_sums(scope)
            flame = self.named(scope)
            functions = set(flame["frames"]["function"])
            self.assertLessEqual({"main", "session_leak", "cache_store",
                                  "message_create"}, functions)
            leak = [path for path in paths(flame)
                    if path[-1] == ("session_leak", "demo")]
            self.assertEqual({path[-1] for path in leak},
                             {("session_leak", "demo")})
            self.assertTrue(all(len(path) > 1 for path in leak))
            scope.interrupt()

    def test_of_real_programs(self):
        socket = os.path.join(self.scratch(), "redis")
        with Memscope("redis-server", "--port", "0", "--unixsocket", socket,
                      "--save", "") as scope:
            wait_until("redis to listen", lambda: os.path.exists(socket))
            scope.settle()
            say("redis-server: %d nodes" %
                len(self.check_sums(scope)["nodes"]["frame"]))
            scope.interrupt()
        with Memscope("/usr/bin/python3", "-c", PYTHON,
                      env={"PYTHONMALLOC": "malloc"}) as scope:
            scope.line()
            scope.settle()
            say("python3: %d nodes" %
                len(self.check_sums(scope)["nodes"]["frame"]))

    def test_what_is_light_is_left_out_and_counted(self):
        with Memscope("/usr/bin/python3", "-c", PYTHON,
                      env={"PYTHONMALLOC": "malloc"}) as scope:
            scope.line()
            scope.settle()
            self.named(scope)
            whole = scope.get("/flame")
            part = scope.get("/flame", min="0.01")
            self.assertEqual(part["total"], whole["total"])
            shown = part["nodes"]["total"]
            self.assertGreaterEqual(min(shown), part["total"] * 0.01)
            self.assertEqual(part["hidden_nodes"] + len(shown),
                             len(whole["nodes"]["total"]))
            self.assertEqual(part["hidden_total"] +
                             sum(part["nodes"]["self"]), part["total"])
            heavy = [t for t in whole["nodes"]["total"]
                     if t >= whole["total"] * 0.01]
            self.assertEqual(shown, heavy)

    def test_of_snapshots_and_what_lies_between_them(self):
        with Memscope(target("threads"), "--threads", "4") as scope:
            scope.settle()
            self.named(scope)
            heads = []
            for name in "ab":
                status, _, head = scope.post("/snapshots", {"name": name})
                self.assertEqual(status, 201)
                heads.append(head)
                scope.settle()
            single = []
            for head in heads:
                flame = scope.get("/flame", at="snapshot:%d" % head["id"])
                self.assertEqual(flame["snapshot"], head["id"])
                self.assertEqual(flame["seq"], head["seq"])
                self.assertEqual(self.check_tree(flame), head["live_bytes"])
                single.append(paths(flame))
            both = scope.get("/flame", **{
                "from": "snapshot:%d" % heads[0]["id"],
                "to": "snapshot:%d" % heads[1]["id"]})
            self.assertEqual(self.check_tree(both), heads[1]["live_bytes"])
            self.assertEqual(self.check_tree(both, "from_"),
                             heads[0]["live_bytes"])
            self.assertEqual(both["from"]["total"], heads[0]["live_bytes"])
            self.assertEqual(+paths(both, own="self"), +single[1])
            self.assertEqual(+paths(both, own="from_self"), +single[0])

    def test_of_an_ended_session(self):
        with Memscope("/bin/ls", "/", flags=("--keep-open",)) as scope:
            scope.wait_ended()
            self.check_sums(scope)

    def test_what_cannot_be(self):
        with Memscope(DEMO, "--quiet") as scope:
            scope.settle()
            for query, status in (
                    ("session=99", 404), ("at=snapshot:7", 404),
                    ("from=snapshot:7", 404), ("at=snapshot:", 400),
                    ("at=snapshot:1x", 400), ("at=now&from=now", 400),
                    ("to=now", 400), ("weight=lines", 400), ("by=x", 400),
                    ("order=x", 400), ("min=1.1", 400), ("min=.", 200),
                    ("min=1e9", 400), ("min=-1", 400), ("min=1", 200),
                    ("from=now&to=now", 200)):
                got, _, body = scope.request("GET", "/api/v1/flame?" + query)
                self.assertEqual(got, status, query)
                if status != 200:
                    self.assertIn("message", json.loads(body)["error"])
            scope.interrupt()


if __name__ == "__main__":
    main()

#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A snapshot and the changes since make a later snapshot, of random programs
and of real ones, whoever looks how often."""

import json
import os
import random
import time

from memscope_test import DEMO, Memscope, TestCase, main, say, wait_until

SEED = int(os.environ.get("MEMSCOPE_TEST_SEED", time.time()))
# Each run does something else; it says which numbers it goes by.
RANDOM = """import random, sys, threading, time
r = random.Random(%d)
kept = [None] * 300
def small(n): return bytearray(n)
def large(n): return [bytes(n)]
def text(n): return str(n) * (n %% 50)
def work():
    while True:
        for _ in range(r.randrange(40)):
            kept[r.randrange(300)] = r.choice((small, large, text))(
                r.randrange(1, 9000))
        time.sleep(r.random() / 30)
for _ in range(r.randrange(4)):
    threading.Thread(target=work, daemon=True).start()
work()
"""


def rows(list_of_rows):
    return {row["id"]: row for row in list_of_rows}


def numbers(known):
    """Without names: a snapshot has those that came after its tick as well."""
    return {number: {k: v for k, v in row.items()
                     if k not in ("function", "file", "line", "declared_type")}
            for number, row in known.items()}


def stacks(snapshot):
    """The stacks of a snapshot, each with its return addresses."""
    nodes, frames = snapshot["nodes"], snapshot["frames"]
    known = {}
    for row in snapshot["stacks"]:
        row, node, addresses = dict(row), row["node"], []
        while node != 0:
            addresses.append(frames[nodes[node - 1][1] - 1]["address"])
            node = nodes[node - 1][0]
        del row["node"]
        known[row["id"]] = dict(row, frames=addresses)
    return known


def modules(snapshot):
    return {row["start"] + row["path"]: row for row in snapshot["modules"]}


class Changes(TestCase):

    def snapshot(self, scope):
        _, _, head = scope.post("/snapshots", {"name": "x"})
        _, _, body = scope.request("GET", "/api/v1/snapshots/%d" % head["id"])
        scope.delete("/snapshots/%d" % head["id"])
        return json.loads(body)

    def follow(self, scope, choose, rounds=12):
        """Keeps rows by changes alone, and holds them against snapshots."""
        scope.settle()
        first = self.snapshot(scope)
        have = {name: rows(first[name]) for name in ("sites", "threads")}
        have["stacks"] = stacks(first)
        known_modules = modules(first)
        seq, epoch, compared, sent = first["stats"]["seq"], \
            first["stats"]["epoch"], 0, 0
        # On a busy machine a tick comes between most of the time.
        for number in range(rounds * 20):
            if number >= rounds and compared != 0:
                break
            time.sleep(choose.random() / 3)
            changes = scope.get("/changes", epoch=epoch, since=seq)
            self.assertFalse(changes["whole"])
            known_modules.update(modules(changes))
            for name, known in have.items():
                known.update(rows(changes[name]))
                sent += len(changes[name])
            seq = changes["stats"]["seq"]
            self.assertEqual(sum(r["live_bytes"]
                                 for r in have["sites"].values()),
                             changes["stats"]["heap"]["live_bytes"])
            later = self.snapshot(scope)
            if later["stats"]["seq"] != seq:
                # A tick came between: the changes up to it are those of it.
                changes = scope.get("/changes", epoch=epoch, since=seq)
                if changes["stats"]["seq"] != later["stats"]["seq"]:
                    continue
                known_modules.update(modules(changes))
                for name, known in have.items():
                    known.update(rows(changes[name]))
                seq = changes["stats"]["seq"]
            for name, known in have.items():
                right = stacks(later) if name == "stacks" \
                    else rows(later[name])
                self.assertEqual(numbers(known), numbers(right))
            self.assertEqual(known_modules, modules(later))
            compared += 1
        return compared, sent

    def test_of_the_demo(self):
        with Memscope(DEMO, "--quiet") as scope:
            compared, sent = self.follow(scope, random.Random(SEED))
            self.assertGreater(compared, 0)
            say("%d snapshots compared, %d rows sent" % (compared, sent))
            scope.interrupt()

    def test_of_random_programs(self):
        say("seed %d" % SEED)
        for number in range(3):
            program = RANDOM % (SEED + number)
            with Memscope("/usr/bin/python3", "-c", program,
                          env={"PYTHONMALLOC": "malloc"}) as scope:
                compared, _ = self.follow(
                    scope, random.Random(SEED + number), rounds=8)
                self.assertGreater(compared, 0)

    def test_of_a_program_that_ends(self):
        with Memscope("/bin/ls", "-R", "/usr/lib",
                      flags=("--keep-open",)) as scope:
            wait_until("its first tick", lambda: scope.request(
                "GET", "/api/v1/changes")[0] == 200)
            first = scope.get("/changes")
            self.assertTrue(first["whole"])
            scope.wait_ended()
            stats = first["stats"]
            changes = scope.get("/changes", epoch=stats["epoch"],
                                since=stats["seq"])
            last = self.snapshot(scope)
            for name, right in (("sites", rows(last["sites"])),
                                ("stacks", stacks(last))):
                have = rows(first[name])
                have.update(rows(changes[name]))
                self.assertEqual(numbers(have), numbers(right))
            self.assertEqual(modules(first) | modules(changes), modules(last))
            other = scope.get("/changes", epoch="0" * 16, since=stats["seq"])
            self.assertTrue(other["whole"])


if __name__ == "__main__":
    main()

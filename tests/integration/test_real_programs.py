#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Programs that know nothing of memscope do under it what they do without,
and its numbers agree with their own."""

import os
import random
import re
import socket
import subprocess

from memscope_test import (DEMO, Memscope, TestCase, main, run_bare, say,
                           wait_until)

PYTHON_SCRIPT = """
import collections, json, threading
def work(seed):
    words = ["w%d" % (i * seed % 9973) for i in range(40000)]
    count = collections.Counter(words)
    return json.dumps(sorted(count.items())[:2000])
results = {}
threads = [threading.Thread(target=lambda s=s: results.update({s: work(s)}))
           for s in (3, 5, 7)]
[t.start() for t in threads]
[t.join() for t in threads]
for s in sorted(results):
    print(s, len(results[s]), hash(results[s]))
import sys
print("to stderr", file=sys.stderr)
sys.exit(3)
"""


def sql_script(rows):
    """A script of inserts, an index, updates and queries; always the same."""
    rng = random.Random(7)
    lines = ["create table t(id integer primary key, k text, v real);",
             "begin;"]
    for _ in range(rows):
        lines.append("insert into t(k, v) values('key-%06d', %f);" % (
            rng.randrange(10**6), rng.random()))
    lines += ["commit;", "create index tk on t(k);",
              "update t set v = v * 2 where id % 3 = 0;",
              "select count(*), count(distinct k), round(sum(v), 3) from t;",
              "select k, round(v, 4) from t order by k limit 50;",
              "select group_concat(k) from (select k from t order by v "
              "limit 200);"]
    return "\n".join(lines).encode() + b"\n"


def jemalloc_class(size):
    """The size that jemalloc gives for a request: four classes for each
    doubling, sixteen bytes apart below 128. Every request is raised to 32."""
    size = max(size, 32)
    if size <= 128:
        return (size + 15) // 16 * 16
    spacing = 1 << ((size - 1).bit_length() - 3)
    return (size + spacing - 1) // spacing * spacing


class SameOutput(TestCase):

    def same(self, command, env=None, stdin=b""):
        """Runs a command bare and watched; returns the watched picture, as it
        was at the end."""
        code, stdout, stderr = run_bare(command, env, stdin)
        with Memscope(*command, env=env, flags=["--keep-open"]) as memscope:
            if stdin:
                memscope.write(stdin)
            memscope.close_stdin()
            session = memscope.wait_ended()
            self.assertEqual(session["exit_code"], code)
            picture = memscope.named_picture()
            picture.check_sums(self)
            wait_until("the word that the page stays",
                       lambda: "the page stays" in memscope.own_stderr())
            memscope.interrupt()
            self.assertEqual(memscope.wait(), code)
            self.assertEqual(memscope.stdout.all(), stdout)
            self.assertEqual(memscope.program_stderr(), stderr.decode())
        heap = picture.heap
        say("%s: exit %d, %d bytes of output alike; %d allocations, peak %d "
            "bytes, %d sites, threads %s" % (
                os.path.basename(command[0]), code, len(stdout),
                heap["alloc_count_total"], heap["peak_bytes"],
                len(picture.sites), [t["name"] for t in picture.threads]))
        for site in picture.sites:
            self.assertTrue(site["function"], site)
        capture = picture.stats["capture"]
        self.assertEqual((capture["dropped_allocs"], capture["dropped_frees"],
                          capture["damaged"]), (0, 0, 0))
        return picture

    def test_python(self):
        picture = self.same(
            ["/usr/bin/python3", "-c", PYTHON_SCRIPT],
            env={"PYTHONMALLOC": "malloc", "PYTHONHASHSEED": "0"})
        self.assertGreater(picture.heap["alloc_count_total"], 100000)
        self.assertGreaterEqual(len(picture.threads), 4)

    def test_sqlite(self):
        picture = self.same(["/usr/bin/sqlite3", ":memory:"],
                            stdin=sql_script(20000))
        self.assertGreater(picture.heap["alloc_count_total"], 40000)

    def test_a_threaded_c_program(self):
        picture = self.same([DEMO, "--steps"])
        self.assertLessEqual(
            {"cache", "leaker", "burst", "producer", "consumer", "recursion"},
            {row["name"] for row in picture.threads})
        source = {"cache_store": "cache.c", "session_leak": "leaker.c",
                  "burst_allocate": "burst.c", "message_create": "queue.c",
                  "tree_build": "tree.c"}
        for function, file in source.items():
            sites = [s for s in picture.sites if s["function"] == function]
            self.assertEqual(len(sites), 1, function)
            self.assertTrue(sites[0]["file"].endswith("demo/" + file))
            self.assertGreater(sites[0]["line"], 0)
            self.assertEqual(sites[0]["module"], "demo")
        # Everything was given back but what the leaker forgot.
        self.assertEqual(picture.sum(source)["live_bytes"], 50 * 10000)


class Redis(TestCase):

    def start(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        memscope = Memscope(
            "/usr/bin/redis-server", "--port", str(self.port), "--save", "",
            "--appendonly", "no", "--dir", self.scratch())
        self.addCleanup(memscope.__exit__)
        wait_until("redis to answer", lambda: self.ask("PING") == "PONG")
        return memscope

    def ask(self, *command):
        return subprocess.run(
            ["redis-cli", "-p", str(self.port), *command], check=False,
            capture_output=True, text=True, timeout=60).stdout.strip()

    def info(self):
        return dict(re.findall(r"(?m)^(\w+):(\d+)\s*$",
                               self.ask("INFO", "memory")))

    def compare(self, memscope):
        """Live memory by memscope against redis's own figures, both in
        jemalloc's size classes; the relative differences."""
        memscope.settle()
        info = self.info()
        rows = memscope.get("/allocations")["rows"]
        usable = sum(jemalloc_class(row["size"]) for row in rows)
        requested = sum(row["size"] for row in rows)
        used = int(info["used_memory"])
        allocated = int(info["allocator_allocated"])
        say("redis: %d blocks, %d bytes requested, %d in size classes; "
            "used_memory %d (%+.2f %%), allocator_allocated %d (%+.2f %%)" % (
                len(rows), requested, usable, used,
                100 * (usable / used - 1), allocated,
                100 * (usable / allocated - 1)))
        self.assertLess(abs(usable / used - 1), 0.02)
        self.assertLess(abs(usable / allocated - 1), 0.02)

    def load(self, *arguments):
        subprocess.run(
            ["redis-benchmark", "-p", str(self.port), "-q", "-P", "16",
             *arguments], check=True, capture_output=True, timeout=300)

    def test_live_bytes_agree_with_rediss_own_figures(self):
        memscope = self.start()
        # Debian's redis brings an allocator of its own: it is the real one.
        with open("/proc/%d/maps" % memscope.program_pid(),
                  encoding="utf-8") as maps:
            self.assertIn("/libjemalloc.so.2", maps.read())
        self.load("-t", "set", "-n", "300000", "-r", "200000", "-d", "300")
        self.compare(memscope)
        self.load("-t", "lpush,hset,sadd", "-n", "100000", "-r", "50000")
        self.compare(memscope)
        picture = memscope.named_picture()
        picture.check_sums(self)
        self.assertEqual(picture.stats["capture"]["dropped_allocs"], 0)
        names = [row["name"] for row in picture.threads]
        say("redis threads: %s" % names)
        self.assertIn("redis-server", names)
        self.assertGreaterEqual(picture.stats["system"]["thread_count"], 4)
        self.ask("FLUSHALL")
        before = picture.heap["live_bytes"]
        wait_until("the memory to be given back", lambda: memscope.stats()
                   ["heap"]["live_bytes"] < before / 4)
        self.ask("SHUTDOWN", "NOSAVE")
        self.assertEqual(memscope.wait(), 0)


if __name__ == "__main__":
    main()

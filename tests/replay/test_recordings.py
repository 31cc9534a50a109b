# SPDX-License-Identifier: MIT
"""Real programs, recorded whole by something else (tape.c): what the engine
shows at their end, and of a moment at which they were stopped, and the
difference of the two, is what a replay of the recording says."""

import os
import shutil
import signal
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../integration"))
# pylint: disable=wrong-import-position
from memscope_test import (BUILD, DEMO, Memscope, TestCase, main,  # noqa: E402
                           say, wait_until)
from replay import Heap, HEAP, size_class  # noqa: E402

PRELOAD = ":".join(os.path.join(BUILD, name) for name in (
    "tests/replay/libtape_go.so", "runtime/libmemscope.so",
    "tests/replay/libtape.so"))
EVENTS_MOST = 6 << 20
EVENT = struct.Struct("<QQII")
ANY = 0  # of stacks: the tape knows none
THREAD = ("live_bytes", "live_blocks", "alloc_bytes", "alloc_count",
          "free_bytes", "free_count", "cross_frees")


DIFF = ("live_bytes", "live_blocks", "alloc_bytes", "alloc_count",
        "free_bytes", "free_count")


def read_tape(path):
    """The heap at the end of a recording (so far), and how many events it
    has."""
    heap = Heap()
    heap.innermost[ANY] = ANY
    taken = {}  # thread -> (address, block, last) that a realloc has taken out
    with open(path, "rb") as f:
        count = struct.unpack("<QQ", f.read(16))[0]
        assert count <= EVENTS_MOST, "the tape is too short: %d" % count
        data = f.read(count * EVENT.size)
    for address, size, thread, what in EVENT.iter_unpack(data):
        if what in (ord("A"), ord("R")):
            if what == ord("R") and thread in taken:
                release(heap, thread, taken, True)
            heap.allocate(thread, 0, address, size, ANY, what == ord("R"))
        elif what == ord("M"):
            release(heap, thread, taken, True)  # one that gave nothing
            # Another thread may be given the address before this one goes on.
            taken[thread] = (address, heap.blocks.pop(address, None))
        elif what == ord("B"):
            block = taken.pop(thread)[1]
            if block is not None:
                heap.blocks[address] = block
        elif what == ord("F"):
            release(heap, thread, taken, True)
            if address in heap.blocks:
                heap.free(thread, 0, address, False)
            else:
                heap.unknown()
    for thread in list(taken):
        release(heap, thread, taken, True)
    return heap, count


def allocations_on(path):
    """How many allocations a recording has so far: quick to tell."""
    with open(path, "rb") as f:
        count = struct.unpack("<QQ", f.read(16))[0]
        kinds = f.read(count * EVENT.size)[20::EVENT.size]
    return kinds.count(b"A") + kinds.count(b"R")


def release(heap, thread, taken, by_realloc):
    """Books what a realloc of this thread's has taken, if there is such."""
    if thread not in taken:
        return
    address, block = taken.pop(thread)
    if block is None:
        heap.unknown()
        return
    kept = heap.blocks.get(address)
    heap.blocks[address] = block
    heap.free(thread, 0, address, by_realloc)
    if kept is not None:
        heap.blocks[address] = kept


class Recordings(TestCase):
    def watch(self, command, env=None, stdin=b"", drive=None):
        directory = tempfile.mkdtemp(prefix="memscope-tape-")
        self.addCleanup(shutil.rmtree, directory, True)
        self.tape = tape = os.path.join(directory, "tape")
        self.half = None
        # memscope itself must not write on the tape: env starts it.
        with Memscope("env", "MEMSCOPE_TAPE=" + tape,
                      *["%s=%s" % item for item in (env or {}).items()],
                      "LD_PRELOAD=" + PRELOAD,
                      *command, flags=["--keep-open"]) as memscope:
            if stdin:
                memscope.write(stdin)
            if drive is not None:
                drive(memscope)
            memscope.close_stdin()
            session = wait_until("the program's end", lambda: next(
                (s for s in memscope.status()["sessions"]
                 if s["state"] == "ended" and s["end_reason"] != "exec"),
                None))
            memscope.settle()
            heap, count = read_tape(tape)
            self.compare(memscope, session["id"], heap, count)
            if self.half is not None:
                self.compare_diff(memscope, session["id"], heap)

    def stop_and_take(self, memscope):
        """A snapshot while the program stands still, and the replay so far.
        What a thread was just at when it was stopped may be on the tape and
        not yet booked: then once more."""
        pid = memscope.program_pid()

        def attempt():
            os.kill(pid, signal.SIGSTOP)
            try:
                memscope.settle()
                session = next(s["id"] for s in memscope.status()["sessions"]
                               if s["state"] == "running")
                shown = memscope.stats(session=session)["heap"]
                count = shown["alloc_count_total"]
                if count < 1000 or count != allocations_on(self.tape):
                    return False
                heap = read_tape(self.tape)[0]
                if heap.sums["heap"]["free_count"] != shown[
                        "free_count_total"]:
                    return False
                head = memscope.post("/snapshots", {
                    "name": "stopped", "session": session})[2]
                self.half = head["id"], heap
                return True
            finally:
                os.kill(pid, signal.SIGCONT)
        wait_until("a moment between two events", attempt)

    def compare_diff(self, memscope, session, after):
        first, before = self.half
        last = memscope.post("/snapshots", {
            "name": "end", "session": session})[2]["id"]
        diff = memscope.get("/diff", a=first, b=last, limit=10000)

        def right(key):
            none = dict.fromkeys(DIFF, 0)
            pair = [heap.sums.get(key, none) for heap in (before, after)]
            return {column: [pair[0][column], pair[1][column],
                             pair[1][column] - pair[0][column]]
                    for column in DIFF}

        def shown(row):
            return {column: row[column] for column in DIFF}

        self.assertEqual(shown(diff["totals"]), right("heap"))
        self.assertNotEqual(diff["totals"]["alloc_count"][2], 0)
        self.assertEqual(len(diff["sites"]), diff["total"])
        for column in DIFF:
            for i in range(3):
                self.assertEqual(
                    sum(row[column][i] for row in diff["sites"]),
                    diff["totals"][column][i], (column, i))
        tids = {row["id"]: row["tid"]
                for row in memscope.table("threads", session)["rows"]}
        for row in diff["threads"]:
            self.assertEqual(shown(row),
                             right(("thread", tids[row["ids"][1]])))
        say("the difference: %d allocations, %d live bytes; %d threads" % (
            diff["totals"]["alloc_count"][2], diff["totals"]["live_bytes"][2],
            len(diff["threads"])))

    def compare(self, memscope, session, heap, count):
        stats = memscope.stats(session=session)
        shown = stats["heap"]
        right = heap.sums["heap"]
        say("%d events; %d live bytes in %d blocks" % (
            count, right["live_bytes"], right["live_blocks"]))
        self.assertGreater(count, 1000)
        total = {"live_bytes": "live_bytes", "live_blocks": "live_blocks"}
        for column in HEAP:
            name = total.get(column, column + "_total")
            self.assertEqual(shown[name], right[column], name)
        self.assertEqual(stats["capture"]["unknown_frees"], heap.unknown_frees)
        threads = {}
        for row in memscope.table("threads", session)["rows"]:
            sums = threads.setdefault(row["tid"], dict.fromkeys(THREAD, 0))
            for column in THREAD:
                sums[column] += row[column]
        for key, sums in heap.sums.items():
            if key[0] == "thread":
                self.assertEqual(threads[key[1]],
                                 {c: sums[c] for c in THREAD}, key)
        sizes = {}
        for _, _, size, _ in heap.blocks.values():
            sizes.setdefault(size_class(size), [0, 0])
            sizes[size_class(size)][0] += size
            sizes[size_class(size)][1] += 1
        blocks = {int(b["address"], 16): b["size"] for b in memscope.get(
            "/allocations", session=session)["rows"]}
        self.assertEqual(blocks, {address: block[2] for address, block
                                  in heap.blocks.items()})
        self.assertEqual(stats["capture"]["dropped_allocs"], 0)

    def test_python3(self):
        script = ("import json, threading\n"
                  "def work(n):\n"
                  "    d = {str(i): [i] * (i % 50) for i in range(n)}\n"
                  "    return json.loads(json.dumps(d))\n"
                  "threads = [threading.Thread(target=work, args=(n,))\n"
                  "           for n in (500, 800, 1100)]\n"
                  "[t.start() for t in threads]; [t.join() for t in threads]\n"
                  "input(); kept = work(400)\n")

        def drive(memscope):
            self.stop_and_take(memscope)
            memscope.write(b"\n")
        self.watch(["/usr/bin/python3", "-c", script],
                   {"PYTHONMALLOC": "malloc"}, drive=drive)

    def test_sqlite3(self):
        if shutil.which("sqlite3") is None:
            self.skipTest("there is no sqlite3")
        rows = "\n".join("insert into t values(%d, 'row %d');" % (n, n * 7919)
                         for n in range(3000))

        def drive(memscope):
            self.stop_and_take(memscope)
            memscope.write(b"create index i on t(b);\n"
                           b"select count(*), group_concat(b) from t;\n")
        self.watch(["sqlite3"], stdin=(
            "create table t(a, b); begin;\n%s\ncommit;\n" % rows).encode(),
                   drive=drive)

    def test_redis_server(self):
        if shutil.which("redis-server") is None:
            self.skipTest("there is no redis-server")
        directory = tempfile.mkdtemp(prefix="memscope-redis-")
        self.addCleanup(shutil.rmtree, directory, True)
        path = os.path.join(directory, "socket")

        def work(first, end):
            lines = "".join("SET key:%d value-%d\nLPUSH list %d\n" % (
                n, n, n) for n in range(first, end))
            subprocess.run(["redis-cli", "-s", path], input=lines.encode(),
                           stdout=subprocess.DEVNULL, check=True, timeout=120)

        def drive(memscope):
            wait_until("redis", lambda: os.path.exists(path))
            work(0, 2500)
            self.stop_and_take(memscope)
            work(2500, 5000)
            subprocess.run(["redis-cli", "-s", path, "shutdown", "nosave"],
                           stdout=subprocess.DEVNULL, check=False, timeout=60)
        self.watch(["redis-server", "--port", "0", "--unixsocket", path,
                    "--save", "", "--dir", directory], drive=drive)

    def test_demo(self):
        self.watch([DEMO, "--seconds", "3"], drive=self.stop_and_take)


if __name__ == "__main__":
    main()

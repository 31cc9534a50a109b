# SPDX-License-Identifier: MIT
"""Real programs, recorded whole by something else (tape.c): what the engine
shows at their end is what a replay of the recording says."""

import os
import shutil
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


def read_tape(path):
    """The heap at the end of a recording, and how many events it has."""
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
        tape = os.path.join(directory, "tape")
        # memscope itself must not write on the tape: env starts it.
        with Memscope("env", "MEMSCOPE_TAPE=" + tape,
                      *["%s=%s" % item for item in (env or {}).items()],
                      "LD_PRELOAD=" + PRELOAD,
                      *command, flags=["--keep-open"]) as memscope:
            if stdin:
                memscope.write(stdin)
            memscope.close_stdin()
            if drive is not None:
                drive(memscope)
            session = wait_until("the program's end", lambda: next(
                (s for s in memscope.status()["sessions"]
                 if s["state"] == "ended" and s["end_reason"] != "exec"),
                None))
            memscope.settle()
            self.compare(memscope, session["id"], *read_tape(tape))

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
                  "           for n in (2000, 3000, 4000)]\n"
                  "[t.start() for t in threads]; [t.join() for t in threads]\n")
        self.watch(["/usr/bin/python3", "-c", script],
                   {"PYTHONMALLOC": "malloc"})

    def test_sqlite3(self):
        if shutil.which("sqlite3") is None:
            self.skipTest("there is no sqlite3")
        rows = "\n".join("insert into t values(%d, 'row %d');" % (n, n * 7919)
                         for n in range(3000))
        self.watch(["sqlite3"], stdin=(
            "create table t(a, b); begin;\n%s\ncommit; create index i on t(b);"
            "select count(*), group_concat(b) from t;\n" % rows).encode())

    def test_redis_server(self):
        if shutil.which("redis-server") is None:
            self.skipTest("there is no redis-server")
        directory = tempfile.mkdtemp(prefix="memscope-redis-")
        self.addCleanup(shutil.rmtree, directory, True)
        path = os.path.join(directory, "socket")

        def drive(_memscope):
            wait_until("redis", lambda: os.path.exists(path))
            lines = "".join("SET key:%d value-%d\nLPUSH list %d\n" % (
                n, n, n) for n in range(5000))
            subprocess.run(["redis-cli", "-s", path], input=lines.encode(),
                           stdout=subprocess.DEVNULL, check=True, timeout=120)
            subprocess.run(["redis-cli", "-s", path, "shutdown", "nosave"],
                           stdout=subprocess.DEVNULL, check=False, timeout=60)
        self.watch(["redis-server", "--port", "0", "--unixsocket", path,
                    "--save", "", "--dir", directory], drive=drive)

    def test_demo(self):
        self.watch([DEMO, "--seconds", "3"])


if __name__ == "__main__":
    main()

#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Snapshots are valid JSON, reconcile with the statistics of their tick, and
cost the server no memory that grows with their size or their number."""

import http.client
import json
import subprocess

from memscope_test import (DEMO, Api, Memscope, TestCase, main,
                           proc_status_kib, say, wait_until)

# A million blocks from a thousand places would need a thousand functions;
# what the answer's length depends on here is the number of blocks.
MILLION = "import sys; x = [str(i) for i in range(10**6)]; " \
          "print('ready', flush=True); sys.stdin.read()"


class Snapshots(TestCase):

    def take(self, memscope, name):
        status, headers, head = memscope.post("/snapshots", {"name": name})
        self.assertEqual(status, 201)
        self.assertEqual(headers["Location"],
                         "/api/v1/snapshots/%d" % head["id"])
        self.assertEqual(head["name"], name)
        return head

    def download(self, memscope, snapshot_id):
        status, headers, body = memscope.request(
            "GET", "/api/v1/snapshots/%d" % snapshot_id)
        self.assertEqual(status, 200)
        self.assertIn("attachment", headers["Content-Disposition"])
        self.assertIn(".json", headers["Content-Disposition"])
        return body

    def test_a_snapshot_is_json_and_adds_up(self):
        with Memscope(DEMO, "--quiet") as memscope:
            memscope.settle()
            head = self.take(memscope, 'with "quotes", ünicode & <b>')
            body = self.download(memscope, head["id"])
            jq = subprocess.run(
                ["jq", "-e", '.format == "memscope-snapshot" and '
                 '([.sites[].live_bytes] | add) == .stats.heap.live_bytes and '
                 '([.threads[].live_bytes] | add) == .stats.heap.live_bytes'],
                input=body, capture_output=True, check=False)
            self.assertEqual(jq.returncode, 0, jq.stderr)
            snapshot = json.loads(body)
            self.assertEqual(snapshot["version"], 1)
            self.assertEqual(snapshot["name"], head["name"])
            self.assertEqual(len(snapshot["sites"]), head["sites"])
            self.assertEqual(len(snapshot["threads"]), head["threads"])
            self.assertTrue(any(m["path"].endswith("/demo")
                                for m in snapshot["modules"]))
            say("snapshot: %d bytes of JSON, %d sites, %d threads" % (
                len(body), head["sites"], head["threads"]))
            memscope.interrupt()

    def test_a_snapshot_is_the_statistics_of_its_tick(self):
        with Memscope(DEMO, "--quiet") as memscope:
            memscope.settle()
            head = self.take(memscope, "tick")
            snapshot = json.loads(self.download(memscope, head["id"]))
            stats = memscope.stats(head["seq"])
            self.assertEqual(snapshot["stats"]["seq"], head["seq"])
            self.assertEqual(snapshot["stats"], stats)
            for name in ("live_bytes", "live_blocks"):
                self.assertEqual(head[name], stats["heap"][name])
            memscope.interrupt()

    def test_a_snapshot_does_not_change(self):
        with Memscope(DEMO, "--quiet") as memscope:
            memscope.settle()
            head = self.take(memscope, "fixed")
            before = json.loads(self.download(memscope, head["id"]))

            def named():
                body = self.download(memscope, head["id"])
                frames = json.loads(body)["frames"]
                return all(f["named"] for f in frames) and body

            # Names of frames are looked up beside, and come once.
            first = wait_until("all frames to have names", named)
            memscope.settle()
            memscope.settle()
            self.assertEqual(self.download(memscope, head["id"]), first)
            after = json.loads(first)
            self.assertEqual(
                [f["address"] for f in before.pop("frames")],
                [f["address"] for f in after.pop("frames")])
            self.assertEqual(before, after)
            memscope.interrupt()

    def test_snapshots_are_listed_deleted_and_limited(self):
        with Memscope(DEMO, "--quiet") as memscope:
            memscope.settle()
            ids = [self.take(memscope, "n%d" % n)["id"] for n in range(64)]
            status, _, answer = memscope.post("/snapshots", {"name": "over"})
            self.assertEqual((status, answer["error"]["code"]), (429, "limit"))
            listed = memscope.get("/snapshots")["snapshots"]
            self.assertEqual([head["id"] for head in listed], ids)
            self.assertEqual(memscope.delete("/snapshots/%d" % ids[0]), 204)
            self.assertEqual(memscope.delete("/snapshots/%d" % ids[0]), 404)
            status, _, _ = memscope.request(
                "GET", "/api/v1/snapshots/%d" % ids[0])
            self.assertEqual(status, 404)
            self.assertNotIn(self.take(memscope, "again")["id"], ids)
            memscope.interrupt()

    def test_downloads_leave_nothing_behind_in_the_server(self):
        with Memscope(DEMO, "--quiet") as memscope:
            memscope.settle()
            head = self.take(memscope, "often")

            def download_many():
                for _ in range(100):
                    self.download(memscope, head["id"])
                return proc_status_kib(memscope.pid, "VmRSS")

            before = download_many()
            after = download_many()
            say("memscope's RSS after 100 downloads %d KiB, after 200 %d KiB"
                % (before, after))
            self.assertLess(after - before, 2048)
            memscope.interrupt()

    def test_a_long_answer_is_streamed_in_bounded_memory(self):
        command = ("/usr/bin/python3", "-c", MILLION)
        with Memscope(*command, env={"PYTHONMALLOC": "malloc"}) as memscope:
            self.assertEqual(memscope.line(), "ready")
            memscope.named_picture()  # what names take is taken
            before = proc_status_kib(memscope.pid, "RssAnon")
            size, most, shared = self.stream(memscope, memscope.pid)
            say("%.1f MB of live blocks streamed; RssAnon %d KiB before, "
                "%d KiB at most; RssShmem %d KiB at most" % (
                    size / 1e6, before, most, shared))
            self.assertGreater(size, 50e6)
            self.assertLess(most - before, 4 * 1024)
            # The program's event store, of which it maps a piece at a time.
            self.assertLess(shared, 32 * 1024)
            memscope.close_stdin()
            self.assertEqual(memscope.wait(), 0)

    def stream(self, api: Api, pid):
        """Reads all live blocks in pieces: bytes of JSON, and the server's
        most memory meanwhile, its own and shared with the program."""
        connection = http.client.HTTPConnection(api.host, api.port)
        self.addCleanup(connection.close)
        connection.request("GET", "/api/v1/allocations")
        answer = connection.getresponse()
        self.assertEqual(answer.status, 200)
        size, most, shared = 0, 0, 0
        tail = b""
        while True:
            piece = answer.read(1 << 20)
            if not piece:
                break
            size += len(piece)
            tail = (tail + piece)[-200:]
            most = max(most, proc_status_kib(pid, "RssAnon"))
            shared = max(shared, proc_status_kib(pid, "RssShmem"))
        self.assertIn(b'"count"', tail)
        self.assertTrue(tail.rstrip().endswith(b"}"))
        return size, most, shared


if __name__ == "__main__":
    main()

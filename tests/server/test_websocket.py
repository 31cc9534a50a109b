#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The WebSocket half of docs/PROTOCOL.md: who may come, what is closed, and
that a viewer which books full and deltas has what the API answers, whatever
other viewers do."""

import json
import socket

import server_test
from server_test import (
    Closed, Host, Refused, Viewer, WebSocket, error_code, proc_status_kib, say,
    wait_until)

UPGRADE = ("Upgrade: websocket", "Connection: Upgrade",
           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
           "Sec-WebSocket-Version: 13")


class Upgrades(server_test.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Host("3")

    @classmethod
    def tearDownClass(cls):
        try:
            cls.server.stop()
        finally:
            cls.server.__exit__()

    def refused(self, status, code, **options):
        with self.assertRaises(Refused) as caught:
            WebSocket(self.server, **options)
        self.assertEqual(caught.exception.status, status)
        self.assertEqual(error_code(caught.exception.data), code)

    def test_another_subprotocol_is_refused(self):
        for name in ("memscope.v2", "chat", "memscope", "MEMSCOPE.V1"):
            self.refused(426, "upgrade_required", protocol=name)

    def test_another_path_is_not_found(self):
        for path in ("/ws/", "/ws2", "/", "/api/v1/ws", "//ws"):
            with self.assertRaises(Refused) as caught:
                WebSocket(self.server, path=path)
            self.assertIn(caught.exception.status, (200, 404))

    def test_a_foreign_page_is_forbidden(self):
        for origin in ("http://evil.com", "null", "http://localhost:1"):
            self.refused(403, "forbidden", headers=("Origin: " + origin,))

    def test_the_own_page_may_come(self):
        origin = "Origin: http://127.0.0.1:%d" % self.server.port
        for protocol in ("memscope.v1", "other, memscope.v1"):
            with WebSocket(self.server, protocol=protocol,
                           headers=(origin,)) as ws:
                self.assertEqual(ws.receive()["t"], "hello")

    def test_without_or_with_two_hosts_it_is_misdirected(self):
        self.refused(421, "misdirected", with_host=False)
        self.refused(421, "misdirected", headers=("Host: evil.com",))

    def test_another_version_is_refused(self):
        for version in ("8", "0", "14", "x"):
            status, answer = self.server.raw(self.server.head(
                "GET /ws", *UPGRADE[:3], "Sec-WebSocket-Version: " + version,
                "Sec-WebSocket-Protocol: memscope.v1"))
            self.assertEqual((status, error_code(answer)),
                             (426, "upgrade_required"))

    def test_an_upgrade_without_key_is_refused(self):
        status, _ = self.server.raw(self.server.head(
            "GET /ws", *UPGRADE[:2], UPGRADE[3],
            "Sec-WebSocket-Protocol: memscope.v1"))
        self.assertNotEqual(status, 101)
        self.assertEqual(self.server.raw(self.server.head())[0], 200)

    def test_more_viewers_than_may_be_are_refused(self):
        held = [WebSocket(self.server) for _ in range(3)]
        self.refused(503, "unavailable")
        held.pop().__exit__()
        # A place that has become free is given again.

        def comes():
            try:
                return WebSocket(self.server)
            except Refused:
                return None
        held.append(wait_until("a place", comes))
        for ws in held:
            self.assertEqual(ws.receive()["t"], "hello")
            ws.__exit__()
        wait_until("all places to be free", lambda: self.server.status()[
            "monitor"]["clients"] == 0)

    def closes(self, code, *frames, subscribed=True):
        with WebSocket(self.server) as ws:
            if subscribed:
                ws.send({"t": "sub", "hz": 0})
            for opcode, data in frames:
                ws.send_frame(opcode, data)
            end = ws.closing()
        self.assertEqual(end.code, code, (frames[0][1][:80], end.reason))
        self.assertTrue(end.reason, "a reason is given")

    def test_unknown_messages_close_1002(self):
        for message in ('{"t":"evil"}', '{}', '[]', '"sub"', '{"t":1}',
                        '{"t":"hello"}', '{"t":"cmd"}', '{"t":"cmd","id":1}',
                        '{"t":"sub","hz":11}', '{"t":"sub","hz":-1}',
                        '{"t":"sub","hz":"x"}', '{"t":"sub","session":-1}',
                        '{"t":"sub","th":{"n":501}}',
                        '{"t":"sub","site":{"sort":"evil","n":1}}',
                        '{"t":"sub","site":{"order":"up","n":1}}',
                        '{"t":"sub","site":{"off":-1,"n":1}}',
                        '{"t":"sub","site":{"q":"%s","n":1}}' % ("q" * 256),
                        '{"t":"sub","site":7}', '{"t":"resume"}',
                        '{"t":"resume","epoch":"","seq":-1}'):
            with self.subTest(message):
                self.closes(1002, (1, message.encode()))

    def test_a_resume_before_sub_closes_1002(self):
        self.closes(1002, (1, b'{"t":"resume","epoch":"a","seq":1}'),
                    subscribed=False)

    def test_what_is_no_json_closes_1007(self):
        for message in (b"", b"{", b"sub", b'{"t":"sub"}x', b'\xff\xfe',
                        b'{"t":"sub","t":"sub"}', b"[" * 4000,
                        b'{"t":"\\u0000"}'):
            with self.subTest(message[:40]):
                with WebSocket(self.server) as ws:
                    ws.send_frame(1, message)
                    self.assertEqual(ws.closing().code, 1007)

    def test_a_large_message_closes_1009(self):
        self.closes(1009, (1, b'{"t":"sub","x":"' + b"x" * 5120 + b'"}'))
        with WebSocket(self.server) as ws:
            for part in range(6):
                ws.send_frame(1 if part == 0 else 0, b" " * 1024,
                              final=part == 5)
            self.assertEqual(ws.closing().code, 1009)

    def test_a_message_of_4096_bytes_in_parts_is_taken(self):
        text = json.dumps({"t": "sub", "hz": 10, "x": ""})
        text = text.replace('""', '"%s"' % ("x" * (4096 - len(text)))).encode()
        self.assertEqual(len(text), 4096)
        with WebSocket(self.server) as ws:
            ws.send_frame(1, text[:1000], final=False)
            ws.send_frame(9, b"ping between")
            ws.send_frame(0, text[1000:2000], final=False)
            ws.send_frame(0, text[2000:])
            self.assertEqual(ws.receive_until("full", "hb")["t"], "full")

    def test_binary_closes_1003(self):
        self.closes(1003, (2, b'{"t":"sub"}'))

    def test_a_flood_closes_1008(self):
        with WebSocket(self.server) as ws:
            try:
                for _ in range(5000):
                    ws.send('{"t":"ack","seq":1}')
            except ConnectionError:
                pass
            self.assertIn(ws.closing().code, (1008, None))
        self.assertEqual(self.server.raw(self.server.head())[0], 200)

    def test_broken_frames_close(self):
        for data in (b"\xf1\x80\0\0\0\0", b"\x83\x80\0\0\0\0",
                     b"\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\0",
                     b"\x89\xfe\x01\x00\0\0\0\0" + b"x" * 256, b"\0" * 64):
            with self.subTest(data[:4]), WebSocket(self.server) as ws:
                ws.socket.sendall(data)
                self.assertIsInstance(ws.closing(), Closed)
        self.assertEqual(self.server.raw(self.server.head())[0], 200)


class Pictures(server_test.TestCase):
    def setUp(self):
        self.server = Host()
        self.addCleanup(self.server.__exit__)
        self.server.tell("sites 300")
        self.server.tell("busy 20")

    def viewer(self, **options):
        viewer = Viewer(self.server, **options)
        self.addCleanup(viewer.__exit__)
        return viewer

    def same_as_the_api(self, viewer, table, path, **query):
        """Takes messages until one is of the tick that the API answers."""
        def attempt():
            viewer.next()
            page = self.server.get(path, limit=500, **query)
            while viewer.seq < page["seq"]:
                viewer.next()
            return page if viewer.seq == page["seq"] else None
        page = wait_until("the same tick", attempt, every=0)
        columns = viewer.hello["cols"][table]
        self.assertEqual(viewer.rows(table),
                         [{name: row[name] for name in columns}
                          for row in page["rows"]])
        self.assertEqual(viewer.total, page["total"])
        self.assertEqual(viewer.stats["heap"],
                         self.server.stats(viewer.seq)["heap"])

    def test_full_and_deltas_are_what_the_api_answers(self):
        viewer = self.viewer()
        viewer.subscribe(site={"n": 500})
        first = viewer.next()
        self.assertEqual(first["t"], "full")
        self.assertNotIn("th", first)
        for _ in range(12):
            self.same_as_the_api(viewer, "site", "/sites")
        # Past a step of the trends, 3 s apart.
        until = viewer.stats["uptime_ns"] + 3_300_000_000
        while viewer.stats["uptime_ns"] < until:
            self.assertEqual(viewer.next()["t"], "d")
        self.same_as_the_api(viewer, "site", "/sites")
        viewer.subscribe(th={"n": 10})
        viewer.receive_until("full")
        viewer = self.viewer()
        viewer.subscribe(th={"n": 10})
        self.same_as_the_api(viewer, "th", "/threads")

    def test_windows_are_sorted_filtered_and_cut(self):
        for window, query in (
                ({"sort": "alloc_count", "order": "asc", "off": 250, "n": 100},
                 {"sort": "alloc_count", "order": "asc", "offset": 250,
                  "limit": 100}),
                ({"sort": "name", "order": "desc", "off": 17, "n": 40},
                 {"sort": "function", "order": "desc", "offset": 17,
                  "limit": 40}),
                ({"sort": "delta_bytes", "q": "0X4003", "off": 3, "n": 20},
                 {"sort": "delta_bytes", "q": "0x4003", "offset": 3,
                  "limit": 20}),
                ({"sort": "mean_lifetime_ns", "order": "asc", "off": 0,
                  "n": 7},
                 {"sort": "mean_lifetime_ns", "order": "asc", "limit": 7}),
                ({"q": "nothing has this", "n": 5},
                 {"q": "nothing has this", "limit": 5}),
                ({"off": 5000, "n": 5}, {"offset": 5000, "limit": 5})):
            with self.subTest(window):
                viewer = self.viewer()
                viewer.subscribe(site=window)

                def attempt():
                    viewer.next()
                    page = self.server.get("/sites", **query)
                    while viewer.seq < page["seq"]:
                        viewer.next()
                    return page if viewer.seq == page["seq"] else None
                page = wait_until("the same tick", attempt, every=0)
                self.assertEqual([r["id"] for r in viewer.rows("site")],
                                 [r["id"] for r in page["rows"]])
                self.assertEqual(viewer.total, page["total"])
                viewer.__exit__()

    def test_every_window_is_a_part_of_the_whole_table(self):
        self.server.tell("busy 0")
        self.server.settle()
        whole = self.server.get("/sites", limit=10000)["rows"]
        keys = {"live_bytes": lambda r: r["live_bytes"],
                "function": lambda r: r["function"].lower(),
                "mean_lifetime_ns": lambda r: -1 if
                r["mean_lifetime_ns"] is None else r["mean_lifetime_ns"],
                "delta_bytes": lambda r: r["delta_bytes"],
                "free_count": lambda r: r["free_count"], "id":
                lambda r: r["id"]}
        for sort, key in keys.items():
            for order in ("asc", "desc"):
                # Python's sort is stable: equal rows stay in order of id.
                expected = sorted(sorted(whole, key=lambda r: r["id"]),
                                  key=key, reverse=order == "desc")
                for offset, limit in ((0, 1), (0, 300), (1, 17), (150, 30),
                                      (299, 5), (283, 17), (20, 0)):
                    rows = self.server.get("/sites", sort=sort, order=order,
                                           offset=offset, limit=limit)["rows"]
                    self.assertEqual(
                        [r["id"] for r in rows],
                        [r["id"] for r in expected[offset:offset + limit]],
                        (sort, order, offset, limit))

    def test_samples_have_no_gap(self):
        viewer = self.viewer()
        viewer.subscribe(hz=3)
        for _ in range(5):
            viewer.next()
        seqs = sorted(viewer.core)
        self.assertEqual(seqs, list(range(1, viewer.seq + 1)))

    def test_rows_are_only_what_changed(self):
        self.server.tell("busy 0")
        self.server.settle()
        viewer = self.viewer()
        viewer.subscribe(site={"n": 100})
        self.assertEqual(len(viewer.next()["site"]["rows"]), 100)

        def quiet():
            message = viewer.next()
            self.assertEqual(len(message["site"]["order"]), 100)
            return not message["site"]["rows"]
        wait_until("a message without rows", quiet, every=0)

    def test_a_viewer_that_never_acks_costs_nothing(self):
        silent, other = self.viewer(), self.viewer()
        silent.subscribe(site={"n": 500}, hist=True)
        other.subscribe(site={"n": 60})
        before = None
        for i in range(60):
            other.next()
            if i == 10:
                before = proc_status_kib(self.server.pid, "VmRSS")
        grown = proc_status_kib(self.server.pid, "VmRSS") - before
        say("%d KiB grown in 50 messages" % grown)
        if not server_test.SANITIZER:
            self.assertLess(grown, 1024)
        got = [silent.receive_until("full", "d") for _ in range(2)]
        self.assertEqual([m["t"] for m in got], ["full", "d"])
        # What comes then are heartbeats, until it acks.
        self.assertEqual(silent.receive()["t"], "hb")
        for message in got:
            silent.take(message)
        silent.ack()
        late = silent.next()
        self.assertEqual((late["t"], late["base"]), ("d", got[1]["seq"]))
        self.assertGreaterEqual(late["seq"], other.seq)
        self.assertEqual(sorted(silent.core), list(range(1, silent.seq + 1)))

    def test_a_viewer_that_does_not_read_slows_nobody(self):
        stopped = self.viewer(receive_buffer=4096)
        other = self.viewer()
        stopped.subscribe(site={"n": 500}, th={"n": 500}, hist=True)
        other.subscribe(site={"n": 10})
        for i in range(40):
            # It asks for a full picture again and again, and reads none.
            if i % 2 == 0:
                stopped.subscribe(site={"n": 500})
            other.next()
        seqs = sorted(other.core)
        self.assertEqual(seqs, list(range(1, other.seq + 1)))
        self.assertEqual(self.server.raw(self.server.head())[0], 200)

    def test_resume_goes_on_without_a_gap(self):
        viewer = self.viewer()
        viewer.subscribe(site={"n": 500})
        for _ in range(3):
            viewer.next()
        epoch, seq, core = viewer.epoch, viewer.seq, viewer.core
        viewer.__exit__()
        self.server.settle()
        again = self.viewer()
        again.subscribe(site={"n": 500}, resume=(epoch, seq))
        again.epoch, again.seq, again.core = epoch, seq, core
        message = again.next()
        self.assertEqual((message["t"], message["base"]), ("d", seq))
        self.assertEqual(len(message["site"]["rows"]),
                         len(message["site"]["order"]))
        self.assertEqual(sorted(again.core), list(range(1, again.seq + 1)))
        self.same_as_the_api(again, "site", "/sites")

    def test_resume_of_another_epoch_or_moment_gives_a_full(self):
        for epoch, seq in (("0123456789abcdef", 1), (None, 10 ** 9),
                           (None, 0)):
            viewer = self.viewer()
            viewer.subscribe(site={"n": 5}, resume=(
                epoch or viewer.hello["epoch"], seq))
            self.assertEqual(viewer.next()["t"], "full")

    def test_a_late_resume_changes_nothing(self):
        viewer = self.viewer()
        viewer.subscribe(site={"n": 500})
        self.assertEqual(viewer.next()["t"], "full")
        viewer.send({"t": "resume", "epoch": viewer.epoch, "seq": 1})
        for _ in range(3):
            self.assertEqual(viewer.next()["t"], "d")
        self.same_as_the_api(viewer, "site", "/sites")

    def test_hz_is_kept(self):
        viewer = self.viewer()
        viewer.subscribe(hz=2)
        first = viewer.next()
        second = viewer.next()
        third = viewer.next()
        # In ticks of 100 ms, not in our time.
        self.assertGreaterEqual(second["seq"] - first["seq"], 4)
        self.assertGreaterEqual(third["seq"] - second["seq"], 4)

    def test_without_news_the_heart_beats(self):
        viewer = self.viewer()
        viewer.subscribe(hz=0)
        for _ in range(2):
            self.assertEqual(viewer.receive()["t"], "hb")
        viewer.subscribe(hz=10)
        self.assertEqual(viewer.next()["t"], "full")

    def test_slow_parts_come_as_asked(self):
        viewer = self.viewer()
        viewer.subscribe(hist=True)
        full = viewer.next()
        self.assertIn("monitor", full)
        self.assertEqual(full["hist"]["seq"], full["seq"])
        messages = [viewer.next() for _ in range(15)]
        self.assertLess(sum("hist" in m for m in messages), 5)
        self.assertGreater(sum("hist" in m for m in messages), 0)
        viewer.subscribe(hist=False)
        self.assertNotIn("hist", viewer.next())

    def test_a_snapshot_can_be_taken(self):
        viewer = self.viewer()
        viewer.send({"t": "cmd", "id": 5, "op": "snapshot", "name": "now"})
        answer = viewer.receive_until("res")
        self.assertEqual((answer["id"], answer["ok"]), (5, True))
        self.assertEqual(self.server.get("/snapshots")["snapshots"],
                         [answer["snapshot"]])
        viewer.send({"t": "cmd", "id": 6, "op": "format"})
        answer = viewer.receive_until("res")
        self.assertEqual((answer["id"], answer["ok"], answer["code"]),
                         (6, False, "bad_request"))
        self.assertEqual(self.viewer().hello["snapshots"],
                         self.server.get("/snapshots")["snapshots"])

    def test_the_end_is_said_after_the_last_delta(self):
        viewer = self.viewer()
        viewer.subscribe(site={"n": 10})
        viewer.next()
        self.server.tell("busy 0")
        self.server.tell("end 256")
        while True:
            message = viewer.receive_until("full", "d", "session")
            if message["t"] == "session":
                break
            viewer.take(message)
            viewer.ack()
        session = message["session"]
        self.assertEqual((session["state"], session["exit_code"]),
                         ("ended", 1))
        self.assertTrue(viewer.stats["ended"])
        self.assertEqual(session["seq"], viewer.seq)
        self.assertEqual(viewer.receive()["t"], "hb")
        # It is still there to be looked at.
        viewer.subscribe(site={"n": 10, "sort": "id"})
        self.assertEqual(viewer.next()["t"], "full")
        late = self.viewer()
        self.assertEqual(late.hello["state"], "ended")
        late.subscribe()
        self.assertEqual(late.next()["t"], "full")
        self.assertEqual(late.receive_until("session", "d")["t"], "session")

    def test_exec_begins_anew(self):
        viewer = self.viewer()
        viewer.subscribe(site={"n": 10})
        viewer.next()
        # Not even acks of the old program are needed to see the new one.
        viewer.next(ack=False)
        viewer.next(ack=False)
        self.server.tell("open")
        self.server.tell("sites 5")
        hello = viewer.receive_until("hello")
        self.assertNotEqual(hello["epoch"], viewer.epoch)
        viewer.forget()
        while viewer.next()["t"] != "full" or viewer.total != 5:
            pass
        self.assertEqual(viewer.epoch, hello["epoch"])
        self.assertEqual(sorted(viewer.core), list(range(1, viewer.seq + 1)))

    def test_before_the_first_session_viewers_wait(self):
        with Host(session=False) as server:
            viewer = Viewer(server)
            self.assertIsNone(viewer.hello["session"])
            viewer.subscribe(site={"n": 10})
            self.assertEqual(viewer.receive()["t"], "hb")
            server.tell("open")
            self.assertEqual(viewer.receive_until("full")["seq"], 1)
            server.stop()

    def test_at_the_end_of_the_server_viewers_are_told(self):
        viewers = [self.viewer() for _ in range(5)]
        for viewer in viewers[1:]:
            viewer.subscribe(site={"n": 50})
        deaf = self.viewer(receive_buffer=4096)
        deaf.subscribe(site={"n": 500}, th={"n": 500})
        self.server.stop()
        for viewer in viewers:
            self.assertEqual(viewer.receive_until("bye")["why"], "exit")
            self.assertEqual(viewer.closing().code, 1001)

    def test_gone_viewers_leave_nothing_behind(self):
        before = self.server.open_files()
        for how in range(30):
            viewer = self.viewer()
            if how % 3:
                viewer.subscribe(site={"n": 500})
            if how % 3 == 1:
                viewer.next()
            if how % 2:
                viewer.socket.shutdown(socket.SHUT_RDWR)
            viewer.socket.close()
        wait_until("all viewers to be forgotten", lambda: self.server.status()[
            "monitor"]["clients"] == 0)
        wait_until("all descriptors to be given back",
                   lambda: self.server.open_files() <= before)
        self.server.stop()


if __name__ == "__main__":
    server_test.main()

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Who may become a viewer, and what a viewer must not send: each is refused
or closed as docs/PROTOCOL.md section 2 says."""

import json

import server_test
from server_test import error_code, wait_until
from ws_client import Closed, Refused, WebSocket

UPGRADE = ("Upgrade: websocket", "Connection: Upgrade",
           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
           "Sec-WebSocket-Version: 13")


class Upgrades(server_test.HostCase):
    arguments = ("3",)

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
        def comes():
            try:
                return WebSocket(self.server)
            except Refused:
                return None
        # Those of another test may still be on their way out.
        held = [wait_until("a place", comes) for _ in range(3)]
        for _ in range(20):
            self.refused(503, "unavailable")
        held.pop().__exit__()
        # A place that has become free is given again.
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
                        '{"t":"sub","hz":11}', '{"t":"sub","sub":-1}',
                        '{"t":"sub","hz":-1}',
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

    def test_fragments_without_end_close_1008(self):
        for part in (b"", b" "):
            with WebSocket(self.server) as ws:
                try:
                    for i in range(200):
                        ws.send_frame(1 if i == 0 else 0, part, final=False)
                except ConnectionError:
                    pass
                self.assertIn(ws.closing().code, (1008, None))

    def test_pings_without_end_disturb_no_other(self):
        with WebSocket(self.server) as flood, WebSocket(self.server) as good:
            pings = flood.frame(9, b"p" * 125) * 500
            flood.socket.setblocking(False)
            good.send({"t": "sub", "hz": 10})
            seen = 0
            while seen < 20:
                try:
                    flood.socket.send(pings)
                except OSError:
                    pass  # its answers are not read: it is stopped, or gone
                seen += good.receive()["t"] in ("full", "d")
                good.send({"t": "ack", "seq": 1 << 40})
        self.assertEqual(self.server.raw(self.server.head())[0], 200)

    def test_who_does_not_mask_is_sent_away(self):
        for frame in (b'\x81\x15{"t":"sub","hz":10.0}', b"\x01\0", b"\x89\0",
                      b"\x8a\x01x", b"\x81\x7e\x00\x80" + b" " * 128):
            with self.subTest(frame[:4]), WebSocket(self.server) as ws:
                self.assertEqual(ws.receive()["t"], "hello")
                ws.socket.sendall(frame)
                end = ws.closing()
                self.assertEqual((end.code, end.reason),
                                 (1002, "a client masks its frames"))

    def test_a_masked_frame_may_come_byte_by_byte(self):
        with WebSocket(self.server) as ws:
            for byte in ws.frame(1, b'{"t":"sub","hz":10}'):
                ws.socket.sendall(bytes((byte,)))
                self.server.get("/status")  # the byte has been looked at
            self.assertEqual(ws.receive_until("full")["t"], "full")

    def test_broken_frames_close(self):
        for data in (b"\xf1\x80\0\0\0\0", b"\x83\x80\0\0\0\0",
                     b"\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\0",
                     b"\x89\xfe\x01\x00\0\0\0\0" + b"x" * 256, b"\0" * 64):
            with self.subTest(data[:4]), WebSocket(self.server) as ws:
                ws.socket.sendall(data)
                self.assertIsInstance(ws.closing(), Closed)
        self.assertEqual(self.server.raw(self.server.head())[0], 200)


if __name__ == "__main__":
    server_test.main()

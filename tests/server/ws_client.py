# SPDX-License-Identifier: MIT
"""A small WebSocket client, and a viewer that follows docs/PROTOCOL.md
section 2."""

import base64
import hashlib
import json
import os
import socket
import struct

from server_test import Kept


class Refused(Exception):
    """The upgrade was answered otherwise."""

    def __init__(self, status, data):
        Exception.__init__(self, "upgrade refused: %s" % status)
        self.status, self.data = status, data


class Closed(Exception):
    """The server has closed the WebSocket."""

    def __init__(self, code, reason):
        Exception.__init__(self, "closed: %s %s" % (code, reason))
        self.code, self.reason = code, reason


class WebSocket:
    """RFC 6455, as much of it as a test needs."""

    def __init__(self, host, receive_buffer=None, **options):
        connected = host.connect(receive_buffer)
        try:
            self.upgrade(host, connected, **options)
        except BaseException:
            connected.close()
            raise

    def upgrade(self, host, connected, path="/ws", protocol="memscope.v1",
                headers=(), with_host=True):
        """Makes a connected socket a WebSocket."""
        self.socket, self.received = connected, b""
        key = base64.b64encode(os.urandom(16))
        connected.sendall(host.head(
            "GET " + path, "Upgrade: websocket", "Connection: Upgrade",
            "Sec-WebSocket-Key: " + key.decode(), "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Protocol: " + protocol, *headers, host=with_host))
        head = self._read_head()
        if not head.startswith(b"HTTP/1.1 101 "):
            if not head:
                raise Refused(None, b"")
            status, _, body = Kept(host, head + self.received,
                                   connected).answer()
            raise Refused(status, head + body)
        accept = base64.b64encode(hashlib.sha1(
            key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
        assert accept.lower() in head.lower(), head

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.socket.close()

    def _read_head(self):
        while b"\r\n\r\n" not in self.received:
            piece = self.socket.recv(4096)
            if not piece:
                break
            self.received += piece
        head, _, self.received = self.received.partition(b"\r\n\r\n")
        return head + b"\r\n\r\n" if head else b""

    def _exactly(self, count):
        while len(self.received) < count:
            piece = self.socket.recv(65536)
            if not piece:
                raise Closed(None, "without a word")
            self.received += piece
        data, self.received = self.received[:count], self.received[count:]
        return data

    def send_frame(self, opcode, data, final=True):
        self.socket.sendall(self.frame(opcode, data, final))

    @staticmethod
    def frame(opcode, data, final=True):
        mask = os.urandom(4)
        head = bytes([(0x80 if final else 0) | opcode])
        if len(data) < 126:
            head += bytes([0x80 | len(data)])
        elif len(data) < 65536:
            head += b"\xfe" + struct.pack("!H", len(data))
        else:
            head += b"\xff" + struct.pack("!Q", len(data))
        masked = bytes(b ^ mask[i & 3] for i, b in enumerate(data))
        return head + mask + masked

    def send(self, message):
        text = message if isinstance(message, str) else json.dumps(message)
        self.send_frame(1, text.encode())

    def receive(self):
        """The next message; raises Closed when there is none any more."""
        whole = b""
        while True:
            first, length = self._exactly(2)
            if length == 126:
                length = struct.unpack("!H", self._exactly(2))[0]
            elif length == 127:
                length = struct.unpack("!Q", self._exactly(8))[0]
            data = self._exactly(length)
            if first & 15 == 8:
                code = struct.unpack("!H", data[:2])[0] if data else None
                raise Closed(code, data[2:].decode())
            if first & 15 == 9:
                self.send_frame(10, data)
            elif first & 15 < 3:
                whole += data
                if first & 0x80:
                    return json.loads(whole)

    def receive_until(self, *types):
        """The next message of one of these types."""
        while (message := self.receive())["t"] not in types:
            pass
        return message

    def closing(self):
        """Reads to the end: how it was closed."""
        try:
            while True:
                self.receive()
        except Closed as end:
            return end
        except ConnectionError:
            return Closed(None, "reset")


TABLE = {"sort": "live_bytes", "order": "desc", "q": "", "off": 0, "n": 60}


class Viewer(WebSocket):
    """Follows one session as the page does: full, then deltas."""

    def __init__(self, host, **options):
        WebSocket.__init__(self, host, **options)
        self.hello = self.receive()
        assert self.hello["t"] == "hello", self.hello
        self.forget()

    def forget(self):
        self.texts, self.core, self.tables, self.numbers = {}, {}, {}, {}
        self.seq = self.epoch = self.stats = self.hist = self.resumed = None

    def subscribe(self, th=None, site=None, resume=None, **more):
        """A new picture: what was known of the old one goes. `resume`, an
        epoch and a seq, is sent with it, at once."""
        message = {"t": "sub", "hz": 10, "hist": False, **more}
        self.wanted = {"th": th, "site": site}
        self.sub = message.get("sub", 0)
        for name, table in self.wanted.items():
            if table is not None:
                message[name] = {**TABLE, **table}
        self.tables, self.numbers = {}, {}
        data = self.frame(1, json.dumps(message).encode())
        if resume is not None:
            self.resumed = resume[1]
            data += self.frame(1, json.dumps({
                "t": "resume", "epoch": resume[0], "seq": resume[1]}).encode())
        self.socket.sendall(data)

    def ack(self):
        self.send({"t": "ack", "seq": self.seq, "paint_ms": 0.5})

    def take(self, message):
        """Books one full or delta, and holds it to the rules."""
        if message["t"] == "full":
            self.core, self.epoch = {}, message["epoch"]
            repeats = False
        else:
            # What was on its way at a resume comes before, and is repeated.
            repeats = message["base"] != self.seq
            assert not repeats or message["base"] == self.resumed, (
                message["base"], self.seq)
        for number, text in message["str"]:
            # It may stand for another text, but not while a row has it.
            assert message["t"] == "full" or number not in set().union(
                *self.numbers.values()), "sent although known: %s" % text
            self.texts[number] = text
        for row in message["core"]["rows"]:
            assert repeats or row[0] not in self.core, "a sample came twice"
            self.core[row[0]] = row
        for name in ("th", "site"):
            # What was under way for an earlier one is of other rows.
            if name in message and message["sub"] == self.sub:
                self._take_table(name, message)
        if repeats:
            self.resumed = None
        self.seq, self.stats = message["seq"], message["stats"]
        assert self.stats["seq"] == self.seq
        self.hist = message.get("hist", self.hist)
        return message

    def _take_table(self, name, message):
        columns = self.hello["cols"][name]
        known = {} if message["t"] == "full" else self.tables.get(name, {})
        for row in message[name]["rows"]:
            assert row[0] in message[name]["order"], "a row out of the window"
            row = dict(zip(columns, row))
            row["numbers"] = set()
            for text in ("name", "function", "file", "module", "address"):
                if text in row:
                    row["numbers"].add(row[text])
                    row[text] = self.texts[row[text]]
            if row["trend"] is None:
                row["trend"] = known[row["id"]]["trend"]
            known[row["id"]] = row
        # What has left the window would come whole if it came back.
        self.tables[name] = {i: known[i] for i in message[name]["order"]}
        self.numbers[name] = set().union(
            *(row["numbers"] for row in self.tables[name].values()))
        self.total = message[name]["total"]

    def next(self, ack=True):
        """The next full or delta, booked and acknowledged."""
        message = self.take(self.receive_until("full", "d"))
        if ack:
            self.ack()
        return message

    def rows(self, name):
        """A table's rows, in the window's order."""
        return [{column: row[column] for column in self.hello["cols"][name]}
                for row in self.tables[name].values()]

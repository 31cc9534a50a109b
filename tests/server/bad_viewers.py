#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Viewers that behave badly, many of one kind: bad_viewers.py PORT KIND COUNT.
Says "ready" when all are connected and have asked for the largest picture;
ends with its stdin.

ackless    reads all, acknowledges nothing
stopped    the same as a good one, until somebody stops this process
half-open  its machine is gone: nothing is received, not even by the kernel
slow       acknowledges all there will ever be, reads 200 bytes at a time
flooding   sends as fast as it can; comes back when it is sent away"""

import ctypes
import json
import select
import socket
import struct
import sys
import threading
import time

import ws_client
from server_test import Api, Host
from ws_client import Closed, Refused, WebSocket

WANTED = {"t": "sub", "hz": 10, "hist": True,
          "site": {**ws_client.TABLE, "n": 500},
          "th": {**ws_client.TABLE, "n": 500}}
ALL = WebSocket.frame(1, json.dumps({"t": "ack", "seq": 2 ** 40}).encode())
MANY = b"".join([
    *[WebSocket.frame(1, json.dumps({**WANTED, "sub": i}).encode())
      for i in range(20)], *[WebSocket.frame(9, b"ping")] * 20, ALL * 200])


class Server(Api):
    """A server that somebody else has started."""
    connect, head = Host.connect, Host.head


def connected(server, kind):
    viewer = WebSocket(server,
                       receive_buffer=4096 if kind == "slow" else None)
    viewer.send(WANTED)
    return viewer


def drop_everything(s):
    """No segment reaches this socket any more: a filter takes none."""
    code = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0))
    s.setsockopt(socket.SOL_SOCKET, 26,  # SO_ATTACH_FILTER
                 struct.pack("HP", 1, ctypes.addressof(code)))


def read_all(sockets, acknowledge):
    poll = select.epoll()
    by_fd = {s.fileno(): s for s in sockets}
    for fd in by_fd:
        poll.register(fd, select.EPOLLIN)
    while True:
        for fd, _ in poll.poll():
            if not by_fd[fd].recv(65536):
                poll.unregister(fd)
            elif acknowledge:
                by_fd[fd].send(ALL)


def read_slowly(sockets):
    while True:
        for s in sockets:
            s.setblocking(False)
            try:
                s.recv(200)
                s.send(ALL)
            except OSError:
                pass
        time.sleep(0.02)


def flood(server, viewers):
    while True:
        for i, viewer in enumerate(viewers):
            try:
                viewer.socket.settimeout(0.05)
                viewer.socket.sendall(MANY)
                viewer.socket.recv(65536)
            except TimeoutError:
                pass
            except (OSError, Closed, Refused):
                viewer.socket.close()
                try:
                    viewers[i] = connected(server, "flooding")
                except (OSError, Closed, Refused):
                    pass


def main():
    port, kind, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    server = Server("http://127.0.0.1:%s/" % port)
    viewers = [connected(server, kind) for _ in range(count)]
    sockets = [viewer.socket for viewer in viewers]
    if kind == "half-open":
        for s in sockets:
            drop_everything(s)
    work = {"ackless": lambda: read_all(sockets, False),
            "stopped": lambda: read_all(sockets, True),
            "half-open": lambda: None,
            "slow": lambda: read_slowly(sockets),
            "flooding": lambda: flood(server, viewers)}[kind]
    threading.Thread(target=work, daemon=True).start()
    print("ready", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()

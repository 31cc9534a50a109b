#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""nginx in front, set up as docs/nginx/memscope.conf has it: TLS and another
path are its business. The page, the API, downloads and the WebSocket go through
it, also when nginx keeps connections to us for later; and the token is needed,
whoever nginx is. tests/browser/nginx.test.mjs sees the same in a browser."""

import http.client
import json
import os
import socket
import ssl

import server_test
from memscope_test import DEMO, PATIENCE, Memscope, Process
from nginx import TOKEN, Nginx
from server_test import Api, error_code, wait_until
from ws_client import Viewer, WebSocket

BEARER = "Authorization: Bearer " + TOKEN
PREFIX = "/memscope"
UPGRADE = ("Upgrade: websocket", "Connection: Upgrade",
           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
           "Sec-WebSocket-Version: 13", "Sec-WebSocket-Protocol: memscope.v1")


def anybody():
    """Its certificate is the test's own."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class Front(Api):
    """nginx's address, for requests and for viewers, with the token."""

    def __init__(self, port):
        Api.__init__(self, "https://127.0.0.1:%d/" % port)
        self.name = "scope.example:%d" % port
        self.right = {"Authorization": "Bearer " + TOKEN}

    def connect(self, receive_buffer=None):
        s = socket.create_connection((self.host, self.port), timeout=PATIENCE)
        if receive_buffer:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        return anybody().wrap_socket(s)

    def head(self, line, *headers, host=True):
        method, path = line.split(" ", 1)
        own = ["Host: " + self.name] if host else []
        return "\r\n".join([method + " " + PREFIX + path + " HTTP/1.1", *own,
                            BEARER, *headers, "", ""]).encode()

    def request(self, method, path, body=None, headers=None):
        connection = http.client.HTTPSConnection(
            self.host, self.port, timeout=PATIENCE, context=anybody())
        try:
            headers = {"Host": self.name, **self.right, **(headers or {})}
            if body is not None or method in ("POST", "DELETE"):
                headers.setdefault("Content-Type", "application/json")
            connection.request(method, PREFIX + path, body=body,
                               headers=headers)
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()


class Behind(server_test.TestCase):
    @classmethod
    def setUpClass(cls):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        cls.front = Front(port)
        cls.place = Nginx(port)
        cls.addClassCleanup(cls.place.cleanup)
        cls.scope = Memscope(DEMO, flags=(
            "--port", "0", "--token-file", cls.place.token,
            "--allow-host", cls.front.name))
        cls.addClassCleanup(cls.scope.__exit__)
        cls.scope.settle()
        cls.nginx = Process(cls.place.command(
            "127.0.0.1:%d" % cls.scope.port))
        cls.addClassCleanup(cls.nginx.__exit__)

        def listens():
            if cls.nginx.popen.poll() is not None:
                raise AssertionError(cls.nginx.stderr.all())
            try:
                return cls.front.connect()
            except ConnectionError:
                return None
        wait_until("nginx to listen", listens).close()

    def test_the_page_and_the_api_go_through(self):
        status, headers, page = self.front.request("GET", "/")
        self.assertEqual((status, headers["Content-Type"]),
                         (200, "text/html; charset=utf-8"))
        self.assertEqual(page, self.scope.request("GET", "/")[2])
        self.assertEqual(self.front.status()["session"], 1)
        for name in ("sites", "threads", "history", "modules"):
            self.assertTrue(self.front.get("/" + name)["rows"], name)
        blocks = self.front.get("/allocations")
        self.assertEqual(blocks["count"], len(blocks["rows"]))

    def test_snapshots_go_through(self):
        status, headers, head = self.front.post("/snapshots", {"name": "a"})
        self.assertEqual(status, 201)
        path = "/snapshots/%d" % head["id"]
        self.assertEqual(headers["Location"], "https://%s%s/api/v1%s" % (
            self.front.name, PREFIX, path))
        _, headers, saved = self.front.request("GET", "/api/v1" + path)
        self.assertIn("attachment", headers["Content-Disposition"])
        self.assertEqual(json.loads(saved)["name"], "a")
        status, _, again = self.front.request(
            "POST", "/api/v1/snapshots/import", saved)
        self.assertEqual(status, 201, again)
        for number in (head["id"], json.loads(again)["id"]):
            self.assertEqual(self.front.delete("/snapshots/%d" % number), 204)

    def kept(self):
        """Our ends of connections that nginx has open to memscope."""
        with open("/proc/net/tcp", encoding="ascii") as f:
            rows = [line.split() for line in f.readlines()[1:]]
        return {row[1] for row in rows if row[3] == "01" and
                int(row[2].split(":")[1], 16) == self.scope.port}

    def test_connections_are_kept_by_nginx(self):
        self.front.status()
        used = set()
        for _ in range(10):
            now = wait_until("one that is kept", self.kept)
            used |= now
            self.front.status()
            self.front.get("/flame")
            self.front.get("/sites?limit=1")
            self.front.request("GET", "/app.js")
        self.assertLess(len(used), 10, "a new one for each would be 40")

    def test_viewers_go_through_after_other_requests(self):
        for _ in range(3):
            for _ in range(4):
                self.front.status()  # leaves a connection, if we let it
            viewer = Viewer(self.front)
            self.addCleanup(viewer.__exit__)
            viewer.subscribe(site={}, th={})
            self.assertEqual(viewer.next()["t"], "full")
            for _ in range(3):
                self.assertEqual(viewer.next()["t"], "d")

    def test_viewers_on_a_kept_connection_go_through(self):
        with self.front.connect() as s:
            s.sendall(self.front.head("GET /api/v1/sessions"))
            answer = b""
            while b"}]}" not in answer:
                answer += s.recv(65536)
            self.assertIn(b"HTTP/1.1 200 OK", answer)
            # nginx keeps its client; the upgrade follows on the same one.
            ws = WebSocket.__new__(WebSocket)
            ws.upgrade(self.front, s)
            self.assertEqual(ws.receive()["t"], "hello")

    def test_without_the_token_nobody_comes_through(self):
        # nginx runs as our own user here, or as root: it is not asked.
        for path in ("/", "/api/v1/status", "/app.js", "/metrics"):
            status, headers, body = self.front.request(
                "GET", path, headers={"Authorization": "none"})
            self.assertEqual(status, 401, path)
        self.assertEqual(error_code(b"\r\n\r\n" + body), "unauthorized")
        with self.front.connect() as s:
            s.sendall(self.front.head("GET /ws", *UPGRADE).replace(
                BEARER.encode() + b"\r\n", b""))
            self.assertTrue(s.recv(65536).startswith(b"HTTP/1.1 401 "))

    def test_the_token_becomes_a_cookie_of_this_path(self):
        status, headers, _ = self.front.request(
            "GET", "/?token=" + TOKEN, headers={"Authorization": "none"})
        self.assertEqual((status, headers["Location"]), (303, "./"))
        cookie = headers["Set-Cookie"]
        for part in ("HttpOnly", "SameSite=Strict", "Secure"):
            self.assertIn(part, cookie)
        self.assertNotIn("Path", cookie)  # where it was given
        status, _, _ = self.front.request(
            "GET", "/api/v1/status", headers={
                "Authorization": "none", "Cookie": cookie.split(";")[0]})
        self.assertEqual(status, 200)
        with open(self.place.log, encoding="ascii") as f:
            log = f.read()
        self.assertIn('"GET /memscope/"', log)
        self.assertNotIn(TOKEN, log)

    def test_origins_are_held_against_the_name(self):
        for origin, status in (("https://" + self.front.name, 200),
                               ("https://scope.example", 403),
                               ("http://localhost:%d" % self.scope.port, 403),
                               ("https://evil.com", 403), ("null", 403)):
            got, _, _ = self.front.request("GET", "/api/v1/status",
                                           headers={"Origin": origin})
            self.assertEqual(got, status, origin)

    def test_a_foreign_host_passed_on_is_misdirected(self):
        for host in ("evil.com", "scope.example", "localhost"):
            status, _, _ = self.front.request("GET", "/api/v1/status",
                                              headers={"Host": host})
            self.assertEqual(status, 421, host)


if __name__ == "__main__":
    server_test.main()

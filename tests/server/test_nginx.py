#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""nginx in front, as it is set up to reach the page from elsewhere: the page,
the API and the WebSocket go through it, also when nginx keeps connections to
us for later."""

import os
import socket

import server_test
from memscope_test import DEMO, Memscope, Process
from server_test import Api, Viewer, WebSocket, wait_until

CONFIG = """
daemon off; master_process off; pid %(dir)s/pid; error_log stderr notice;
events { worker_connections 256; }
http {
    access_log off;
    client_body_temp_path %(dir)s/body; proxy_temp_path %(dir)s/proxy;
    fastcgi_temp_path %(dir)s/f; uwsgi_temp_path %(dir)s/u;
    scgi_temp_path %(dir)s/s;
    upstream memscope { server 127.0.0.1:%(upstream)d; keepalive 8; }
    map $http_upgrade $connection_to_us { default upgrade; "" ""; }
    server {
        listen 127.0.0.1:%(port)d;
        location / {
            proxy_pass http://memscope;
            proxy_http_version 1.1;
            proxy_set_header Host localhost:%(upstream)d;
            proxy_set_header Origin "";
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $connection_to_us;
        }
    }
}
"""


class Front(Api):
    """nginx's address, for requests and for viewers."""

    def connect(self, receive_buffer=None):
        s = socket.create_connection((self.host, self.port),
                                     timeout=server_test.PATIENCE)
        if receive_buffer:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        return s

    def head(self, line, *headers, host=True):
        own = ["Host: memscope.example"] if host else []
        return "\r\n".join(
            [line + " HTTP/1.1", *own, *headers, "", ""]).encode()


class Nginx(server_test.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scope = Memscope(DEMO, flags=("--port", "0"))
        cls.scope.settle()

    @classmethod
    def tearDownClass(cls):
        cls.scope.__exit__()

    def setUp(self):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        directory = self.scratch()
        config = os.path.join(directory, "nginx.conf")
        with open(config, "w", encoding="ascii") as f:
            f.write(CONFIG % {"dir": directory, "port": port,
                              "upstream": self.scope.port})
        nginx = Process(["/usr/sbin/nginx", "-p", directory, "-c", config,
                         "-e", "stderr"])
        self.addCleanup(nginx.__exit__)
        self.front = Front("http://127.0.0.1:%d/" % port)

        def listens():
            if nginx.popen.poll() is not None:
                raise AssertionError(nginx.stderr.all())
            try:
                return self.front.connect()
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
        self.assertEqual(self.front.get("/snapshots/%d" % head["id"])["name"],
                         "a")
        self.assertEqual(self.front.delete("/snapshots/%d" % head["id"]), 204)
        self.assertTrue(headers["Location"].endswith(
            "/api/v1/snapshots/%d" % head["id"]))

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

    def test_a_foreign_host_passed_on_is_misdirected(self):
        status, _, _ = self.scope.request(
            "GET", "/api/v1/status", headers={"Host": "memscope.example"})
        self.assertEqual(status, 421)


if __name__ == "__main__":
    server_test.main()

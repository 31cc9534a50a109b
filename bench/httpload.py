# SPDX-License-Identifier: MIT
"""Requests a second by wrk, beside nginx serving the same bytes from files:
once on connections that both keep, once with one for each request. And what
that does to the ticks."""

import contextlib
import http.client
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time

from fanout import watched
from measure import in_turn, spread

PATHS = ("/api/v1/stats", "/app.js")
CONF = """
daemon off; pid {d}/pid; error_log stderr; worker_processes 1;
events {{ worker_connections 512; }}
http {{
    access_log off; types {{ }} default_type application/octet-stream;
    client_body_temp_path {d}/body; proxy_temp_path {d}/proxy;
    fastcgi_temp_path {d}/fastcgi; uwsgi_temp_path {d}/uwsgi;
    scgi_temp_path {d}/scgi; keepalive_requests 1000000;
    server {{ listen 127.0.0.1:{port}; root {d}; }}
}}
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def body(port, path):
    connection = http.client.HTTPConnection("localhost", port, timeout=30)
    connection.request("GET", path)
    answer = connection.getresponse()
    data = answer.read()
    connection.close()
    if answer.status != 200:
        raise RuntimeError("%s: %d" % (path, answer.status))
    return data


@contextlib.contextmanager
def nginx(files):
    """Serves files; gives its port."""
    with tempfile.TemporaryDirectory(prefix="memscope-nginx-") as directory:
        os.chmod(directory, 0o755)
        for path, data in files.items():
            place = directory + path
            os.makedirs(os.path.dirname(place), exist_ok=True)
            with open(place, "wb") as file:
                file.write(data)
        port = free_port()
        conf = os.path.join(directory, "conf")
        with open(conf, "w", encoding="ascii") as file:
            file.write(CONF.format(d=directory, port=port))
        with subprocess.Popen(["nginx", "-p", directory, "-c", conf],
                              stderr=subprocess.DEVNULL) as process:
            try:
                deadline = time.monotonic() + 30
                while True:
                    try:
                        body(port, next(iter(files)))
                        break
                    except OSError:
                        if time.monotonic() > deadline:
                            raise
                        time.sleep(0.05)
                yield port
            finally:
                process.terminate()


def per_s(port, path, seconds, *headers):
    done = subprocess.run(
        ["wrk", "-t1", "-c16", "-d%ds" % seconds, *headers,
         "http://localhost:%d%s" % (port, path)],
        check=True, capture_output=True, text=True)
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", done.stdout)
    if bad:
        raise RuntimeError("%s: %s answers were none" % (path, bad.group(1)))
    return float(re.search(r"Requests/sec:\s*([\d.]+)", done.stdout).group(1))


def ratios(ours, theirs):
    return spread([a / b for a, b in zip(ours, theirs)])


def measure(build, seconds, rounds, missing):
    for command in ("wrk", "nginx"):
        if not shutil.which(command):
            missing.append("requests a second: no %s" % command)
            return {}
    demo = [os.path.join(build, "examples/demo"), "--quiet"]
    results = {}
    with watched(build, demo, 64) as session:
        session.wait_ticks()
        files = {path: body(session.port, path) for path in PATHS}
        with nginx(files) as theirs:
            for path in PATHS:
                was = session.get("/status")["monitor"]
                kept, kept_nginx, closed, closed_nginx = in_turn(rounds, *(
                    lambda port=port, headers=headers:
                    per_s(port, path, seconds, *headers)
                    for headers in ((), ("-H", "Connection: close"))
                    for port in (session.port, theirs)))
                now = session.get("/status")["monitor"]
                results[path] = {
                    "per_s": spread(kept), "nginx_per_s": spread(kept_nginx),
                    "ratio": ratios(kept, kept_nginx),
                    "closed_per_s": spread(closed),
                    "nginx_closed_per_s": spread(closed_nginx),
                    "closed_ratio": ratios(closed, closed_nginx),
                    "ticks": now["ticks"] - was["ticks"],
                    "late_ticks": now["late_ticks"] - was["late_ticks"]}
    return results

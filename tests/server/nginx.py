#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""nginx as docs/nginx/memscope.conf sets it up, in a place of its own. As a
program, `nginx.py PORT UPSTREAM` runs it until its stdin ends."""

import os
import subprocess
import sys
import tempfile

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
TOKEN = "correct-horse-battery-staple"
AROUND = """
daemon off; master_process off; pid %(dir)s/pid; error_log stderr notice;
events { worker_connections 256; }
http {
    client_body_temp_path %(dir)s/body; proxy_temp_path %(dir)s/proxy;
    fastcgi_temp_path %(dir)s/f; uwsgi_temp_path %(dir)s/u;
    scgi_temp_path %(dir)s/s;
    include %(dir)s/memscope.conf;
}
"""


class Nginx:
    """Where it lives: its configuration, key, log, and the token."""

    def __init__(self, port):
        self._made = tempfile.TemporaryDirectory()
        self.directory, self.port = self._made.name, port
        self.cleanup = self._made.cleanup
        self.log = os.path.join(self.directory, "memscope.log")
        self.token = os.path.join(self.directory, "token")
        with open(self.token, "w", encoding="ascii") as f:
            f.write(TOKEN)
        os.chmod(self.token, 0o600)
        key = os.path.join(self.directory, "scope.example")
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
             "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
             "/CN=scope.example", "-keyout", key + ".key", "-out",
             key + ".pem"], check=True, stderr=subprocess.DEVNULL)

    def command(self, upstream):
        """What starts it, in front of an address or a "unix:PATH"."""
        with open(os.path.join(ROOT, "docs/nginx/memscope.conf"),
                  encoding="ascii") as f:
            text = f.read()
        for ours, its in (
                ("server 127.0.0.1:7070;", "server %s;" % upstream),
                ("listen 443 ssl;", "listen 127.0.0.1:%d ssl;" % self.port),
                ("/etc/nginx/scope", self.directory + "/scope"),
                ("/var/log/nginx/", self.directory + "/")):
            assert ours in text, ours
            text = text.replace(ours, its)
        for name, content in (("memscope.conf", text),
                              ("nginx.conf", AROUND % {
                                  "dir": self.directory})):
            with open(os.path.join(self.directory, name), "w",
                      encoding="ascii") as f:
                f.write(content)
        return ["/usr/sbin/nginx", "-p", self.directory, "-c",
                os.path.join(self.directory, "nginx.conf"), "-e", "stderr"]


if __name__ == "__main__":
    place = Nginx(int(sys.argv[1]))
    command = place.command(sys.argv[2])
    process = subprocess.Popen(command)
    try:
        sys.stdin.read()  # until whoever started us is gone
    finally:
        process.terminate()
        process.wait()
        place.cleanup()

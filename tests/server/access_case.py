# SPDX-License-Identifier: MIT
"""What the tests of who may come in share: a host of a class's options."""

import os
import re
import tempfile
import unittest

import server_test
from server_test import Host

TOKEN = "correct-horse-battery-staple"
UPGRADE = ("Upgrade: websocket", "Connection: Upgrade",
           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
           "Sec-WebSocket-Version: 13", "Sec-WebSocket-Protocol: memscope.v1")
STATUS = "GET /api/v1/status"
JSON = "Content-Type: application/json"
as_root = unittest.skipUnless(os.geteuid() == 0,
                              "needs root to be somebody else")


def header(answer, name):
    found = re.search(rb"\r\n%s: ([^\r]*)\r\n" % name.encode(), answer)
    return found.group(1).decode() if found else None


def begins(*options):
    """(exit status, what it said) of a host that is ended at once."""
    with server_test.Process([
            os.path.join(server_test.BUILD, "tests/server/fake_host"),
            *options]) as process:
        process.close_stdin()
        return process.wait(), process.stderr.all().decode()


class AccessCase(server_test.HostCase):
    """One host, begun with the class's options."""

    options = ()
    token = None

    @classmethod
    def setUpClass(cls):
        cls.make_directory()
        options = list(cls.options)
        if cls.token:
            cls.token_file = cls.write_token("token", cls.token)
            options.append("token-file=" + cls.token_file)
        cls.server = Host(*options)

    @classmethod
    def make_directory(cls):
        made = tempfile.TemporaryDirectory()
        cls.addClassCleanup(made.cleanup)
        cls.directory = made.name

    @classmethod
    def write_token(cls, name, text, mode=0o600):
        path = os.path.join(cls.directory, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(path, mode)
        return path

    def here(self):
        return ["127.0.0.1", self.server.port]

    def cookie(self, status_of):
        """The cookie that a browser is given for the token."""
        _, answer = status_of("GET /?token=" + TOKEN)
        return header(answer, "Set-Cookie").split(";")[0]

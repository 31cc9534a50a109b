#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Debug information from a debuginfod server: only when asked for, and the
end of a program does not wait for it."""

import os
import re
import shutil
import socket
import subprocess
import unittest
import urllib.request

from memscope_test import (BIN, PATIENCE, Memscope, TestCase, main,
                           wait_until)
from test_symbol_files import LINE, build


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Debuginfod(TestCase):

    def setUp(self):
        self.folder = self.scratch()
        self.path = os.path.join(self.folder, "program")
        build(self.path)

    def split(self):
        """Puts the debug information where only a server finds it."""
        afar = self.scratch()
        subprocess.run(["objcopy", "--only-keep-debug", self.path,
                        os.path.join(afar, "program.debug")], check=True)
        subprocess.run(["objcopy", "--strip-all", self.path], check=True)
        return afar

    def serve(self, afar):
        """A server of what is there, once it has looked; its URL."""
        port = free_port()
        server = subprocess.Popen(
            ["debuginfod", "-F", "-d", ":memory:", "-p", str(port), afar],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={**os.environ, "DEBUGINFOD_URLS": ""})
        self.addCleanup(server.wait)
        self.addCleanup(server.terminate)
        url = "http://127.0.0.1:%d" % port

        def scanned():
            numbers = self.metrics(url)
            return re.search(r'scanned_files_total{source=".elf file"} [1-9]',
                             numbers) or "found_debuginfo_total" in numbers
        wait_until("the server has looked", scanned)
        return url

    def metrics(self, url):
        try:
            with urllib.request.urlopen(url + "/metrics", timeout=10) as f:
                return f.read().decode()
        except OSError:
            return ""

    def watch(self, url, *flags):
        return Memscope(self.path, flags=flags, env={
            "DEBUGINFOD_URLS": url, "DEBUGINFOD_CACHE_PATH":
            os.path.join(self.folder, "cache")})

    def allocate(self, scope):
        scope.line()
        scope.write(b"\n")
        scope.line(1)
        scope.settle()

    def site(self, scope):
        return next(row for row in scope.get("/sites", limit=1000)["rows"]
                    if row["live_bytes"] == 1234)

    @unittest.skipUnless(shutil.which("debuginfod"), "there is no debuginfod")
    def test_it_is_fetched_when_asked_for(self):
        url = self.serve(self.split())
        with self.watch(url, "--debuginfod") as scope:
            self.allocate(scope)
            row = wait_until("the name has come", lambda: next(
                (row for row in scope.get("/sites", limit=1000)["rows"]
                 if row["function"] == "remember"), None))
            self.assertEqual((row["live_bytes"], row["line"]), (1234, LINE))

    @unittest.skipUnless(shutil.which("debuginfod"), "there is no debuginfod")
    def test_nobody_is_asked_without_the_option(self):
        url = self.serve(self.split())
        with self.watch(url) as scope:
            self.allocate(scope)
            scope.named_picture()
            self.assertRegex(self.site(scope)["function"],
                             r"^program\+0x[0-9a-f]+$")
        numbers = wait_until("its numbers", lambda: self.metrics(url))
        self.assertNotIn('http_requests_total{type="debuginfo"}', numbers)

    def test_a_server_that_never_answers_keeps_nobody(self):
        """The page says what it can, and the end is the program's."""
        self.split()
        with socket.socket() as silent:
            silent.bind(("127.0.0.1", 0))
            silent.listen(16)
            silent.settimeout(PATIENCE)
            url = "http://127.0.0.1:%d" % silent.getsockname()[1]
            with self.watch(url, "--debuginfod") as scope:
                self.allocate(scope)
                asked, _ = silent.accept()
                self.addCleanup(asked.close)
                self.assertRegex(self.site(scope)["function"],
                                 r"^program\+0x[0-9a-f]+$")
                scope.write(b"\n")
                scope.popen.stdin.close()
                self.assertEqual(scope.wait(), 0)

    def test_without_a_server_it_is_an_error(self):
        environment = {k: v for k, v in os.environ.items()
                       if k != "DEBUGINFOD_URLS"}
        done = subprocess.run([BIN, "run", "--debuginfod", "--", "true"],
                              env=environment, capture_output=True, text=True,
                              timeout=60, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn("DEBUGINFOD_URLS", done.stderr)


if __name__ == "__main__":
    main()

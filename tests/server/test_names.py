#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Names that are HTML, SQL or steer a terminal, of functions, threads, files
and arguments: they come out of the API as they are, and never reach a
terminal."""

import os
import pty
import re
import shutil
import subprocess

import server_test
from memscope_test import BIN, Memscope, target

HTML = "<img src=x onerror=harmed=1><script>harmed=1</script>"
SQL = "x'); DROP TABLE sites;--"
TERMINAL = "\x1b[2J\x1b]0;harmed\x07\x9b31m\x7f\u202eend"
FORMULA = "=HYPERLINK(1,2)"
# What no line of ours may have, but for its end.
STEERS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e"
                    "\u2066-\u2069]")
FOLDER = "<b>\x1b[2J\x9bmore\"\\\n'; DROP TABLE"


class Names(server_test.TestCase):
    def setUp(self):
        folder = os.path.join(self.scratch(), FOLDER)
        os.mkdir(folder)
        self.program = os.path.join(folder, "evil\x1b[31m<i>")
        shutil.copy(target("evil_names"), self.program)
        self.scope = Memscope(self.program, "\x1b[5m<u>'",
                              flags=("--port", "0", "--leak-check"))
        self.addCleanup(self.scope.__exit__)
        self.scope.line()
        self.picture = self.scope.named_picture()

    def harmless(self, text, what):
        found = STEERS.search(text)
        self.assertIsNone(found, "%s: %r" % (
            what, text[max(0, found.start() - 60):][:120] if found else ""))

    def on_a_terminal(self, *command):
        """What a command writes to a terminal."""
        ours, theirs = pty.openpty()
        try:
            process = subprocess.Popen(
                [BIN, *command], stdin=subprocess.DEVNULL, stdout=theirs,
                stderr=theirs)
            os.close(theirs)
            data = b""
            while True:
                try:
                    piece = os.read(ours, 65536)
                except OSError:
                    break
                data += piece
            self.assertEqual(process.wait(), 0, data)
        finally:
            os.close(ours)
        return data.decode().replace("\r\n", "\n")

    def test_they_are_texts_everywhere(self):
        scope, port = self.scope, str(self.scope.port)
        functions = {site["function"]: site for site in self.picture.sites}
        for name, size in ((HTML, 1111), (SQL, 2222), (TERMINAL, 3333),
                           (FORMULA, 4444)):
            self.assertEqual(functions[name]["live_bytes"], size, name)
            found = scope.get("/sites", q=name)
            self.assertEqual([row["function"] for row in found["rows"]],
                             [name])
            rows = scope.post("/query", {
                "sql": "SELECT live_bytes FROM sites WHERE function = :name",
                "parameters": {"name": name}})[2]["rows"]
            self.assertEqual(rows, [[size]])
        session = scope.session()
        self.assertEqual(session["exe"], self.program)
        self.assertIn("\x1b[5m<u>'", session["command"])
        scope.wait_threads(["\x1b[31m<b>'%n\x9b"])
        status, headers, page = scope.request("GET", "/")
        self.assertEqual(status, 200)
        self.assertNotIn(b"harmed", page)
        _, headers, metrics = scope.request("GET", "/metrics")
        self.assertIn("text/plain", headers["Content-Type"])
        for line in metrics.decode().splitlines():
            self.assertRegex(line, r"^(#.*|[a-z_]+(\{([a-z_]+=\"([^\"\\\n]|"
                             r"\\[\\\"n])*\",?)*\})? [^ ]+( [^ ]+)?)$")

        everything = "SELECT function, module FROM sites"
        for options in ((), ("--csv",), ("--json",)):
            text = self.on_a_terminal("query", "--port", port, *options,
                                      everything)
            self.assertIn("<script>", text)
            self.harmless(text, "query %s" % (options,))
        for command in (("query", "--port", port, "threads"),
                        ("snapshot", "--port", port, "<b>';--"),
                        ("snapshot", "--port", port, "b"),
                        ("diff", "--port", port, "1", "2")):
            if command[3:] != ("threads",):
                self.harmless(self.on_a_terminal(*command), command)
        # A file has all of it.
        done = subprocess.run([BIN, "query", "--port", port, "--csv",
                               everything], stdout=subprocess.PIPE, check=True)
        self.assertIn(TERMINAL, done.stdout.decode())

        scope.close_stdin()
        self.assertEqual(scope.wait(), 0)
        said = scope.stderr.all().decode()
        self.harmless(said, "what memscope said")
        for part in ("<script>", "DROP TABLE sites", "?[2J?]0;harmed??31m??end",
                     "4,444" if "4,444" in said else "4444"):
            self.assertIn(part, said)


if __name__ == "__main__":
    server_test.main()

#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Lines of source where a call stands: of files that the program's debug
information names, of no others, and never waiting for what is no file."""

import json
import os
import subprocess
import threading
import time
import urllib.parse

from memscope_test import Memscope, TestCase, main, wait_until

# The line numbers and files that it is compiled with are not its own.
PROGRAM = """#include <stdio.h>
#include <stdlib.h>
static void *volatile kept;
%s
int main(void) { %s puts("ready"); fflush(stdout); getchar(); return 0; }
"""
FUNCTION = """# %d "%s"
__attribute__((noinline)) static void %s(void) { kept = malloc(%d); }
"""


class Source(TestCase):

    def setUp(self):
        self.folder = self.scratch()
        self.path = os.path.join(self.folder, "program")

    def build(self, *files):
        """A program whose functions f0, f1, ... lie at (file, line)."""
        functions = "".join(FUNCTION % (line, file, "f%d" % i, 100 + i)
                            for i, (file, line) in enumerate(files))
        calls = " ".join("f%d();" % i for i in range(len(files)))
        subprocess.run(
            ["cc", "-g", "-O1", "-Wl,--build-id", "-xc", "-", "-o", self.path],
            input=(PROGRAM % (functions, calls)).encode(), check=True)

    def write(self, name, content):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as f:
            f.write(content)
        return path

    def ready(self, scope):
        """All sites of the program, by function, once they are named."""
        scope.line()

        def named():
            rows = {row["function"]: row
                    for row in scope.get("/sites", limit=100)["rows"]
                    if row["module"] == "program"}
            return rows if "f0" in rows else None
        return wait_until("its sites have names", named)

    def ask(self, scope, **query):
        status, _, body = scope.request(
            "GET", "/api/v1/source?" + urllib.parse.urlencode(query))
        return status, json.loads(body)

    def of(self, scope, row, **more):
        return self.ask(scope, module=row["module"], file=row["file"],
                        line=row["line"], **more)

    def test_the_lines_around_a_call(self):
        text = b"".join(b"line %d <b>\xff\r\n" % n for n in range(1, 41))
        source = self.write("some.c", text)
        self.build((source, 20), (source, 39))
        os.utime(source, (1, 1))
        with Memscope(self.path) as scope:
            rows = self.ready(scope)
            status, answer = self.of(scope, rows["f0"], context=2)
            self.assertEqual(status, 200, answer)
            self.assertEqual(answer, {
                "file": source, "line": 20, "first": 18, "total": 40,
                "newer": False,
                "lines": ["line %d <b>\ufffd" % n for n in range(18, 23)]})
            status, answer = self.of(scope, rows["f1"], context=5)
            self.assertEqual(answer["lines"][-1], "line 40 <b>\ufffd")
            self.assertEqual(answer["first"], 34)
            status, answer = self.ask(
                scope, module="program", file=source, line=1, context=0)
            self.assertEqual(answer["lines"], ["line 1 <b>\ufffd"])
            os.utime(source, (time.time() + 100,) * 2)
            self.assertTrue(self.of(scope, rows["f0"])[1]["newer"])

    def test_no_other_file_can_be_asked_for(self):
        source = self.write("some.c", b"\n" * 30)
        secret = self.write("secret", b"secret\n")
        self.build((source, 20))
        with Memscope(self.path) as scope:
            self.ready(scope)
            for module, file in (
                    ("program", secret), ("program", "/etc/passwd"),
                    ("program", source + "/../secret"), ("program", "secret"),
                    ("program", ""), ("", source), ("libc.so.6", source),
                    ("nobody", source)):
                status, answer = self.ask(scope, module=module, file=file)
                self.assertEqual(status, 404, (module, file, answer))
                self.assertIn("no call that is known",
                              answer["error"]["message"])

    def test_what_cannot_be_shown_is_said(self):
        fifo = os.path.join(self.folder, "fifo")
        os.mkfifo(fifo)
        binary = self.write("binary", b"x\n\0\n\n")
        short = self.write("short", b"one\ntwo\n")
        long = self.write("long", b"\n" * ((8 << 20) + 1))
        gone = os.path.join(self.folder, "gone.c")
        wanted = ((short, 3, 404, "not there"), (gone, 1, 404, "not there"),
                  (fifo, 1, 404, "not there"), ("/dev/zero", 1, 404, "not"),
                  (self.folder, 1, 404, "not there"), (binary, 1, 404, "text"),
                  ("relative.c", 1, 404, "not there"), (long, 1, 413, "longer"))
        self.build(*((file, line) for file, line, _, _ in wanted))
        with Memscope(self.path) as scope:
            rows = self.ready(scope)
            for i, (file, line, status, why) in enumerate(wanted):
                row = rows["f%d" % i]
                if file.startswith("/"):
                    self.assertEqual(row["file"], file)
                got, answer = self.ask(scope, module="program",
                                       file=row["file"], line=line)
                self.assertEqual(got, status, (file, answer))
                self.assertIn(why, answer["error"]["message"])

    def test_many_at_once(self):
        source = self.write("some.c", b"x\n" * 100000)
        self.build((source, 20))
        with Memscope(self.path) as scope:
            row = self.ready(scope)["f0"]
            statuses = []
            threads = [threading.Thread(target=lambda: statuses.append(
                self.of(scope, row)[0])) for _ in range(30)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual(len(statuses), 30)
            self.assertLessEqual(set(statuses), {200, 503})
            self.assertEqual(self.of(scope, row)[0], 200)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The log: one line each in one form, whatever the names in it; as much as was
asked for; and nobody waits for who reads it."""

import fcntl
import os
import re
import socket

import memscope_test
from memscope_test import BIN, DEMO, Memscope, Process, wait_until

TEXT = r'"(?:[ !#-\[\]-~]|\\["\\]|\\x[0-9a-f]{2})*"'
LINE = re.compile(r"(?:time=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z )?"
                  r"level=(error|warning|info|debug) event=([a-z._]+)"
                  r"((?: [a-z_]+=(?:\d+|%s))*)" % TEXT)


def parsed(text):
    """[(level, event, fields)] of a whole log; every line must be one."""
    lines = []
    for line in text.split("\n")[:-1]:
        match = LINE.fullmatch(line)
        assert match, repr(line)
        lines.append((match[1], match[2], dict(
            f.split("=", 1) for f in
            re.findall(r"[a-z_]+=(?:\d+|%s)" % TEXT, match[3]))))
    return lines


def read(path):
    with open(path, encoding="ascii") as f:
        return f.read()


class Log(memscope_test.TestCase):
    def run_with(self, *flags, command=(DEMO, "--quiet")):
        return Memscope(*command, flags=("--port", "0", *flags))

    def test_what_happens_is_a_line_each(self):
        path = os.path.join(self.scratch(), "log")
        with self.run_with("--log-file", path) as scope:
            scope.settle()
            scope.get("/stats")
            scope.request("GET", "/api/v1/evil%0alevel=error%20event=x")
            scope.request("GET", "/", headers={"Host": "evil.com"})
            scope.post("/snapshots", {"name": "a"})
            pid = scope.program_pid()
            scope.interrupt()
            scope.wait()
        lines = parsed(read(path))
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
        events = [event for _, event, _ in lines]
        # The program may have announced itself before its page is served.
        self.assertEqual(sorted(events[:2]), ["server.begin", "session.begin"])
        self.assertEqual(events[-1], "server.end")
        sessions = [f for _, e, f in lines if e == "session.begin"]
        self.assertEqual([f["pid"] for f in sessions], [str(pid)])
        self.assertEqual([f["pid"] for _, e, f in lines
                          if e == "session.end"], [str(pid)])
        answers = [(f["route"], f["method"], f["status"])
                   for _, e, f in lines if e == "answer"]
        # What reads and succeeds is for debugging only.
        self.assertEqual(answers, [
            ('"none"', '"GET"', "404"), ('"none"', '"GET"', "421"),
            ('"/api/v1/snapshots"', '"POST"', "201")])

    def test_as_much_as_is_asked_for(self):
        for level, known in (("warning", {"warning"}),
                             ("info", {"warning", "info"}),
                             ("debug", {"warning", "info", "debug"})):
            path = os.path.join(self.scratch(), "log")
            with self.run_with("--log-file", path,
                               "--log-level", level) as scope:
                scope.settle()
                # Whoever speaks at the socket without being a program.
                with socket.socket(socket.AF_UNIX,
                                   socket.SOCK_SEQPACKET) as s:
                    s.connect("\0" + scope.status()["announce"][1:])
                    s.send(b"evil")
                wait_until("what was refused", lambda p=path:
                           "announcement.refused" in read(p))
                scope.interrupt()
                scope.wait()
            self.assertEqual({line[0] for line in parsed(read(path))}, known)

    def test_on_stderr_it_is_beside_the_words_for_the_user(self):
        with self.run_with("--log-level", "info") as scope:
            scope.settle()
            scope.interrupt()
            scope.wait()
            text = scope.stderr.all().decode()
        ours = [line for line in text.splitlines() if line.startswith("time=")]
        self.assertGreater(len(parsed("\n".join(ours) + "\n")), 2)
        self.assertIn("memscope: watching", text)

    def test_a_log_that_is_not_read_holds_nobody_up(self):
        path = os.path.join(self.scratch(), "fifo")
        os.mkfifo(path)
        reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, reader)
        fcntl.fcntl(reader, fcntl.F_SETPIPE_SZ, 4096)
        with self.run_with("--log-file", path, "--log-level",
                           "debug") as scope:
            scope.settle()
            # More than a pipe holds.
            for _ in range(100):
                self.assertEqual(
                    scope.request("GET", "/api/v1/tasks")[0], 200)
            before = scope.ticks()
            wait_until("ticks go on", lambda: scope.ticks() > before + 5)
            text = os.read(reader, 65536)

            def told():
                nonlocal text
                scope.request("GET", "/api/v1/tasks")
                try:
                    text += os.read(reader, 65536)
                except BlockingIOError:
                    pass
                return b"event=log.left_out lines=" in text
            wait_until("what was left out is told", told)
            parsed(text.decode("ascii"))

    def test_what_is_no_log_is_said_and_nothing_is_run(self):
        mark = os.path.join(self.scratch(), "was-run")
        for flags, status, why in (
                (("--log-level", "evil"), 2, "evil"),
                (("--log-file", "/nowhere/log"), 125, "/nowhere/log"),
                (("--log-file", "/"), 125, "/")):
            with Process([BIN, "run", *flags, "--", "/bin/touch",
                          mark]) as p:
                self.assertEqual(p.wait(), status)
                self.assertIn(why, p.stderr.all().decode())
        self.assertFalse(os.path.exists(mark))


if __name__ == "__main__":
    memscope_test.main()

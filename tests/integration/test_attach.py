#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Several programs at one memscope: those that are attached have sessions of
their own, with exact numbers and their own ends; and those that have ended
are kept as many and as long as it was said."""

import os
import re
import signal
import socket
import struct

import memscope_test
from memscope_test import BIN, DEMO, Memscope, Process, target, wait_until


class Attached(Process):
    """`memscope run --attach-to WHERE -- COMMAND`."""

    def __init__(self, where, *command, flags=(), env=None):
        Process.__init__(self, [BIN, "run", "--attach-to", str(where), *flags,
                                "--", *command], env=env)

    def ends(self):
        status = self.wait()
        return status, self.stdout.all(), self.stderr.all().decode()


class Attach(memscope_test.TestCase):
    def sessions(self, scope):
        return scope.get("/sessions")["sessions"]

    def others(self, scope):
        return [s for s in self.sessions(scope) if not s["primary"]]

    def test_many_programs_on_one_page(self):
        with Memscope(DEMO, "--quiet", flags=("--port", "0",)) as scope:
            scope.settle()
            own = scope.program_pid()
            wheres = (scope.port, scope.url, "localhost:%d" % scope.port,
                      "http://127.0.0.1:%d/?x#y" % scope.port)
            attached = [Attached(where, target("steady")) for where in wheres]
            try:
                others = wait_until("their sessions", lambda: (
                    lambda o: o if len(o) == len(wheres) and
                    all(s["seq"] > 0 for s in o) else None)(
                        self.others(scope)))
                self.assertEqual(scope.session()["pid"], own)
                for session in others:
                    scope.picture(session["id"]).check_sums(self)
                    self.assertIn("steady", session["exe"])
                pids = {s["pid"] for s in others}
                said = {int(re.search(r"\(pid (\d+)\) at http", wait_until(
                    "what is said", lambda a=a: a.stderr.lines())[0]).group(1))
                        for a in attached}
                self.assertEqual(pids, said)
            finally:
                for a in attached:
                    a.__exit__()
            wait_until("their ends", lambda: all(
                s["state"] == "ended" for s in self.others(scope)))

    def test_streams_and_ends_are_the_programs_own(self):
        with Memscope(DEMO, "--quiet", flags=("--port", "0",)) as scope:
            for code, script in ((0, "cat; echo x >&2"),
                                 (7, "cat; echo x >&2; exit 7")):
                with Attached(scope.port, "/bin/sh", "-c", script) as a:
                    a.write(b"hello")
                    a.close_stdin()
                    status, out, err = a.ends()
                    self.assertEqual((status, out), (code, b"hello"))
                    self.assertEqual([line for line in err.splitlines() if not
                                      line.startswith("memscope: ")], ["x"])
                    self.assertRegex(err, "watching /bin/sh .pid [0-9]+. at ")
            ended = wait_until("their ends are known", lambda: (
                lambda found: found if set(found) >= {0, 7} else None)(
                    [s["exit_code"] for s in self.others(scope)
                     if s["end_reason"] == "exit"]))
            self.assertIn(7, ended)
            with Attached(scope.port, target("steady")) as a:
                session = wait_until("it runs", lambda: [
                    s for s in self.others(scope) if s["state"] == "running"
                    and s["exe"].endswith("/steady")])[0]
                os.kill(a.pid, signal.SIGTERM)  # is passed on
                self.assertEqual(a.wait(), -signal.SIGTERM)
            wait_until("how it ended", lambda: [
                s for s in self.others(scope) if s["id"] == session["id"]
                and s["end_reason"] == "signal"
                and s["signal"] == signal.SIGTERM])

    def test_nobody_is_told_of_an_end_that_is_none(self):
        with Memscope(DEMO, "--quiet", flags=("--port", "0",)) as scope:
            scope.settle()
            # Whoever may speak at the socket may not end what runs.
            s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with s, open("/dev/null", "rb") as nothing:
                s.connect("\0" + scope.status()["announce"][1:])
                with open(os.path.join(
                        memscope_test.ROOT, "runtime/include/runtime/segment.h"),
                        encoding="ascii") as f:
                    version = int(re.search(
                        r"define MS_SEGMENT_VERSION (\d+)", f.read()).group(1))
                socket.send_fds(s, [struct.pack(
                    "IIii", 0x65616d73, version, scope.program_pid(), 0)],
                    [nothing.fileno()])
            before = scope.ticks()
            wait_until("ticks", lambda: scope.ticks() > before + 10)
            self.assertEqual(scope.session()["state"], "running")

    def test_nobody_there_is_said_and_nothing_is_run(self):
        directory = self.scratch()
        mark = os.path.join(directory, "was-run")
        for where, why in (
                ("1", "no memscope answers at port 1"),
                ("x", "no port"), ("0", "no port"), ("", "no port"),
                ("example.com:7070", "no port"),
                ("http://localhost:7070:1/", "no port")):
            with Attached(where, "/bin/touch", mark) as a:
                status, _, err = a.ends()
                self.assertEqual(status, 125, err)
                self.assertIn("memscope: " + why, err)
        self.assertFalse(os.path.exists(mark))

    def test_a_page_without_a_socket_takes_nobody(self):
        directory = self.scratch()
        file = os.path.join(directory, "s.json")
        with Memscope(DEMO, "--quiet", flags=("--port", "0",)) as scope:
            scope.settle()
            scope.post("/snapshots", {})
            number = scope.get("/snapshots")["snapshots"][0]["id"]
            with open(file, "wb") as f:
                f.write(scope.request(
                    "GET", "/api/v1/snapshots/%d" % number)[2])
        with Process([BIN, "open", "--port", "0", file]) as page:
            port = int(wait_until("its address", lambda: re.search(
                r"localhost:(\d+)/", page.stderr.bytes().decode())).group(1))
            with Attached(port, "/bin/true") as a:
                status, _, err = a.ends()
                self.assertEqual(status, 125)
                self.assertIn("takes no other programs", err)

    def test_options_of_a_page_do_not_go_with_it(self):
        for flags in (("--port", "7071"), ("--keep-open",), ("--leak-check",),
                      ("--budget", "5"), ("--snapshot-at-exit",),
                      ("--keep-for", "5")):
            with Attached("7070", "/bin/true", flags=flags) as a:
                status, _, err = a.ends()
                self.assertEqual(status, 2, flags)
                self.assertIn("--attach-to", err)

    def test_the_memscope_may_go_first(self):
        with Memscope(DEMO, "--quiet", flags=("--port", "0",)) as scope:
            scope.settle()
            with Attached(scope.port, "/bin/sh", "-c", "read x; exit 3") as a:
                wait_until("its session", lambda: self.others(scope))
                os.killpg(scope.pid, signal.SIGKILL)
                a.write(b"go on\n")
                self.assertEqual(a.ends()[0], 3)

    def test_so_many_are_kept(self):
        with Memscope(DEMO, "--quiet", flags=(
                "--port", "0", "--keep-sessions", "2")) as scope:
            scope.settle()
            seen = []
            for _ in range(4):
                with Attached(scope.port, "/bin/true") as a:
                    self.assertEqual(a.ends()[0], 0)
                seen.append(wait_until("a newer one that has ended", lambda: (
                    lambda ids: ids[-1] if ids and ids[-1] not in seen
                    else None)([s["id"] for s in self.others(scope)
                                if s["state"] == "ended"])))
            wait_until("two are left", lambda: [
                s["id"] for s in self.others(scope)] == seen[-2:])
            self.assertEqual(scope.session()["state"], "running")
            self.assertEqual(scope.request(
                "GET", "/api/v1/stats?session=%d" % seen[0])[0], 404)

    def test_so_long_they_are_kept(self):
        with Memscope(DEMO, "--quiet", flags=(
                "--port", "0", "--keep-for", "1")) as scope:
            scope.settle()
            with Attached(scope.port, "/bin/true") as a:
                self.assertEqual(a.ends()[0], 0)
            with Attached(scope.port, target("steady")):
                wait_until("the ended one goes, the running one stays", lambda:
                           [s["state"] for s in self.others(scope)]
                           == ["running"])
        for flags in (("--keep-for", "0"), ("--keep-sessions", "-1"),
                      ("--keep-for", "x"), ("--keep-sessions", "5x")):
            with Process([BIN, "run", *flags, "--", "/bin/true"]) as p:
                self.assertEqual(p.wait(), 2, flags)


if __name__ == "__main__":
    memscope_test.main()

#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Under memscope a program keeps its streams, its signals and its exit code,
and what goes wrong is said on stderr in lines of memscope's own."""

import contextlib
import fcntl
import os
import pty
import signal
import socket
import subprocess
import termios

from memscope_test import (BIN, LINE, Memscope, Process, TestCase, main,
                           run_bare, target, wait_until)

CODES = target("exit_codes")


def finished(command, stdin=b"", **options):
    """A command that ends by itself: its Process, after the end."""
    process = Process(command, **options)
    with process:
        if stdin:
            process.write(stdin)
        process.close_stdin()
        process.wait()
    return process


class Streams(TestCase):

    def test_streams_pass_through_untouched(self):
        data = bytes(range(256)) * 4000
        command = [target("passthrough"), "an arg", "", "ünicode"]
        code, stdout, stderr = run_bare(command, stdin=data)
        with Memscope(*command) as memscope:
            memscope.write(data)
            memscope.close_stdin()
            self.assertEqual(memscope.wait(), code)
            self.assertEqual(memscope.stdout.all(), stdout)
            self.assertEqual(memscope.program_stderr(), stderr.decode())

    def test_stdout_has_nothing_of_memscope(self):
        done = finished([BIN, "run", "--", "/bin/true"])
        self.assertEqual(done.stdout.bytes(), b"")
        self.assertIn(b"watching /bin/true", done.stderr.bytes())
        for line in done.stderr.lines():
            self.assertTrue(line.startswith(LINE), line)

    def test_a_line_is_written_whole(self):
        # Each write is a message of its own here: half a line would be one.
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        with ours, theirs:
            subprocess.run([BIN, "run", "--", "/bin/true"], stderr=theirs,
                           check=True)
            ours.setblocking(False)
            lines = []
            with contextlib.suppress(BlockingIOError):
                while True:
                    lines.append(ours.recv(65536))
        self.assertGreaterEqual(len(lines), 3)
        for line in lines:
            self.assertTrue(line.startswith(b"memscope: "), line)
            self.assertTrue(line.endswith(b"\n"), line)

    def test_a_program_inherits_no_descriptor_of_memscope(self):
        command = ["/bin/ls", "/proc/self/fd"]
        _, bare, _ = run_bare(command)
        done = finished([BIN, "run", "--", *command])
        self.assertEqual(len(done.stdout.bytes().split()), len(bare.split()))

    def test_the_environment_is_the_programs_own_but_for_two(self):
        command = [target("passthrough"), "--env"]
        bare = finished(command)
        watched = finished([BIN, "run", "--", *command])

        def environment(process):
            return {line[4:].split("=", 1)[0]: line
                    for line in process.stderr.lines()
                    if line.startswith("env ")}
        bare, watched = environment(bare), environment(watched)
        added = set(watched) - set(bare)
        self.assertLessEqual(added, {"LD_PRELOAD", "MEMSCOPE_SOCKET"})
        for name in set(bare) - {"LD_PRELOAD"}:
            self.assertEqual(watched[name], bare[name])


class ExitCodes(TestCase):

    def test_exit_codes_are_the_programs(self):
        for how in ("return", "exit", "_exit"):
            for code in (0, 1, 42, 255):
                with self.subTest(how=how, code=code):
                    done = finished([BIN, "run", CODES, how, str(code)])
                    self.assertEqual(done.popen.returncode, code)

    def test_death_by_signal_is_the_programs(self):
        for how in (["abort"], ["segv"], ["kill", "15"], ["kill", "9"]):
            with self.subTest(how=how):
                bare, _, _ = run_bare([CODES, *how])
                done = finished([BIN, "run", "--", CODES, *how])
                self.assertLess(bare, 0)
                self.assertEqual(done.popen.returncode, bare)

    def test_a_shell_sees_the_same_status(self):
        for how, status in (("kill 15", 143), ("kill 9", 137), ("segv", 139),
                            ("exit 42", 42)):
            with self.subTest(how=how):
                shell = subprocess.run(
                    ["/bin/sh", "-c", "%s run %s %s; echo status $?" % (
                        BIN, CODES, how)], capture_output=True, check=False,
                    timeout=60)
                self.assertIn(b"status %d" % status, shell.stdout)

    def test_a_program_that_is_not_there_is_127(self):
        done = finished([BIN, "run", "--", "no-such-program-here"])
        self.assertEqual(done.popen.returncode, 127)
        self.assertRegex(done.stderr.bytes().decode(),
                         "(?m)^memscope: .*no-such-program-here.*No such file")

    def test_what_cannot_be_executed_is_126(self):
        path = os.path.join(self.scratch(), "text")
        with open(path, "w", encoding="ascii") as file:
            file.write("no program\n")
        done = finished([BIN, "run", "--", path])
        self.assertEqual(done.popen.returncode, 126)
        self.assertRegex(done.stderr.bytes().decode(),
                         "(?m)^memscope: .*[Pp]ermission denied")

    def test_a_static_program_runs_and_is_said_to_be_unwatched(self):
        done = finished([BIN, "run", "--", target("static_link"), "exit", "7"])
        self.assertEqual(done.popen.returncode, 7)
        self.assertRegex(done.stderr.bytes().decode(),
                         "(?m)^memscope: .*static")


class Signals(TestCase):

    def test_signals_to_memscope_reach_the_program(self):
        with Memscope(target("signals")) as memscope:
            self.assertEqual(memscope.line(), "ready")
            for number, name in enumerate(("HUP", "USR1", "USR2", "QUIT"), 1):
                os.kill(memscope.pid, getattr(signal, "SIG" + name))
                self.assertEqual(memscope.line(number), "got " + name)
            os.kill(memscope.pid, signal.SIGTERM)
            self.assertEqual(memscope.line(5), "got TERM")
            self.assertEqual(memscope.wait(), 40)

    def test_ctrl_c_reaches_the_program_and_its_code_comes_back(self):
        with Memscope(target("signals")) as memscope:
            self.assertEqual(memscope.line(), "ready")
            memscope.interrupt()
            self.assertEqual(memscope.wait(), 41)
            self.assertIn("got INT", memscope.stdout.all().decode())
            self.assertIn("ran ", memscope.own_stderr())

    def test_ctrl_c_on_a_terminal_arrives_once(self):
        master, slave = pty.openpty()
        self.addCleanup(os.close, master)

        def own_terminal():
            os.setsid()
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
        count = "trap 'n=$((n+1))' INT; n=0; echo ready; " \
                "while [ $n -lt 1 ]; do sleep 0.05; done; sleep 0.2; exit $n"
        process = subprocess.Popen(
            [BIN, "run", "--", "/bin/sh", "-c", count], stdin=slave,
            stdout=slave, stderr=slave, preexec_fn=own_terminal)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        os.close(slave)
        text = bytearray()
        while b"ready" not in text:
            text += os.read(master, 4096)
        os.write(master, b"\x03")
        # Whoever writes to a terminal that nobody reads may wait for ever.
        while True:
            try:
                if not os.read(master, 4096):
                    break
            except OSError:
                break
        self.assertEqual(process.wait(60), 1)

    def test_a_program_without_handlers_dies_of_ctrl_c(self):
        with Memscope("/bin/sleep", "600") as memscope:
            memscope.program_pid()
            memscope.interrupt()
            self.assertEqual(memscope.wait(), -signal.SIGINT)

    def test_ignored_and_blocked_signals_are_inherited(self):
        script = "grep -E '^Sig(Blk|Ign)' /proc/self/status"
        outer = "trap '' USR2; exec "
        bare = finished(["/bin/sh", "-c", outer + "/bin/sh -c '%s'"
                         % script.replace("'", "'\\''")])
        watched = finished(["/bin/sh", "-c", outer + "%s run -- /bin/sh -c "
                            "'%s'" % (BIN, script.replace("'", "'\\''"))])
        self.assertEqual(watched.stdout.bytes(), bare.stdout.bytes())
        self.assertIn(b"SigIgn", bare.stdout.bytes())


class Options(TestCase):

    def test_bad_flags_are_2_and_say_why(self):
        for flags in (["--no-such-flag", "true"], ["--port"],
                      ["--port", "seventy", "--", "true"],
                      ["--port", "70000", "--", "true"], [], ["--"]):
            with self.subTest(flags=flags):
                done = finished([BIN, "run", *flags])
                self.assertEqual(done.popen.returncode, 2)
                self.assertTrue(done.stderr.lines()[0].startswith(LINE))
                self.assertEqual(done.stdout.bytes(), b"")

    def test_without_a_command_the_usage_is_shown(self):
        for arguments in ([], ["no-such-command"]):
            done = finished([BIN, *arguments])
            self.assertEqual(done.popen.returncode, 2)
            self.assertIn(b"usage: memscope run", done.stderr.bytes())

    def test_version_is_said_on_stdout(self):
        done = finished([BIN, "version"])
        self.assertEqual(done.popen.returncode, 0)
        self.assertRegex(done.stdout.bytes().decode(),
                         r"^memscope \d+\.\d+\.\d+\n$")

    def taken_port(self):
        listener = socket.socket()
        self.addCleanup(listener.close)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        return listener.getsockname()[1]

    def test_a_taken_port_that_was_asked_for_is_an_error(self):
        port = self.taken_port()
        marker = os.path.join(self.scratch(), "ran")
        done = finished([BIN, "run", "--port", str(port), "--",
                         "/usr/bin/touch", marker])
        self.assertEqual(done.popen.returncode, 125)
        self.assertIn("memscope: port %d is in use" % port,
                      done.stderr.bytes().decode())
        self.assertFalse(os.path.exists(marker), "the program must not run")

    def test_the_next_free_port_is_taken_and_said(self):
        with Memscope("/bin/cat") as first, Memscope("/bin/cat") as second:
            self.assertNotEqual(first.port, second.port)
            self.assertGreater(second.port, 7070)
            self.assertIn("port 7070 is in use", second.own_stderr())
            session = wait_until("the session", second.session)
            self.assertEqual(session["command"].split(), ["/bin/cat"])
            for memscope in (first, second):
                memscope.close_stdin()
                self.assertEqual(memscope.wait(), 0)

    def test_the_port_that_was_asked_for_is_used(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        with Memscope("/bin/cat", flags=["--port", str(port)]) as memscope:
            self.assertEqual(memscope.port, port)
            memscope.close_stdin()
            self.assertEqual(memscope.wait(), 0)

    def test_the_page_ends_with_the_program_and_stays_with_keep_open(self):
        with Memscope("/bin/true", flags=["--keep-open"]) as memscope:
            session = memscope.wait_ended()
            self.assertEqual((session["end_reason"], session["exit_code"]),
                             ("exit", 0))
            wait_until("the word that the page stays",
                       lambda: "the page stays" in memscope.own_stderr())
            memscope.interrupt()
            self.assertEqual(memscope.wait(), 0)

    def test_an_address_of_another_machine_is_refused(self):
        done = finished([BIN, "run", "--bind", "192.0.2.1", "--", "/bin/true"])
        self.assertNotEqual(done.popen.returncode, 0)
        self.assertTrue(done.stderr.lines()[0].startswith(LINE))


if __name__ == "__main__":
    main()

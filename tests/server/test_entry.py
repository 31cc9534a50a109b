#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The ways in as the command, the environment and a linked program's options
give them: a Unix socket, a token, who became root by sudo, read-only."""

import os
import re
import subprocess
import unittest

import server_test
from memscope_test import (BIN, DEMO, LINKED, Api, Memscope, Process, target,
                           wait_until)
from strangers import NOBODY, Stranger

TOKEN = "correct-horse-battery-staple"
as_root = unittest.skipUnless(os.geteuid() == 0,
                              "needs root to be somebody else")
OPTIONS = target("linked_options")


class Entry(server_test.TestCase):
    def token_file(self, owner=None):
        path = os.path.join(self.scratch(), "token")
        with open(path, "w", encoding="ascii") as f:
            f.write(TOKEN + "\n")
        os.chmod(path, 0o600)
        if owner is not None:
            os.chown(path, owner, owner)
            os.chmod(os.path.dirname(path), 0o755)
        return path

    def status_for(self, port, uid=NOBODY, *headers):
        """What another user gets at the port."""
        head = "\r\n".join(["GET /api/v1/status HTTP/1.1",
                            "Host: localhost:%d" % port, "Connection: close",
                            *headers, "", ""])
        with Stranger(uid) as stranger:
            return stranger.ask(["127.0.0.1", port], head.encode())[0]

    @as_root
    def test_who_became_root_by_sudo_is_let_in(self):
        with Memscope(DEMO, flags=("--port", "0"),
                      env={"SUDO_UID": str(NOBODY)}) as scope:
            self.assertEqual(self.status_for(scope.port), 200)
            self.assertEqual(self.status_for(scope.port, 1), 403)

    @as_root
    def test_only_a_number_says_who(self):
        for value in ("", "-1", "0x1", "nobody", "4294967295", "65534 ",
                      "18446744073709486081"):
            with self.subTest(value), Memscope(
                    DEMO, flags=("--port", "0"),
                    env={"SUDO_UID": value}) as scope:
                self.assertEqual(self.status_for(scope.port), 403)

    @as_root
    def test_a_linked_program_does_not_look_at_sudo(self):
        # A daemon's may be left over from whoever started it.
        with Process([LINKED], env={"SUDO_UID": str(NOBODY)}) as linked:
            url = re.search(r"at (http://[^;]+);", linked.line()).group(1)
            self.assertEqual(self.status_for(Api(url).port), 403)

    def run_by_socket(self, path, *flags, env=None):
        scope = Process([BIN, "run", *flags, "--", DEMO], env=env)
        self.addCleanup(scope.__exit__)
        wait_until("its line", lambda: b"at unix:%s\n" % path.encode()
                   in scope.stderr.bytes())
        return scope

    def ask(self, *command, env=None, uid=None):
        prefix = [] if uid is None else [
            "setpriv", "--reuid=%d" % uid, "--clear-groups"]
        done = subprocess.run(
            [*prefix, BIN, *command], stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, check=False, text=True,
            env={**os.environ, **(env or {})})
        return done.returncode, done.stdout, done.stderr

    def test_the_command_asks_by_the_socket(self):
        path = os.path.join(self.scratch(), "s")
        saved = os.path.join(self.scratch(), "saved.json")
        self.run_by_socket(path, "--unix", path)
        for env, by in ((None, ("--unix", path)),
                        ({"MEMSCOPE_UNIX": path}, ())):
            # The first tick brings the first session.
            wait_until("a snapshot", lambda: self.ask(
                "snapshot", *by, "-o", saved, "first", env=env)[0] == 0)
            status, out, err = self.ask("query", *by, "SELECT 6 * 7 AS n",
                                        env=env)
            self.assertEqual((status, out.split()), (0, ["n", "42"]), err)
            status, out, err = self.ask("diff", *by, "1", saved, env=env)
            self.assertEqual(status, 0, err)
        status, _, err = self.ask("query", "--unix", path + "x", "SELECT 1")
        self.assertEqual(status, 1)
        self.assertIn("no memscope answers at %sx: No such file" % path, err)

    def test_the_environment_is_as_the_options(self):
        path = os.path.join(self.scratch(), "s")
        self.run_by_socket(path, env={"MEMSCOPE_UNIX": path,
                                      "MEMSCOPE_READ_ONLY": "1"})
        wait_until("it to answer", lambda: self.ask(
            "query", "--unix", path, "SELECT 1")[0] == 0)
        status, _, err = self.ask("snapshot", "--unix", path)
        self.assertEqual(status, 1)
        self.assertIn("memscope: this server is read-only", err)
        # An option goes before; a port is one.
        with Memscope(DEMO, flags=("--port", "0", "--bind", "127.0.0.1"),
                      env={"MEMSCOPE_BIND": "::1",
                           "MEMSCOPE_READ_ONLY": "0"}) as scope:
            scope.settle()
            self.assertIs(scope.status()["read_only"], False)

    @as_root
    def test_a_token_lets_another_users_command_in(self):
        mine, theirs = self.token_file(), self.token_file(NOBODY)
        with Memscope(DEMO, flags=("--port", "0", "--token-file",
                                   mine)) as scope:
            self.assertNotIn("token", scope.own_stderr())
            ask = ("query", "--port", str(scope.port), "SELECT 1 AS n")
            status, _, err = self.ask(*ask, uid=NOBODY)
            self.assertEqual(status, 1)
            self.assertIn("memscope: a token is needed", err)
            status, out, err = self.ask(*ask[:3], "--token-file", theirs,
                                        ask[3], uid=NOBODY)
            self.assertEqual((status, out.split()), (0, ["n", "1"]), err)
            status, out, err = self.ask(
                *ask, uid=NOBODY, env={"MEMSCOPE_TOKEN_FILE": theirs})
            self.assertEqual((status, out.split()), (0, ["n", "1"]), err)

    def test_a_token_that_was_made_is_said_once(self):
        with Memscope("/bin/true", flags=("--port", "0", "--bind", "0.0.0.0",
                                          "--keep-open")) as scope:
            wait_until("the end", lambda: "stays at" in scope.own_stderr())
            said = scope.own_stderr()
            token = re.search(r"at http://localhost:%d/\?token=([0-9a-f]{32})\n"
                              % scope.port, said).group(1)
            self.assertEqual(said.count(token), 1)
            self.assertIn("stays at http://localhost:%d/ until" % scope.port,
                          said)
            with open("/proc/%d/cmdline" % scope.pid, "rb") as f:
                self.assertNotIn(token.encode(), f.read())

    def test_what_cannot_be_is_said_before_the_program_runs(self):
        for flags, why in (
                (("--token-file", "/nowhere"), "/nowhere: No such file"),
                (("--allow-host", "a b"), "hosts to allow are NAME"),
                (("--unix", "/nowhere/s"), "/nowhere/s: No such file"),
                (("--unix", "/dev/null"), "it is there, and is no socket"),
                (("--bind", "example.com"), "neither localhost nor an address"),
        ):
            with self.subTest(flags), Process(
                    [BIN, "run", *flags, "--", "/bin/echo", "ran"]) as run:
                self.assertEqual(run.wait(), 125)
                self.assertEqual(run.stdout.all(), b"")
                self.assertIn("memscope: ", run.stderr.all().decode())
                self.assertIn(why, run.stderr.all().decode())

    def linked(self, *options, env=None):
        process = Process([OPTIONS, *options], env=env)
        self.addCleanup(process.__exit__)
        return process, process.line()

    @as_root
    def test_a_linked_program_has_the_same_options(self):
        _, said = self.linked("token_file=" + self.token_file(),
                              "read_only=1", "allow_hosts=scope.example")
        api = Api(said.split()[-1])
        self.assertIs(api.status()["read_only"], True)
        self.assertEqual(self.status_for(api.port), 401)
        bearer = "Authorization: Bearer " + TOKEN
        self.assertEqual(self.status_for(api.port, NOBODY, bearer), 200)
        path = os.path.join(self.scratch(), "s")
        _, said = self.linked("unix_path=" + path)
        self.assertTrue(said.endswith(" unix:" + path), said)
        _, said = self.linked(env={"MEMSCOPE_BIND": "0.0.0.0"})
        self.assertRegex(said, r"\?token=[0-9a-f]{32}$")
        _, said = self.linked("bind=127.0.0.1",
                              env={"MEMSCOPE_BIND": "0.0.0.0"})
        self.assertTrue(said.split()[-1].startswith("http://127.0.0.1:"))
        process, said = self.linked("token_file=/nowhere")
        self.assertNotIn("http", said)
        self.assertIn("memscope: /nowhere: No such file",
                      process.stderr.bytes().decode())

    def test_a_linked_program_takes_its_socket_with_it(self):
        path = os.path.join(self.scratch(), "s")
        process, _ = self.linked("unix_path=" + path)
        self.assertTrue(os.path.exists(path))
        process.close_stdin()
        self.assertEqual(process.wait(), 0)
        self.assertFalse(os.path.exists(path))


if __name__ == "__main__":
    server_test.main()

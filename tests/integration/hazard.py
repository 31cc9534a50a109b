# SPDX-License-Identifier: MIT
"""A program that is run twice: bare, and under memscope; what it says and how
it ends must be the same, and memscope must have seen what it did."""

import json
import os
import subprocess
import tempfile

from memscope_test import (BIN, LINE, Memscope, TestCase, run_bare, say,
                           wait_until)

EXACT = ("live_blocks", "live_bytes", "alloc_count", "alloc_bytes",
         "free_count", "free_bytes")


class Hazard(TestCase):

    def watched(self, command, env=None, flags=()):
        """Runs a command under memscope, by itself: (status, stdout, the
        program's stderr, memscope's lines). Through files, not pipes: what
        goes on in the background keeps those open."""
        environment = dict(os.environ)
        environment.update(env or {})
        with tempfile.TemporaryFile() as out, \
                tempfile.TemporaryFile() as err:
            done = subprocess.run(
                [BIN, "run", *flags, "--", *command], stdout=out, stderr=err,
                stdin=subprocess.DEVNULL, env=environment, timeout=300,
                check=False)
            out.seek(0)
            err.seek(0)
            stdout, lines = out.read(), err.read().decode().splitlines(True)
        own = "".join(l for l in lines if l.startswith(LINE))
        others = "".join(l for l in lines if not l.startswith(LINE))
        return done.returncode, stdout, others, own

    def harmless(self, command, env=None, flags=()):
        """The same bare and watched; gives memscope's lines."""
        code, stdout, stderr = run_bare(command, env)
        watched = self.watched(command, env, flags)
        self.assertEqual(watched[0], code, watched)
        self.assertEqual(watched[1], stdout)
        self.assertEqual(watched[2], stderr.decode())
        return watched[3]

    def picture_of(self, command, code, env=None, flags=(), check=None):
        """Runs a command to its end under memscope, and gives what it said
        and the last picture of it."""
        with Memscope(*command, env=env,
                      flags=["--keep-open", *flags]) as memscope:
            memscope.close_stdin()
            session = memscope.wait_ended()
            wait_until("the word that the page stays",
                       lambda: "the page stays" in memscope.own_stderr())
            picture = memscope.named_picture()
            picture.check_sums(self)
            if check is not None:
                check(memscope)
            memscope.interrupt()
            self.assertEqual(memscope.wait(), code)
            self.assertEqual(memscope.program_stderr(), "")
            self.assertEqual(session["exit_code"], code)
            return memscope.stdout.all().decode(), picture

    def exact(self, command, code=0, env=None, same=True):
        """Watched, the program says the same as bare, and memscope says the
        same as the program."""
        bare, stdout, stderr = run_bare(command, env)
        self.assertEqual((bare, stderr), (code, b""))
        text, picture = self.picture_of(command, code, env)
        if same:
            self.assertEqual(text, stdout.decode())
        stated = json.loads(text.splitlines()[-1])
        measured = picture.sum(stated["functions"])
        self.assert_counts(measured, stated, EXACT)
        capture = picture.stats["capture"]
        self.assertEqual((capture["dropped_allocs"], capture["dropped_frees"],
                          capture["damaged"]), (0, 0, 0))
        say("%s: exit %d, %d blocks and %d bytes live, %d frees, as it says" % (
            " ".join([os.path.basename(command[0]), *command[1:3]]), code,
            measured["live_blocks"], measured["live_bytes"],
            measured["free_count"]))
        return stated, picture

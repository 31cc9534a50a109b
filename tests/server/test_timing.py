#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How long a token is compared says nothing of how much of it was right: the
very number of instructions is the same. Counted, not timed."""

import os
import re
import shutil
import subprocess
import unittest

import server_test

TOKEN = "correct-horse-battery-staple-0123456789"


@unittest.skipUnless(shutil.which("valgrind"), "needs valgrind")
class Timing(server_test.TestCase):
    def steps(self, given):
        done = subprocess.run(
            ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
             "--toggle-collect=ms_token_equal",
             os.path.join(server_test.BUILD, "tests/server/token_steps"),
             TOKEN, given], stderr=subprocess.PIPE, check=False, text=True)
        self.assertEqual(done.returncode, 0 if given == TOKEN else 1)
        return int(re.search(r"Collected : (\d+)", done.stderr).group(1))

    def test_every_guess_takes_the_same_steps(self):
        n = len(TOKEN)
        counts = {right: self.steps(TOKEN[:right] + "#" * (n - right))
                  for right in (0, 1, 2, n // 2, n - 1, n)}
        server_test.say("instructions by characters that were right: %s"
                        % counts)
        self.assertGreater(counts[n], 129, "it was counted at all")
        self.assertEqual(len(set(counts.values())), 1)


if __name__ == "__main__":
    server_test.main()

# SPDX-License-Identifier: MIT
"""At least 10 000 random streams of events: every picture, delta and snapshot
of the engine's is what a replay of the same events says."""

import os
import subprocess
import sys
import unittest

from replay import replay

BUILD = os.environ.get("MEMSCOPE_BUILD", "build/dev")
STREAMS = int(os.environ.get("MEMSCOPE_STREAMS", "10000"))
FIRST = int(os.environ.get("MEMSCOPE_SEED", "1"))


class Streams(unittest.TestCase):
    def test_streams_are_what_they_are_when_replayed(self):
        with subprocess.Popen(
                [os.path.join(BUILD, "tests/replay/streams"), str(FIRST),
                 str(STREAMS)], stdout=subprocess.PIPE, text=True) as made:
            streams, events, pictures = replay(made.stdout)
        self.assertEqual(made.returncode, 0)
        self.assertEqual(streams, STREAMS)
        print("    %d streams from seed %d, %d events, %d pictures" % (
            streams, FIRST, events, pictures), flush=True)


if __name__ == "__main__":
    unittest.main(verbosity=2, argv=sys.argv[:1])

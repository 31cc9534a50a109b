#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Ten good viewers beside a thousand bad ones, 200 of each kind: the good ones
get what they got without them, and the server's memory is bounded."""

import os
import resource
import signal
import statistics
import sys
import time

import server_test
from server_test import Host, Process, proc_status_kib, say, wait_until
from ws_client import Viewer

KINDS = ("ackless", "stopped", "half-open", "slow", "flooding")
EACH = 40 if server_test.SANITIZER else 200
GOOD = 10
ROUNDS = 40
VIEWER_KIB = 32  # what one may cost the server
PAYLOADS_KIB = 65536  # and what all of them together have yet to read


class Crowd(Process):
    def __init__(self, server, kind, count):
        Process.__init__(self, [
            sys.executable,
            os.path.join(os.path.dirname(__file__), "bad_viewers.py"),
            str(server.port), kind, str(count)])
        self.kind = kind


class BadViewers(server_test.TestCase):
    @classmethod
    def setUpClass(cls):
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(8192, hard), hard))

    def look(self, viewers):
        """(messages per tick of the worst of them, median lag in ms)"""
        lags, begin = [], [viewer.seq for viewer in viewers]
        for _ in range(ROUNDS):
            for viewer in viewers:
                message = viewer.next()
                lags.append(time.time() * 1000 - message["ts"]
                            - viewer.hello["start_ms"])
        share = min(ROUNDS / (viewer.seq - was)
                    for viewer, was in zip(viewers, begin))
        return share, statistics.median(lags)

    def test_good_viewers_do_not_notice_a_thousand_bad_ones(self):
        server = Host(str(len(KINDS) * EACH + GOOD + 50))
        self.addCleanup(server.__exit__)
        server.tell("sites 300")
        server.tell("busy 20")
        good = [Viewer(server) for _ in range(GOOD)]
        for viewer in good:
            self.addCleanup(viewer.__exit__)
            viewer.subscribe(site={"n": 60}, th={"n": 60}, hist=True)
            viewer.next()
        alone = self.look(good)
        before = proc_status_kib(server.pid, "VmRSS")
        steps = server.tell("steps")
        ticks = good[0].seq
        crowds = [Crowd(server, kind, EACH) for kind in KINDS]
        for crowd in crowds:
            self.addCleanup(crowd.__exit__)
        most = 0
        while not all(crowd.stdout.lines() for crowd in crowds):
            most = max(most, server.status()["monitor"]["clients"])
            for crowd in crowds:
                self.assertIsNone(crowd.popen.poll(), crowd.stderr.bytes())
            for viewer in good:  # who is served all the time
                viewer.next()
        for crowd in crowds:
            if crowd.kind == "stopped":
                os.killpg(crowd.pid, signal.SIGSTOP)
        self.look(good)
        settled = proc_status_kib(server.pid, "VmRSS")
        beside = self.look(good)
        after = proc_status_kib(server.pid, "VmRSS")
        steps = (server.tell("steps") - steps) / (good[0].seq - ticks)
        clients = server.status()["monitor"]["clients"]
        say("%d viewers, %d in the end; messages per tick: %.2f, %.2f without; "
            "lag: %.0f ms, %.0f without; %.1f KiB a bad viewer, %d KiB grown "
            "since; %.1f steps of the program per tick" % (
                most, clients, beside[0], alone[0], beside[1], alone[1],
                (after - before) / (clients - GOOD), after - settled, steps))
        # Those that flood come and go; who is silent goes after 40 s.
        self.assertGreater(most, (len(KINDS) - 2) * EACH)
        self.assertGreater(beside[0], alone[0] / 3)
        self.assertLess(beside[1], 5 * alone[1] + 500)
        if not server_test.SANITIZER:
            self.assertLess(after - before,
                            PAYLOADS_KIB + VIEWER_KIB * len(KINDS) * EACH)
        for viewer in good:
            self.assertEqual(sorted(viewer.core),
                             list(range(1, viewer.seq + 1)))
        for crowd in crowds:
            crowd.__exit__()
        wait_until("the bad ones to be forgotten", lambda: server.status()[
            "monitor"]["clients"] <= GOOD)
        server.stop()


if __name__ == "__main__":
    server_test.main()

#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Children of a program that is linked with memscope: they never keep its
port, they end as they want to, and one may open a page of its own."""

import os
import signal
import socket

from memscope_test import (Api, Process, TestCase, main, target, wait_until)

VICTIM = target("linked_fork")


def answers(port):
    """Whether somebody listens at the port."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=10).close()
    except ConnectionRefusedError:
        return False
    return True


def is_there(pid):
    try:
        with open("/proc/%d/stat" % pid, encoding="ascii") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


class LinkedFork(TestCase):

    def check(self, how):
        with Process([VICTIM, how]) as process:
            port = Api(process.json_line(0)["url"]).port
            stays = process.json_line(1)["stays"]
            self.assertEqual(process.wait(), 25)
            self.assertTrue(is_there(stays))
            self.assertFalse(answers(port), "the child keeps the port")
            self.assertEqual(process.stderr.bytes(), b"")

    def test_a_forked_child_does_not_keep_the_port(self):
        self.check("fork")

    def test_nor_does_one_that_was_forked_behind_libcs_back(self):
        self.check("raw")

    def test_a_daemon_opens_its_page_after_it_has_forked(self):
        with Process([VICTIM, "late"]) as process:
            stated = process.json_line()
            self.addCleanup(self.end, stated["pid"])
            self.assertEqual(process.wait(), 0)  # the parent of the daemon
            api = Api(stated["url"])
            picture = api.named_picture()
            self.assertEqual(picture.stats["pid"], stated["pid"])
            picture.check_sums(self)
            self.assert_counts(picture.sum(stated["functions"]), stated,
                               ("live_blocks", "live_bytes"))
            process.write(b"\n")
            wait_until("the daemon's end", lambda: not is_there(stated["pid"]))

    def end(self, pid):
        """daemon() has left our process group."""
        if is_there(pid):
            os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    main()

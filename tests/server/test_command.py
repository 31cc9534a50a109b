#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Where `memscope run` listens, and what it says when it cannot: ports that
are taken, addresses that are not loopback; and that both address families
are served."""

import json
import os
import socket
import unittest

import server_test
from memscope_test import BIN, DEMO, Memscope, Process, target, wait_until
from ws_client import Refused, Viewer

DEFAULT_PORT = 7070


def take(port):
    """Takes a port on IPv4 or finds it taken; None then."""
    try:
        return socket.create_server(("127.0.0.1", port))
    except OSError:
        return None


class Listening(server_test.TestCase):
    def refused(self, *flags):
        with Process([BIN, "run", *flags, "--", "/bin/echo", "ran"]) as run:
            status = run.wait()
            return status, run.stdout.all(), run.stderr.all().decode()

    def test_a_taken_default_port_is_said_and_the_next_one_used(self):
        # Ours, or somebody else's, who may let it go at any time.
        for _ in range(20):
            taken = take(DEFAULT_PORT)
            with Memscope(DEMO) as scope:
                if taken is None and scope.port == DEFAULT_PORT:
                    continue
                self.assertGreater(scope.port, DEFAULT_PORT)
                self.assertLess(scope.port, DEFAULT_PORT + 100)
                self.assertIn("port %d is in use, taking %d" % (
                    DEFAULT_PORT, scope.port), scope.own_stderr())
                scope.settle()
                self.assertEqual(scope.status()["session"], 1)
            if taken is not None:
                taken.close()
            return
        self.fail("the default port could not be held")

    def test_a_taken_fixed_port_is_an_error(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            status, out, err = self.refused("--port", str(port))
        self.assertNotEqual(status, 0)
        self.assertEqual(out, b"", "the program was not started")
        self.assertIn("memscope: port %d is in use" % port, err)

    @unittest.skipUnless(socket.has_ipv6, "needs IPv6")
    def test_a_port_taken_on_ipv6_alone_is_taken(self):
        with socket.create_server(("::1", 0), family=socket.AF_INET6) as taken:
            port = taken.getsockname()[1]
            status, out, err = self.refused("--port", str(port))
        self.assertNotEqual(status, 0)
        self.assertEqual(out, b"")
        self.assertIn("port %d is in use" % port, err)

    def test_what_is_no_address_is_refused(self):
        for address in ("example.com", "", "127.0.0.1.evil.com", "localhost6",
                        "0177.0.0.1", "127.1", "2130706433", "[::1]",
                        "::ffff:127.0.0.1", "127.0.0.1:7070", "fe80::1%lo"):
            with self.subTest(address):
                status, out, err = self.refused("--port", "0", "--bind",
                                                address)
                self.assertNotEqual(status, 0)
                self.assertEqual(out, b"", "the program was not started")
                self.assertIn("will not listen on %s" % address, err)

    def test_an_address_of_another_machine_is_said(self):
        status, out, err = self.refused("--port", "0", "--bind", "192.0.2.77")
        self.assertNotEqual(status, 0)
        self.assertEqual(out, b"", "the program was not started")
        self.assertIn("memscope: 192.0.2.77: ", err)

    def connects(self, address, port):
        try:
            socket.create_connection((address, port), timeout=5).close()
            return True
        except ConnectionRefusedError:
            return False

    def test_both_families_or_the_one_asked_for(self):
        for flags, v4, v6 in (((), True, True),
                              (("--bind", "localhost"), True, True),
                              (("--bind", "127.0.0.1"), True, False),
                              (("--bind", "::1"), False, True),
                              (("--bind", "127.0.0.2"), False, False)):
            with self.subTest(flags), Memscope(
                    DEMO, flags=("--port", "0", *flags)) as scope:
                scope.settle()
                self.assertEqual(self.connects("127.0.0.1", scope.port), v4)
                self.assertEqual(self.connects("::1", scope.port), v6)

    def test_so_many_viewers_come_in_as_was_said(self):
        with Memscope(DEMO, flags=["--max-viewers", "2"]) as scope:
            scope.settle()
            scope.connect = lambda receive_buffer=None: \
                socket.create_connection(("127.0.0.1", scope.port), 60)
            scope.head = server_test.Host.head.__get__(scope)
            with Viewer(scope), Viewer(scope):
                with self.assertRaises(Refused) as refused:
                    Viewer(scope)
                self.assertEqual(refused.exception.status, 503)
        for none in ("0", "-1", "1e3", "100001"):
            status, out, err = self.refused("--max-viewers", none)
            self.assertEqual((status, out), (2, b""), err)

    def test_nothing_is_heard_but_on_loopback(self):
        with Memscope(DEMO, flags=("--port", "0")) as scope:
            wanted = {"0100007F:%04X" % scope.port,
                      "00000000000000000000000001000000:%04X" % scope.port}
            heard = set()
            for name in ("tcp", "tcp6"):
                with open("/proc/net/" + name, encoding="ascii") as f:
                    for line in list(f)[1:]:
                        local, state = line.split()[1], line.split()[3]
                        if state == "0A" and local.endswith(
                                ":%04X" % scope.port):
                            heard.add(local)
            self.assertLessEqual(heard, wanted)
            self.assertIn("0100007F:%04X" % scope.port, heard)


class Delayed(server_test.TestCase):
    """What answers is loaded when somebody comes."""

    COMMAND = ["/bin/sh", "-c", "read line; echo said; exit 3"]

    def loaded(self, scope):
        with open("/proc/%d/maps" % scope.pid, encoding="ascii") as f:
            text = f.read()
        return [name in text for name in
                ("libmicrohttpd.so", "libwebsockets.so", "libgnutls.so")]

    def test_the_first_who_comes_has_it_loaded(self):
        with Memscope(*self.COMMAND) as scope:
            wait_until("the program's pid",
                       lambda: "watching" in scope.own_stderr())
            self.assertEqual(self.loaded(scope), [False] * 3)
            scope.status()
            self.assertEqual(self.loaded(scope), [True] * 3)
            scope.close_stdin()
            self.assertEqual(scope.wait(), 3)

    def test_without_a_library_there_is_no_page_and_all_else(self):
        directory = self.scratch()
        library = os.path.join(directory, "libmicrohttpd.so.12")
        with open(library, "wb") as f:
            f.write(b"no library")
        env = {"LD_LIBRARY_PATH": directory}
        with Memscope(*self.COMMAND, env=env) as scope:
            for _ in range(2):
                status, _, body = scope.request("GET", "/api/v1/status")
                self.assertEqual(status, 503)
                self.assertEqual(json.loads(body)["error"]["code"],
                                 "unavailable")
            os.unlink(library)  # it is there the next time
            self.assertEqual(scope.status()["session"], 1)
            scope.close_stdin()
            self.assertEqual(scope.wait(), 3)
            self.assertEqual(scope.stdout.all(), b"said\n")
            self.assertEqual(scope.own_stderr().count(
                "no page: " + library), 2, scope.own_stderr())


class Watched(Memscope):
    """With a page that a Viewer can look at."""

    connect, head = server_test.Host.connect, server_test.Host.head


class Sites(server_test.TestCase):
    def test_a_site_that_only_maps_is_no_row_of_the_page(self):
        with Watched(target("mappings"), flags=("--port", "0")) as scope:
            scope.json_line()
            scope.settle()
            with Viewer(scope) as viewer:
                viewer.subscribe(site={"n": 500})
                viewer.next()
                shown = viewer.rows("site")
                self.assertEqual(viewer.total, len(shown))
                self.assertGreater(len(shown), 0)
                all_sites = scope.table("sites")["rows"]
                self.assertLess(len(shown), len(all_sites))
                ids = {row["id"] for row in shown}
                for row in all_sites:
                    if row["alloc_count"] == 0:
                        self.assertNotIn(row["id"], ids)
            scope.close_stdin()
            self.assertEqual(scope.wait(), 0)


if __name__ == "__main__":
    server_test.main()

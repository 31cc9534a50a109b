#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A program that is linked with memscope serves its own page, and nothing
that the server does appears in the program's numbers."""

import re

from memscope_test import (LINKED, Api, Process, TestCase, main, say,
                           wait_until)

FOREIGN = re.compile(
    r"lib(memscope|microhttpd|websockets|jansson|dw|elf|crypto|ssl|gnutls)")


class Linked(Process, Api):
    """The linked example, with its page listening."""

    def __init__(self):
        Process.__init__(self, [LINKED])
        Api.__init__(self, re.search(r"at (http://[^;]+);",
                                     self.line()).group(1))


class LinkedExample(TestCase):

    def test_only_the_programs_own_blocks_are_counted(self):
        with Linked() as linked:
            self.visit(linked)
            picture = linked.named_picture()
            picture.check_sums(self)
            own = picture.sum(["ledger_grow"])
            self.assertEqual(own["live_blocks"], 321)
            self.assertEqual(own["live_bytes"], 321 * 1234)
            for site in picture.sites:
                self.assertIsNone(FOREIGN.search(site["module"]), site)
            say("others: %s" % picture.others(["ledger_grow"]))

    def visit(self, linked):
        """Every kind of work that the server does for a viewer."""
        for path in ("/status", "/sessions", "/stats", "/threads", "/sites",
                     "/history", "/histograms", "/modules", "/allocations",
                     "/snapshots", "/openapi.json"):
            linked.get(path)
        status, _, _ = linked.post("/snapshots", {"name": "inside"})
        self.assertEqual(status, 201)
        self.assertEqual(linked.request("GET", "/")[0], 200)

    def test_serving_changes_no_number(self):
        with Linked() as linked:
            linked.settle()
            before = linked.stats()["heap"]
            for _ in range(50):
                self.visit_once(linked)
            linked.settle()
            after = linked.stats()["heap"]
            self.assertEqual(after["alloc_count_total"],
                             before["alloc_count_total"])
            self.assertEqual(after["live_bytes"], before["live_bytes"])

    def visit_once(self, linked):
        linked.get("/sites")
        linked.get("/allocations")
        linked.request("GET", "/")

    def test_the_page_says_that_it_is_embedded_and_who_it_is(self):
        with Linked() as linked:
            status = linked.status()
            self.assertTrue(status["monitor"]["embedded"])
            session = wait_until("the session", linked.session)
            self.assertEqual(session["pid"], linked.pid)
            self.assertTrue(session["exe"].endswith("/linked"))
            linked.write(b"\n")
            self.assertEqual(linked.wait(), 0)


if __name__ == "__main__":
    main()

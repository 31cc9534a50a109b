# SPDX-License-Identifier: MIT
"""What C++ objects the blocks of a running program are, without a word from
it: each known class is counted to the byte, and nothing is taken for what it
is not."""

import os
import shutil

from memscope_test import Memscope, TestCase, main, say, target, wait_until


class Types(TestCase):
    def start(self, strip=False):
        directory = self.scratch()
        # The same plugin twice: one is closed again, one stays.
        paths = []
        for name in ("gone.so", "stays.so"):
            paths.append(os.path.join(directory, name))
            shutil.copy(target("plugin_types.so"), paths[-1])
        program = target("types")
        if strip:
            program = os.path.join(directory, "types")
            os.system("strip -o %s %s" % (program, target("types")))
        memscope = Memscope(program, *paths)
        self.addCleanup(memscope.__exit__)
        return memscope, memscope.json_line()

    def measured(self, memscope):
        memscope.settle()
        return memscope.get("/types")["measured"]

    def check(self, memscope, stated):
        def rows():
            return {row["name"]: row
                    for row in self.measured(memscope)["rows"]
                    if row["type_from"] == "vtable"}
        # One just made is not held against the others: wait until all count.
        wait_until("all classes", lambda: set(stated) <= set(rows()))
        for name, row in rows().items():
            if name.startswith("std::"):
                continue  # the C++ runtime's own
            self.assertIn(name, stated)
            self.assert_counts(row, stated[name],
                               ("live_blocks", "live_bytes"))
        measured = self.measured(memscope)
        heap = memscope.stats()["heap"]
        for what in ("bytes", "blocks"):
            self.assertEqual(
                sum(row["live_" + what] for row in measured["rows"])
                + measured["unknown_" + what], heap["live_" + what])
        self.assertTrue(measured["complete"])
        say("%d classes, %d blocks of none that is known" % (
            len(measured["rows"]), measured["unknown_blocks"]))

    def test_classes_are_counted(self):
        memscope, stated = self.start()
        self.check(memscope, stated)

    def test_without_symbols(self):
        memscope, stated = self.start(strip=True)
        self.check(memscope, stated)

    def test_an_ended_program_has_none(self):
        with Memscope("true", flags=["--keep-open"]) as memscope:
            memscope.wait_ended()
            measured = memscope.get("/types")["measured"]
            self.assertFalse(measured["vtables"])
            self.assertEqual([row for row in measured["rows"]
                              if row["type_from"] == "vtable"], [])


if __name__ == "__main__":
    main()

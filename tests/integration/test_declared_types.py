# SPDX-License-Identifier: MIT
"""Of what types blocks are by the debug information of those who allocate
them: counted to the byte where it says so, and unknown where it does not."""

from memscope_test import Memscope, TestCase, main, say, target, wait_until


class DeclaredTypes(TestCase):
    def start(self, name):
        memscope = Memscope(target(name))
        self.addCleanup(memscope.__exit__)
        return memscope, memscope.json_line()

    def measured(self, memscope):
        """{name: row}, when all that is to be known is."""
        memscope.settle()
        memscope.get("/types")  # from now on somebody wants to know
        wait_until("all names", lambda: memscope.status()["monitor"][
            "symbols_pending"] == 0)
        memscope.settle()
        answer = memscope.get("/types")["measured"]
        heap = memscope.stats()["heap"]
        for what in ("bytes", "blocks"):
            self.assertEqual(
                sum(row["live_" + what] for row in answer["rows"])
                + answer["tagged_" + what] + answer["unknown_" + what],
                heap["live_" + what])
        return answer

    def check(self, name):
        memscope, stated = self.start(name)
        wanted = {name: tuple(counts) for name, counts in stated.items()}

        def found():
            rows = self.measured(memscope)["rows"]
            return {key: (row["live_blocks"], row["live_bytes"])
                    for key in wanted for row in rows
                    if row["name"] == key
                    or (row["name"].startswith(key) and key.count("<"))}
        wait_until("all types", lambda: set(found()) == set(wanted))
        self.assertEqual(found(), wanted)
        return memscope, wanted

    def test_c(self):
        memscope, wanted = self.check("declared")
        answer = self.measured(memscope)
        rows = {row["name"]: row for row in answer["rows"]}
        self.assertEqual(set(rows), set(wanted))  # and nothing else
        self.assertEqual({row["type_from"] for row in rows.values()},
                         {"dwarf"})
        self.check_everywhere(memscope, wanted)

    def check_everywhere(self, memscope, wanted):
        """Blocks, sites and SQL say the same as the table of types."""
        found = {}
        for block in memscope.get("/allocations")["rows"]:
            if "type" in block:
                self.assertEqual(block["type_from"], "dwarf")
                blocks, size = found.get(block["type"], (0, 0))
                found[block["type"]] = blocks + 1, size + block["size"]
        self.assertEqual(found, wanted)
        for sql in ("SELECT type, count(*), sum(size) FROM allocations WHERE "
                    "type_from = 'dwarf' GROUP BY type",
                    "SELECT name, live_blocks, live_bytes FROM types WHERE "
                    "type_from = 'dwarf' AND alloc_count IS NULL",
                    "SELECT declared_type, sum(live_blocks), sum(live_bytes) "
                    "FROM stacks WHERE declared_type <> '' GROUP BY 1"):
            rows = memscope.post("/query", {"sql": sql})[2]["rows"]
            self.assertEqual({r[0]: (r[1], r[2]) for r in rows}, wanted)
        sites = memscope.get("/sites?limit=1000")["rows"]
        for row in sites:
            if row["function"] == "items_new":
                self.assertEqual(row["declared_type"], "struct item[]")
            if row["function"] == "too_much":
                self.assertEqual(row["declared_type"], "")

    def test_c_optimized(self):
        self.check("declared_optimized")

    def test_cxx(self):
        memscope, _ = self.check("declared_cxx")
        rows = {row["name"]: row for row in self.measured(memscope)["rows"]}
        self.assertEqual(rows["shop::Lamp"]["type_from"], "vtable")
        self.assertEqual(rows["shop::Box"]["type_from"], "dwarf")
        self.assertNotIn("shop::Thing", rows)

    def test_cxx_optimized(self):
        self.check("declared_cxx_optimized")

    def test_without_debug_information(self):
        for name in ("declared_bare", "declared_cxx_bare"):
            memscope, _ = self.start(name)
            rows = self.measured(memscope)["rows"]
            self.assertEqual([r for r in rows if r["type_from"] == "dwarf"],
                             [])
            say("%s: %d types" % (name, len(rows)))


if __name__ == "__main__":
    main()

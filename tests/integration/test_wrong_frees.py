#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What is freed twice, or is no block: found with its stacks, also when the
allocator ends the program for it; and nothing else is taken for it."""

import signal

from memscope_test import Memscope, TestCase, main, target, wait_until


def evidence(finding):
    return {e["name"]: e["value"] for e in finding["evidence"]}


class WrongFrees(TestCase):
    def watch(self, case, analyzer, flags=()):
        """The findings of an analyzer after the program's end, all named."""
        with Memscope(target("wrong_frees"), case,
                      flags=["--keep-open", *flags]) as scope:
            scope.settle()
            scope.write(b"\n")
            scope.close_stdin()
            session = scope.wait_ended()
            seen = {"all": scope.get("/analysis")["findings"],
                    "marks": scope.get("/marks")["moments"],
                    "session": session}

            def named():
                found = scope.get("/analysis", analyzer=analyzer)["findings"]
                places = [x["site"] for x in found if x["site"]] + [
                    f for x in found for s in x["stacks"] for f in s["frames"]]
                return None if any(p["function"].startswith("wrong_frees+")
                                   for p in places) else (found,)
            return wait_until("names", named)[0], seen

    def stack(self, finding, role):
        for stack in finding["stacks"]:
            if stack["role"] == role:
                return stack, [f["function"] for f in stack["frames"]]
        return self.fail("no stack %s in %s" % (role, finding))

    def check_twice(self, found, second, first_thread=1):
        self.assertEqual(len(found), 1, found)
        self.assertEqual(found[0]["confidence"], 1)
        again, functions = self.stack(found[0], "freed")
        self.assertEqual(functions[:2], [second, "main"])
        _, functions = self.stack(found[0], "allocated")
        self.assertEqual(functions[:2], ["make_block", "main"])
        first, functions = self.stack(found[0], "freed_first")
        self.assertEqual((again["thread"], first["thread"]), (1, first_thread))
        self.assertLessEqual(first["time_ns"], again["time_ns"])
        self.assertEqual(found[0]["site"]["function"], "make_block")
        return functions

    def test_twice(self):
        found, seen = self.watch("twice", "double_frees")
        self.assertEqual(seen["session"]["signal"], signal.SIGABRT)
        self.assertEqual(self.check_twice(found, "second_free"), [])
        self.assertEqual(seen["marks"]["freed_twice"], 1)

    def test_twice_with_the_stack_of_the_first(self):
        for mode in ((), ("--backend", "core")):
            found, _ = self.watch("twice", "double_frees",
                                  ("--free-stacks", *mode))
            first, functions = self.stack(found[0], "freed_first")
            self.assertEqual(functions[0], "first_free", found)
            if not mode:
                self.assertEqual(functions[:2], ["first_free", "main"])

    def test_twice_by_two_threads(self):
        found, _ = self.watch("threads", "double_frees", ("--free-stacks",))
        functions = self.check_twice(found, "second_free", 2)
        self.assertEqual(functions[:2], ["first_free", "free_it"])

    def test_resized_after_it_was_freed(self):
        found, _ = self.watch("realloc", "double_frees")
        self.check_twice(found, "resize_freed")

    def test_inside_a_block(self):
        found, seen = self.watch("inside", "invalid_frees")
        self.assertEqual(len(found), 1, found)
        self.assertEqual(evidence(found[0])["offset_bytes"], 512)
        _, functions = self.stack(found[0], "freed")
        self.assertEqual(functions[:2], ["inner_free", "main"])
        _, functions = self.stack(found[0], "allocated")
        self.assertEqual(functions[:2], ["make_block", "main"])
        self.assertEqual(seen["session"]["signal"], signal.SIGABRT)

    def test_on_the_stack(self):
        found, _ = self.watch("stack", "invalid_frees")
        self.assertEqual(len(found), 1, found)
        _, functions = self.stack(found[0], "freed")
        self.assertEqual(functions[:2], ["stack_free", "main"])

    def test_an_address_that_is_used_again_is_not_freed_twice(self):
        found, seen = self.watch("again", "double_frees", ("--free-stacks",))
        self.assertEqual(found, [])
        self.assertEqual(seen["session"]["exit_code"], 0)
        self.assertEqual([f for f in seen["all"] if f["analyzer"].endswith(
            "_frees")], [])


if __name__ == "__main__":
    main()

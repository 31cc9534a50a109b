#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""How much is captured can be chosen, and changed while the program runs:
exact, sampled, off; by hand or to hold a budget."""

from memscope_test import Memscope, TestCase, main, say, target, wait_until

SIZE = 100
THREADS = (target("threads"), "--threads", "4", "--ops", "200000")


class Modes(TestCase):
    def order(self, memscope, text):
        done = len(memscope.stdout.lines())
        memscope.write((text + "\n").encode())
        memscope.line(done)

    def mode(self, memscope, mode, **more):
        status, _, now = memscope.post("/control", {"mode": mode, **more})
        self.assertEqual(status, 200, now)
        return now

    def heap(self, memscope):
        memscope.settle()
        return memscope.stats()["heap"]

    def test_a_sampled_program_is_estimated_within_the_error(self):
        for flag, interval in (("sampled=16K", 16384), ("sampled=3000", 4096),
                               ("sampled", 1 << 19)):
            with Memscope(*THREADS, flags=("--mode", flag)) as memscope:
                truth = memscope.json_line()
                memscope.settle()
                stats = memscope.stats()
                heap, capture = stats["heap"], stats["capture"]
                memscope.picture().check_sums(self)
                self.assertEqual(capture["mode"], "sampled")
                self.assertEqual(capture["interval"], interval)
                self.assertFalse(capture["always_exact"])
                self.assertEqual(capture["unknown_frees"], 0)
                say("%s: live bytes %d, estimated %d ± %d; in all %d, "
                    "estimated %d" % (
                        flag, truth["live_bytes"], heap["live_bytes"],
                        heap["live_bytes_error"], truth["alloc_bytes"],
                        heap["alloc_bytes_total"]))
                if interval < 100000:
                    # Three times the error that 95 of 100 keep.
                    for name in ("live_bytes", "live_blocks"):
                        self.assertLess(abs(heap[name] - truth[name]),
                                        3 * heap[name + "_error"], name)
                self.assertLess(abs(heap["alloc_bytes_total"] /
                                    truth["alloc_bytes"] - 1), 0.25)
                memscope.close_stdin()
                self.assertEqual(memscope.wait(), 0)

    def test_off_changes_no_number_and_exact_goes_on(self):
        with Memscope(target("orders")) as memscope:
            memscope.line(0)
            self.order(memscope, "take 1000")
            before = self.heap(memscope)
            self.assertEqual(before["live_bytes_error"], 0)
            self.assertTrue(memscope.stats()["capture"]["always_exact"])
            self.assertEqual(self.mode(memscope, "off"), {
                "mode": "off", "interval": 0, "budget": 0})
            self.order(memscope, "drop")
            self.order(memscope, "take 700")
            self.assertEqual(self.heap(memscope), before)
            self.assertEqual(memscope.stats()["capture"]["mode"], "off")
            self.order(memscope, "drop")
            # What went unseen is found out where its place is used again.
            self.mode(memscope, "exact")
            self.order(memscope, "take 1000")
            after = self.heap(memscope)
            self.assertEqual(after["live_blocks"], before["live_blocks"])
            self.assertEqual(after["live_bytes"], before["live_bytes"])
            self.assertEqual(after["alloc_count_total"],
                             before["alloc_count_total"] + 1000)
            self.order(memscope, "drop")
            end = self.heap(memscope)
            self.assertEqual(end["live_blocks"], before["live_blocks"] - 1000)
            capture = memscope.stats()["capture"]
            self.assertFalse(capture["always_exact"])
            self.assertEqual(capture["unknown_frees"], 0)
            self.assertEqual(capture["damaged"], 0)
            memscope.picture().check_sums(self)

    def test_from_off_at_the_start_to_exact_and_sampled(self):
        with Memscope(target("orders"), flags=("--mode", "off")) as memscope:
            memscope.line(0)
            self.order(memscope, "take 500")
            self.assertEqual(self.heap(memscope)["alloc_count_total"], 0)
            self.mode(memscope, "exact")
            self.order(memscope, "take 300")
            heap = self.heap(memscope)
            self.assertEqual((heap["live_blocks"], heap["live_bytes"]),
                             (300, 300 * SIZE))
            self.assertEqual(
                self.mode(memscope, "sampled", interval=1000)["interval"], 1024)
            self.order(memscope, "take 90000")
            sampled = self.heap(memscope)
            self.assertGreater(sampled["live_bytes_error"], 0)
            self.assertLess(abs(sampled["live_bytes"] - 90300 * SIZE),
                            3 * sampled["live_bytes_error"])
            # 500 blocks were never seen: they are freed without a word.
            self.order(memscope, "drop")
            heap = self.heap(memscope)
            self.assertEqual((heap["live_blocks"], heap["live_bytes"]), (0, 0))
            self.assertEqual(memscope.stats()["capture"]["unknown_frees"], 0)

    def test_a_budget_is_held(self):
        with Memscope(target("threads"), "--threads", "2",
                      flags=("--budget", "2")) as memscope:
            memscope.settle()
            capture = wait_until("less is captured", lambda: (
                lambda c: c if c["mode"] != "exact" else None)(
                    memscope.stats()["capture"]))
            self.assertEqual(capture["budget"], 2)
            kept = wait_until("the budget is held", lambda: (
                lambda c: c if c["overhead"] is not None and
                c["overhead"] <= 2 and c["mode"] != "exact" else None)(
                    memscope.stats()["capture"]))
            say("overhead %.1f %%, then %.2f %% when %s at %d" % (
                capture["overhead"] or 0, kept["overhead"], kept["mode"],
                kept["interval"]))
            # Without one, it is as it was ordered.
            self.mode(memscope, "exact")
            memscope.settle()
            self.assertEqual(memscope.stats()["capture"]["mode"], "exact")

    def test_wrong_orders_are_refused(self):
        with Memscope(target("orders")) as memscope:
            memscope.line(0)
            for body, status in (({"mode": "evil"}, 400), ({}, 400),
                                 ([], 400), ({"mode": "off", "x": 1}, 400),
                                 ({"mode": "sampled", "interval": -1}, 400),
                                 ({"mode": "sampled", "interval": 2**40}, 400),
                                 ({"mode": "exact", "budget": 101}, 400),
                                 ({"mode": "exact", "budget": -1}, 400),
                                 ({"mode": "exact", "session": 99}, 404)):
                self.assertEqual(memscope.post("/control", body)[0], status,
                                 body)
            self.assertEqual(memscope.stats()["capture"]["mode"], "exact")


if __name__ == "__main__":
    main()

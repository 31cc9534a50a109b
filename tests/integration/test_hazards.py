#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What programs do that is hard on somebody who watches their memory. None of
it is changed by being watched, and all of it is counted right."""

from hazard import Hazard
from memscope_test import main, target

THREAD_ENDS = target("thread_ends")
HANDLERS = target("handlers")
LOADING = target("loading")
PLUGIN = target("plugin.so")
USABLE = target("usable")
ALLOCATORS = {"jemalloc": "libjemalloc.so.2",
              "tcmalloc": "libtcmalloc_minimal.so.4",
              "mimalloc": "libmimalloc.so.2"}


class Threads(Hazard):

    def test_a_threads_last_allocations_are_its_destructors(self):
        self.exact([THREAD_ENDS, "key"])

    def test_cxx_thread_locals_allocate_at_both_ends(self):
        self.exact([target("thread_local")])

    def test_ten_thousand_short_threads(self):
        stated, picture = self.exact([THREAD_ENDS, "storm", "10000"])
        self.assertEqual(stated["threads"], 10000)
        self.assertEqual(len(picture.threads), 10001)

    def test_two_thousand_threads_at_once(self):
        command = [target("many_threads"), "2000"]
        text, picture = self.picture_of(command, 0)
        self.assertIn('"threads":2000', text)
        held = picture.sum(["hold_block"])
        self.assertEqual((held["alloc_count"], held["free_count"]),
                         (2000, 2000))
        self.assertEqual(held["alloc_bytes"], 2000 * 102400)
        self.assertEqual(len(picture.threads), 2001)
        capture = picture.stats["capture"]
        self.assertEqual((capture["dropped_allocs"],
                          capture["dropped_frees"]), (0, 0))


class Handlers(Hazard):

    def test_malloc_in_a_signal_handler(self):
        self.exact([HANDLERS, "own"])

    def test_malloc_on_an_alternate_stack(self):
        self.exact([HANDLERS, "alternate"])

    def test_fork_in_a_handler_wherever_the_signal_comes(self):
        own = self.harmless([HANDLERS, "fork"])
        self.assertNotIn("not booked", own)

    def test_fork_in_a_handler_before_each_instruction(self):
        for mode in ("exact", "sampled", "off"):
            self.harmless([target("interrupted")],
                          flags=("--no-follow", "--mode", mode))
        # Children that are watched as well cost more: before each 97th.
        self.harmless([target("interrupted"), "97"])


class Stacks(Hazard):

    def test_exceptions_longjmp_coroutines(self):
        own = self.harmless([target("stacks")])
        self.assertNotIn("not booked", own)


class Loader(Hazard):

    def test_dlopen_and_dlclose_in_a_loop(self):
        self.exact([LOADING, "dlopen", PLUGIN])

    def test_another_namespace_has_a_heap_of_its_own(self):
        self.harmless([LOADING, "dlmopen", PLUGIN])

    def test_a_cxx_plugin_of_a_c_program(self):
        stated, _ = self.exact([LOADING, "cxx", target("plugin_cxx.so")])
        self.assertEqual(stated["caught"], 1)

    def test_dlsym_that_allocates(self):
        self.harmless([LOADING, "dlsym"])


class OtherAllocators(Hazard):

    def test_all_of_the_usable_size_may_be_used(self):
        self.exact([USABLE], 23)

    def test_a_linked_allocator_is_the_one_behind_us(self):
        for name in ALLOCATORS:
            with self.subTest(allocator=name):
                self.exact([USABLE + "_" + name], 23)

    def test_a_preloaded_allocator_is_the_one_behind_us(self):
        for name, library in ALLOCATORS.items():
            with self.subTest(allocator=name):
                self.exact([USABLE], 23, env={"LD_PRELOAD": library})

    def test_cxx_operators_of_an_allocator_are_seen(self):
        for victim, env in [("cxx_new", {})] + \
                [("cxx_new_" + name, {}) for name in ALLOCATORS] + \
                [("cxx_new", {"LD_PRELOAD": library})
                 for library in ALLOCATORS.values()]:
            with self.subTest(victim=victim, env=env):
                own = self.harmless([target(victim)], env=env)
                self.assertIn("77.6 KiB in all", own)
                # What is held when it says so is freed before it ends.
                self.assertNotIn("  main  ", own)
                self.assertNotIn("operator new", own)

    def test_a_malloc_in_the_program_itself_is_said_to_be_unseen(self):
        own = self.harmless([target("own_malloc")])
        self.assertIn("no allocation was seen", own)


if __name__ == "__main__":
    main()

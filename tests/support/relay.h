// SPDX-License-Identifier: MIT
//
// relay: steps that run one after the other, each on a thread of its own,
// with nothing between them that orders memory: turns are passed by relaxed
// loads and stores. What one step may see of another is ordered by the code
// under test or not at all, and then ThreadSanitizer says so, however the
// threads were scheduled.

#ifndef MS_TESTS_RELAY_H
#define MS_TESTS_RELAY_H

#include <stddef.h>

// ms_relay runs the steps and waits for the last one. All threads have begun
// before the first step does.
void ms_relay(void (*const steps[])(void), size_t count);

#define MS_RELAY(...)                                                          \
    do {                                                                       \
        void (*const steps_[])(void) = {__VA_ARGS__};                          \
        ms_relay(steps_, sizeof steps_ / sizeof *steps_);                      \
    } while (0)

// ms_relay_turn passes a turn in the middle of a step: it lets the others go
// on until they have made `turn`, then comes back.
void ms_relay_wait_turn(unsigned turn);
void ms_relay_give_turn(unsigned turn);

// MS_CHECK is cmocka's assert_true for threads other than the first.
#define MS_CHECK(c) ((c) ? (void)0 : ms_check_failed(#c, __FILE__, __LINE__))
_Noreturn void ms_check_failed(const char *what, const char *file, int line);

#endif

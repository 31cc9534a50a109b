// SPDX-License-Identifier: MIT
//
// As test_orders, for the unwinder's table of rules.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "pause.h"
#include "relay.h"
#include "unwind/rules.h"

static struct ms_rules rules;
static ms_rule found[2];

static void find_a_rule(void)
{
    found[0] = ms_rules_find(&rules, (uintptr_t)&find_a_rule + 1);
}

static void find_it_slowly(void)
{
    ms_pause_at(MS_PAUSE_UNWIND, 0); // no table was seen
    find_a_rule();
}

static void find_it_again(void)
{
    found[1] = ms_rules_find(&rules, (uintptr_t)&find_a_rule + 1);
}

static void know_it(void)
{
    found[1] = ms_rules_known(&rules, (uintptr_t)&find_a_rule + 1);
}

static void forget_it(void)
{
    ms_rules_forget(&rules);
}

static void pointer_publishes_the_rules(void **state) // K
{
    (void)state;
    void (*const seconds[])(void) = {find_it_again, know_it};

    for (size_t i = 0; i < 2; i++) {
        memset(&rules, 0, sizeof rules);
        MS_RELAY(find_a_rule, seconds[i]);
        assert_int_not_equal(found[0], MS_RULE_NONE);
        assert_true(found[0] == found[1]);
    }
    memset(&rules, 0, sizeof rules);
    MS_RELAY(find_it_slowly, find_it_again);
    assert_true(found[0] == found[1]);
}

static void forgetting_sees_the_whole_table(void **state) // K
{
    (void)state;
    memset(&rules, 0, sizeof rules);
    found[0] = MS_RULE_NONE;
    MS_RELAY(find_a_rule, forget_it);
    assert_int_equal(ms_rules_known(&rules, (uintptr_t)&find_a_rule + 1),
                     MS_RULE_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pointer_publishes_the_rules),
        cmocka_unit_test(forgetting_sees_the_whole_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

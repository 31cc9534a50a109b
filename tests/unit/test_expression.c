// SPDX-License-Identifier: MIT
//
// Expressions that viewers send: what they find, what is refused, and that the
// worst of them end.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "expression.h"
#include "platform/process_stats.h"

static bool finds(const char *filter, const char *name)
{
    struct ms_expression *x = ms_expression_create(filter);

    assert_non_null(x);
    bool found = ms_expression_matches(x, name, false);
    assert_string_equal(ms_expression_trouble(x), "");
    ms_expression_destroy(x);
    return found;
}

static void what_stands_between_slashes_is_an_expression(void **state)
{
    (void)state;
    assert_true(ms_is_expression("/a/"));
    assert_false(ms_is_expression("/a"));
    assert_false(ms_is_expression("//"));
    assert_false(ms_is_expression("/"));
    assert_false(ms_is_expression("a/"));
    assert_false(ms_is_expression(""));
}

static void it_finds_what_it_says(void **state)
{
    (void)state;
    assert_true(finds("/^Session::.*create$/", "Session::re_create"));
    assert_false(finds("/^Session::.*create$/", "a Session::create"));
    assert_true(finds("/cache|tree/", "my_Tree_build"));
    assert_true(finds("/a{2,3}b/", "xaab"));
    assert_false(finds("/^[[:digit:]]+$/", "12x"));
    assert_true(finds("/b$/", "ab"));
    assert_true(finds("/(a|^b)c/", "bc"));
    assert_false(finds("/(a|^b)c/", "xbc"));
}

static void refuses(const char *filter)
{
    struct ms_expression *x = ms_expression_create(filter);

    assert_non_null(x);
    assert_string_not_equal(ms_expression_trouble(x), "");
    assert_false(ms_expression_matches(x, "a(b", false));
    ms_expression_begin(x);
    assert_string_not_equal(ms_expression_trouble(x), "");
    ms_expression_destroy(x);
}

static void what_is_no_expression_is_refused_in_words(void **state)
{
    (void)state;
    refuses("/(/");
    refuses("/[a/");
    refuses("/a)(b/");
    refuses("/(a)\\1/");
    refuses("/((a{1,100}){1,100}){1,100}/");
    refuses("/a{300}/");
}

static void the_same_name_is_looked_at_once(void **state)
{
    char name[] = "session";
    struct ms_expression *x = ms_expression_create("/^session$/");

    (void)state;
    assert_true(ms_expression_matches(x, name, true));
    name[0] = 'x'; // it said that it would not
    assert_true(ms_expression_matches(x, name, true));
    assert_false(ms_expression_matches(x, name, false));
    ms_expression_destroy(x);
}

static void many_names_are_remembered(void **state)
{
    enum { NAMES = 5000 };
    static char names[NAMES][16];
    struct ms_expression *x = ms_expression_create("/7$/");

    (void)state;
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < NAMES; i++) {
            if (round == 0)
                snprintf(names[i], sizeof names[i], "name %d", i);
            else
                names[i][0] = '\0';
            assert_int_equal(ms_expression_matches(x, names[i], true),
                             i % 10 == 7);
        }
    ms_expression_destroy(x);
}

// Each byte of the text leads to a state that was not met before.
static void the_worst_ends_and_goes_on_at_the_next_table(void **state)
{
    enum { NAMES = 3000 };
    static char names[NAMES][1024];
    struct ms_expression *x =
        ms_expression_create("/(a|b)*a(a|b){120}(x?y?z?){2}c/");
    size_t left = 1, rounds = 0;
    uint64_t random = 1;

    (void)state;
    assert_string_equal(ms_expression_trouble(x), "");
    for (size_t i = 0; i < NAMES; i++)
        for (size_t at = 0; at + 1 < sizeof names[i]; at++) {
            random = random * UINT64_C(6364136223846793005) + 1;
            names[i][at] = random >> 63 ? 'a' : 'b';
        }
    while (left != 0 && rounds < 3) {
        uint64_t begin = ms_thread_cpu_ns();
        ms_expression_begin(x);
        for (size_t i = 0; i < NAMES; i++)
            assert_false(ms_expression_matches(x, names[i], true));
        // Ten times what it may take: a sanitizer is slow.
        assert_true(ms_thread_cpu_ns() - begin < UINT64_C(1000000000));
        left = strlen(ms_expression_trouble(x));
        rounds++;
    }
    assert_true(rounds > 1); // it was too much for one
    ms_expression_destroy(x);
}

static void the_latest_are_kept(void **state)
{
    struct ms_expressions all = {{0}};
    char filter[8];

    (void)state;
    struct ms_expression *first = ms_expressions_find(&all, "/0/");
    for (int i = 1; i < 10; i++) {
        snprintf(filter, sizeof filter, "/%d/", i);
        assert_non_null(ms_expressions_find(&all, filter));
        assert_ptr_equal(ms_expressions_find(&all, "/0/"), first);
    }
    for (size_t i = 0; i < MS_EXPRESSIONS_KEPT; i++)
        assert_non_null(all.kept[i]);
    ms_expressions_fini(&all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_stands_between_slashes_is_an_expression),
        cmocka_unit_test(it_finds_what_it_says),
        cmocka_unit_test(what_is_no_expression_is_refused_in_words),
        cmocka_unit_test(the_same_name_is_looked_at_once),
        cmocka_unit_test(many_names_are_remembered),
        cmocka_unit_test(the_worst_ends_and_goes_on_at_the_next_table),
        cmocka_unit_test(the_latest_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

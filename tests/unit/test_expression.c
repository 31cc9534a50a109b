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

static void refuses(const char *filter, const char *why)
{
    struct ms_expression *x = ms_expression_create(filter);

    assert_non_null(x);
    assert_non_null(strstr(ms_expression_trouble(x), why));
    assert_false(ms_expression_matches(x, "a(b", false));
    ms_expression_begin(x);
    assert_non_null(strstr(ms_expression_trouble(x), why));
    ms_expression_destroy(x);
}

static void what_is_no_expression_is_refused_in_words(void **state)
{
    (void)state;
    refuses("/(/", "Unmatched");
    refuses("/[a/", "Unmatched");
    refuses("/a)(b/", "Unmatched");
    refuses("/(a)\\1/", "back references");
    refuses("/((a{1,100}){1,100}){1,100}/", "repeats too much");
    refuses("/a{300}/", "repeats too much");
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
    enum { MANY = 5000 };
    static char many[MANY][16];
    struct ms_expression *x = ms_expression_create("/7$/");

    (void)state;
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < MANY; i++) {
            if (round == 0)
                snprintf(many[i], sizeof many[i], "name %d", i);
            else
                many[i][0] = '\0';
            assert_int_equal(ms_expression_matches(x, many[i], true),
                             i % 10 == 7);
        }
    ms_expression_destroy(x);
}

static void of_a_long_name_the_first_1024_bytes_are_looked_at(void **state)
{
    char name[1100] = {0};

    (void)state;
    memset(name, 'x', sizeof name - 1);
    name[1024] = 'b';
    assert_false(finds("/b/", name));
    name[1023] = 'b';
    assert_true(finds("/b$/", name));
}

enum { NAMES = 1000 };
static char names[NAMES][1024];

// Each byte of the names leads to a state that was not met before.
static struct ms_expression *the_worst(void)
{
    struct ms_expression *x =
        ms_expression_create("/(a|b)*a(a|b){120}(x?y?z?){2}c/");
    uint64_t random = 1;

    assert_string_equal(ms_expression_trouble(x), "");
    for (size_t i = 0; i < NAMES; i++)
        for (size_t at = 0; at + 1 < sizeof names[i]; at++) {
            random = random * UINT64_C(6364136223846793005) + 1;
            names[i][at] = random >> 63 ? 'a' : 'b';
        }
    return x;
}

static void the_worst_ends_and_goes_on_at_the_next_table(void **state)
{
    struct ms_expression *x = the_worst();
    size_t left = NAMES, still;

    (void)state;
    for (int table = 0; table < 3; table++) {
        uint64_t begin = ms_thread_cpu_ns();
        ms_expression_begin(x);
        assert_string_equal(ms_expression_trouble(x), "");
        for (size_t i = 0; i < NAMES; i++)
            assert_false(ms_expression_matches(x, names[i], true));
        // Ten times what it may take: a sanitizer is slow.
        assert_true(ms_thread_cpu_ns() - begin < UINT64_C(1000000000));
        assert_int_equal(sscanf(ms_expression_trouble(x),
                                "it takes long: %zu names", &still),
                         1);
        assert_true(still < left); // those that were looked at are known
        left = still;
    }
    ms_expression_destroy(x);
}

static void the_worst_does_not_grow_beyond_bounds(void **state)
{
    struct ms_expression *x = the_worst();
    uint64_t before = ms_process_own_rss_bytes(), most = 0;

    (void)state;
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
    ms_expression_destroy(x);
    skip(); // it keeps what was freed, or shadows of it
#endif
    for (size_t i = 0; i < 60; i++) {
        ms_expression_begin(x);
        assert_false(ms_expression_matches(x, names[i], false));
        uint64_t now = ms_process_own_rss_bytes();
        most = now > most ? now : most;
    }
    // 16 names and a half fit; all of them would take twice as much.
    assert_true(most - before < UINT64_C(150) << 20);
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
        cmocka_unit_test(of_a_long_name_the_first_1024_bytes_are_looked_at),
        cmocka_unit_test(the_worst_ends_and_goes_on_at_the_next_table),
        cmocka_unit_test(the_worst_does_not_grow_beyond_bounds),
        cmocka_unit_test(the_latest_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

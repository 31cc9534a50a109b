// SPDX-License-Identifier: MIT
//
// The filter of a window: which rows a part of a name leaves.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "engine/window.h"

static size_t leaves(const char *filter, const char *function)
{
    struct ms_window w = {.limit = 10};
    struct ms_site_row row = {
        .id = 1, .function = function, .file = "Tree.c", .module = "libz.so"};
    struct ms_window_sums sums;
    size_t count = 1;

    w.column = ms_window_site_column("live_bytes");
    snprintf(w.filter, sizeof w.filter, "%s", filter);
    assert_int_equal(ms_window_of_sites(&w, &row, &count, &sums), MEMSCOPE_OK);
    assert_int_equal(sums.rows, count);
    return count;
}

static void a_part_is_found_in_any_case(void **state)
{
    (void)state;
    assert_int_equal(leaves("session", "MySession::create"), 1);
    assert_int_equal(leaves("N::CRE", "MySession::create"), 1);
    assert_int_equal(leaves("create", "MySession::create"), 1);
    assert_int_equal(leaves("created", "MySession::create"), 0);
    assert_int_equal(leaves("[x]", "a{X}"), 0); // no letters: no case
}

static void a_beginning_that_comes_twice_is_found(void **state)
{
    (void)state;
    assert_int_equal(leaves("aab", "aaab"), 1);
    assert_int_equal(leaves("abac", "ababac"), 1);
}

static void bytes_beyond_ascii_are_as_they_are(void **state)
{
    (void)state;
    assert_int_equal(leaves("größe", "Größe"), 1);
    assert_int_equal(leaves("GRÖSSE", "größe"), 0);
}

static void file_and_module_match_as_well(void **state)
{
    (void)state;
    assert_int_equal(leaves("tree.C", ""), 1);
    assert_int_equal(leaves("LIBZ", "f"), 1);
    assert_int_equal(leaves("liby", "f"), 0);
    assert_int_equal(leaves("", ""), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_part_is_found_in_any_case),
        cmocka_unit_test(a_beginning_that_comes_twice_is_found),
        cmocka_unit_test(bytes_beyond_ascii_are_as_they_are),
        cmocka_unit_test(file_and_module_match_as_well),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: MIT
//
// What is read in Accept, Accept-Encoding and If-None-Match.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "negotiate.h"

static void the_heaviest_and_then_the_shortest_encoding_is_chosen(void **state)
{
    static const struct {
        const char *accepted;
        enum ms_encoding all, gzip_only;
    } cases[] = {
        {"", MS_ENCODING_PLAIN, MS_ENCODING_PLAIN},
        {"gzip, deflate, br", MS_ENCODING_BROTLI, MS_ENCODING_GZIP},
        {"gzip;q=1.0, br;q=0.9", MS_ENCODING_GZIP, MS_ENCODING_GZIP},
        {"br;q=0, gzip;q=0", MS_ENCODING_PLAIN, MS_ENCODING_PLAIN},
        {"br;q=0.000,gzip;q=0.001", MS_ENCODING_GZIP, MS_ENCODING_GZIP},
        {"br ; Q=1 , GZIP", MS_ENCODING_BROTLI, MS_ENCODING_GZIP},
        {"*", MS_ENCODING_BROTLI, MS_ENCODING_GZIP},
        {"*;q=0", MS_ENCODING_PLAIN, MS_ENCODING_PLAIN},
        {"*;q=0.5, br;q=0", MS_ENCODING_GZIP, MS_ENCODING_GZIP},
        {"identity, gzip;q=0.5", MS_ENCODING_PLAIN, MS_ENCODING_PLAIN},
        {"identity;q=0.5, gzip;q=0.5", MS_ENCODING_GZIP, MS_ENCODING_GZIP},
        {"gzip;q=x", MS_ENCODING_PLAIN, MS_ENCODING_PLAIN},
        {"gzip;q=", MS_ENCODING_PLAIN, MS_ENCODING_PLAIN},
        {"brotli, xgzip, gzipx", MS_ENCODING_PLAIN, MS_ENCODING_PLAIN},
        {",,;;,=,gzip", MS_ENCODING_GZIP, MS_ENCODING_GZIP},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(ms_negotiate_encoding(cases[i].accepted, true, true),
                         cases[i].all);
        assert_int_equal(ms_negotiate_encoding(cases[i].accepted, true, false),
                         cases[i].gzip_only);
    }
}

static void a_type_is_weighed_in_its_version(void **state)
{
    static const char prometheus[] =
        "application/openmetrics-text;version=1.0.0,"
        "application/openmetrics-text;version=0.0.1;q=0.75,"
        "text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
    static const char name[] = "application/openmetrics-text";

    (void)state;
    assert_int_equal(ms_negotiate_weight(prometheus, name, "1.0.0"), 1000);
    assert_int_equal(ms_negotiate_weight(prometheus, name, "0.0.1"), 750);
    assert_int_equal(ms_negotiate_weight(prometheus, name, "2.0.0"), -1);
    assert_int_equal(ms_negotiate_weight(prometheus, "text/plain", NULL), 500);
    assert_int_equal(ms_negotiate_weight(prometheus, "text/html", NULL), -1);
    assert_int_equal(ms_negotiate_weight("a;q=2, a;q=0.2", "a", NULL), 200);
}

static void a_tag_is_found_in_a_list_and_weakly(void **state)
{
    (void)state;
    assert_true(ms_negotiate_unchanged("W/\"ab\"", "W/\"ab\""));
    assert_true(ms_negotiate_unchanged("\"x\" , \"ab\"", "W/\"ab\""));
    assert_true(ms_negotiate_unchanged("*", "W/\"ab\""));
    assert_false(ms_negotiate_unchanged("", "W/\"ab\""));
    assert_false(ms_negotiate_unchanged("\"abc\"", "W/\"ab\""));
    assert_false(ms_negotiate_unchanged("ab", "W/\"ab\""));
    assert_false(ms_negotiate_unchanged("W/", "W/\"ab\""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_heaviest_and_then_the_shortest_encoding_is_chosen),
        cmocka_unit_test(a_type_is_weighed_in_its_version),
        cmocka_unit_test(a_tag_is_found_in_a_list_and_weakly),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

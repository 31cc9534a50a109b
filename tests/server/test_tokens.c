// SPDX-License-Identifier: MIT
//
// Tokens, how often they may be tried, and the names that proxies go by.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "access.h"

#define SECOND UINT64_C(1000000000)

static bool equal(const char *token, const char *given)
{
    struct ms_token t = {0};

    strcpy(t.text, token);
    return ms_token_equal(&t, given, strlen(given));
}

static void only_the_token_is_equal(void **state)
{
    char longest[MS_TOKEN_BYTES] = "", longer[MS_TOKEN_BYTES + 1] = "";

    (void)state;
    assert_true(equal("correct-horse-battery", "correct-horse-battery"));
    assert_false(equal("correct-horse-battery", "correct-horse-batter"));
    assert_false(equal("correct-horse-battery", "correct-horse-batteryy"));
    assert_false(equal("correct-horse-battery", "borrect-horse-battery"));
    assert_false(equal("correct-horse-battery", ""));
    memset(longest, 'x', MS_TOKEN_BYTES - 1);
    memset(longer, 'x', MS_TOKEN_BYTES);
    assert_true(equal(longest, longest));
    assert_false(equal(longest, longer));
}

static void made_tokens_are_not_the_same(void **state)
{
    struct ms_token a, b;

    (void)state;
    assert_true(ms_token_make(&a) && ms_token_make(&b));
    assert_int_equal(strlen(a.text), 32);
    assert_int_equal(strspn(a.text, "0123456789abcdef"), 32);
    assert_string_not_equal(a.text, b.text);
}

static void a_few_wrong_ones_are_free_and_then_one_a_second(void **state)
{
    static struct ms_attempts a;
    uint64_t now = 1000 * SECOND;

    (void)state;
    for (int i = 0; i < MS_ATTEMPTS_FREE; i++) {
        assert_true(ms_attempts_may(&a, 7, now));
        ms_attempts_wrong(&a, 7, now);
    }
    assert_false(ms_attempts_may(&a, 7, now));
    assert_false(ms_attempts_may(&a, 7, now + SECOND - 1));
    assert_true(ms_attempts_may(&a, 8, now)); // another source
    assert_true(ms_attempts_may(&a, 7, now + SECOND));
    ms_attempts_wrong(&a, 7, now + SECOND);
    assert_false(ms_attempts_may(&a, 7, now + SECOND));
    // Parts of a second are not lost, nor given twice.
    assert_false(ms_attempts_may(&a, 7, now + 2 * SECOND - 1));
    assert_true(ms_attempts_may(&a, 7, now + 2 * SECOND));
    // All is forgiven after a while.
    now += 100 * SECOND;
    for (int i = 0; i < MS_ATTEMPTS_FREE; i++) {
        assert_true(ms_attempts_may(&a, 7, now));
        ms_attempts_wrong(&a, 7, now);
    }
    assert_false(ms_attempts_may(&a, 7, now));
}

static void the_source_heard_of_longest_ago_is_forgotten(void **state)
{
    static struct ms_attempts a;
    uint64_t now = 1000 * SECOND;

    (void)state;
    for (uint64_t source = 1; source <= MS_ATTEMPTS_SOURCES; source++)
        for (int i = 0; i < MS_ATTEMPTS_FREE; i++)
            ms_attempts_wrong(&a, source, now + source);
    for (uint64_t source = 1; source <= MS_ATTEMPTS_SOURCES; source++)
        assert_false(ms_attempts_may(&a, source, now + 100));
    ms_attempts_wrong(&a, 0, now + 100);
    assert_true(ms_attempts_may(&a, 1, now + 100));
    for (uint64_t source = 2; source <= MS_ATTEMPTS_SOURCES; source++)
        assert_false(ms_attempts_may(&a, source, now + 100));
}

// Nothing that is known of the caller or given by it helps without the token.
static void who_is_let_in(void **state)
{
    static struct ms_access a = {.port = 7070, .cookie_name = "memscope-7070"};
    struct ms_caller known = {.known = true}, other = {0};
    struct ms_credentials none = {0}, url = {.token = "correct-horse-battery"},
                          cookie = {.cookies = "a=b; memscope-7070=0123"};

    (void)state;
    assert_int_equal(ms_access_entry(&a, &known, MS_HOST_OWN, &none),
                     MS_ENTRY_KNOWN);
    assert_int_equal(ms_access_entry(&a, &known, MS_HOST_PROXY, &none),
                     MS_ENTRY_REFUSED);
    assert_int_equal(ms_access_entry(&a, &other, MS_HOST_OWN, &url),
                     MS_ENTRY_REFUSED);
    a.has_token = true;
    strcpy(a.token.text, "correct-horse-battery");
    strcpy(a.cookie.text, "0123");
    assert_int_equal(ms_access_entry(&a, &known, MS_HOST_PROXY, &none),
                     MS_ENTRY_NO_TOKEN);
    assert_int_equal(ms_access_entry(&a, &other, MS_HOST_OWN, &none),
                     MS_ENTRY_NO_TOKEN);
    assert_int_equal(ms_access_entry(&a, &other, MS_HOST_OWN, &url),
                     MS_ENTRY_TOKEN);
    assert_int_equal(ms_access_entry(&a, &other, MS_HOST_PROXY, &cookie),
                     MS_ENTRY_COOKIE);
    cookie.cookies = "memscope-7070=";
    assert_int_equal(ms_access_entry(&a, &other, MS_HOST_OWN, &cookie),
                     MS_ENTRY_NO_TOKEN);
}

static void hosts_are_names_of_hosts(void **state)
{
    static struct ms_access a;
    static const char *const bad[] = {
        "",    ",",        "a,",  ",a",  "a b",
        "a/b", "http://a", "a@b", "a;b", "a,b,c,d,e,f,g,h,i",
    };

    (void)state;
    assert_true(ms_access_hosts(&a, NULL));
    assert_int_equal(a.host_count, 0);
    assert_true(ms_access_hosts(&a, "scope.example,[::2]:80,h_1-x:8443"));
    assert_int_equal(a.host_count, 3);
    assert_string_equal(a.hosts[1], "[::2]:80");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(ms_access_hosts(&a, bad[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_token_is_equal),
        cmocka_unit_test(made_tokens_are_not_the_same),
        cmocka_unit_test(a_few_wrong_ones_are_free_and_then_one_a_second),
        cmocka_unit_test(the_source_heard_of_longest_ago_is_forgotten),
        cmocka_unit_test(who_is_let_in),
        cmocka_unit_test(hosts_are_names_of_hosts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

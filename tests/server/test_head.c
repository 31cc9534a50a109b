// SPDX-License-Identifier: MIT
//
// What the dispatcher makes of the first bytes of a connection. Every head
// lies flush against memory that cannot be read, so that one byte too far
// ends the test.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "head.h"
#include "query.h"

#define ROOM 65536u

static struct ms_access access_7070 = {.port = 7070};
static const struct ms_caller known = {.known = true};
static char *guard; // the first byte that cannot be read

#define GOOD                                                                   \
    "Host: localhost:7070\r\nUpgrade: websocket\r\n"                           \
    "Connection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\n"         \
    "Sec-WebSocket-Protocol: other, memscope.v1\r\n"

static enum ms_head_kind classify(const char *head, size_t bytes)
{
    char *at = guard - bytes;

    memcpy(at, head, bytes);
    return ms_head_classify(&access_7070, &known, at, bytes, bytes >= 16384);
}

static enum ms_head_kind kind_of(const char *head)
{
    return classify(head, strlen(head));
}

static void a_good_upgrade_is_one(void **state)
{
    (void)state;
    assert_int_equal(kind_of("GET /ws HTTP/1.1\r\n" GOOD "\r\n"),
                     MS_HEAD_WEBSOCKET);
    assert_int_equal(
        kind_of("GET /ws HTTP/1.1\r\nhost:127.0.0.1:7070  \r\nUPGRADE:\t"
                "WebSocket\r\nconnection:upgrade\r\n"
                "sec-websocket-version:13\r\nsec-websocket-protocol:"
                "memscope.v1\r\nORIGIN: http://[::1]:7070\r\n\r\n"),
        MS_HEAD_WEBSOCKET);
    assert_int_equal(kind_of("GET /ws HTTP/1.1\r\n" GOOD "\r\nframe"),
                     MS_HEAD_WEBSOCKET);
}

static void every_part_of_a_head_is_incomplete(void **state)
{
    static const char head[] = "GET /ws HTTP/1.1\r\n" GOOD "\r\n";

    (void)state;
    for (size_t n = 1; n < sizeof head - 1; n++)
        assert_int_equal(classify(head, n), MS_HEAD_INCOMPLETE);
}

static void what_is_doubtful_is_no_upgrade(void **state)
{
    static const char *const doubtful[] = {
        "GET /ws HTTP/1.1\r\n" GOOD "Host: localhost:7070\r\n\r\n",
        "GET /ws HTTP/1.1\r\n" GOOD "Origin: http://evil.com\r\n\r\n",
        "GET /ws HTTP/1.1\r\n" GOOD "Origin: \r\n\r\n",
        "GET /ws HTTP/1.1\r\n" GOOD "Origin: http://localhost:7070\r\n"
        "Origin: http://localhost:7070\r\n\r\n",
        "GET /ws HTTP/1.1\r\n" GOOD "Upgrade: h2c\r\n\r\n",
        "GET /ws?x HTTP/1.1\r\n" GOOD "\r\n",
        "GET /ws HTTP/1.0\r\n" GOOD "\r\n",
        "get /ws HTTP/1.1\r\n" GOOD "\r\n",
        "POST /ws HTTP/1.1\r\n" GOOD "\r\n",
        "GET /wss HTTP/1.1\r\n" GOOD "\r\n",
        "GET / HTTP/1.1\r\nHost: localhost:7070\r\n\r\n",
        "GET /ws HTTP/1.1\r\n\r\n",
        "A\r\n\r\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof doubtful / sizeof *doubtful; i++)
        assert_int_equal(kind_of(doubtful[i]), MS_HEAD_HTTP);
}

static void what_is_no_http_is_told_at_once(void **state)
{
    (void)state;
    assert_int_equal(kind_of("\x16\x03\x01"), MS_HEAD_NONE);
    assert_int_equal(kind_of("{"), MS_HEAD_NONE);
    assert_int_equal(classify("\0", 1), MS_HEAD_NONE);
    assert_int_equal(classify("GET /\0", 6), MS_HEAD_NONE);
    assert_int_equal(kind_of("\r\nGET / HTTP/1.1\r\n"), MS_HEAD_INCOMPLETE);
    // Behind the head, a body may hold what it likes.
    assert_int_equal(classify("POST / HTTP/1.1\r\n\r\n\0", 20), MS_HEAD_HTTP);
}

static void a_head_without_end_is_too_large(void **state)
{
    char *head = malloc(16384);

    (void)state;
    memset(head, 'A', 16384);
    memcpy(head + 8180, "\r\nA:", 4); // the end of its first line
    assert_int_equal(classify(head, 16383), MS_HEAD_INCOMPLETE);
    assert_int_equal(classify(head, 16384), MS_HEAD_TOO_LARGE);
    free(head);
}

static void a_first_line_may_be_too_long(void **state)
{
    static char head[8300] = "\r\nGET /";

    (void)state;
    memset(head + 7, 'A', sizeof head - 7);
    assert_int_equal(classify(head, 8192), MS_HEAD_INCOMPLETE);
    assert_int_equal(classify(head, 8193), MS_HEAD_LONG_LINE);
    memcpy(head + 8200, " HTTP/1.1\r\n\r\n", 13);
    assert_int_equal(classify(head, 8213), MS_HEAD_LONG_LINE);
    memcpy(head + 8100, " HTTP/1.1\r\n\r\n", 13);
    assert_int_equal(classify(head, 8213), MS_HEAD_HTTP);
}

static void no_change_of_a_good_upgrade_reads_too_far(void **state)
{
    static const char head[] =
        "GET /ws HTTP/1.1\r\n" GOOD "Origin: http://localhost:7070\r\n\r\n";
    uint64_t random = 88172645463325252u;
    unsigned kinds[MS_HEAD_NONE + 1] = {0};
    char changed[sizeof head];

    (void)state;
    for (int i = 0; i < 20000; i++) {
        memcpy(changed, head, sizeof head);
        for (int n = 0; n < 3; n++) {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            static const char some[] = "\r\n :,\tA\x80";
            changed[random % (sizeof head - 1)] =
                some[(random >> 32) % (sizeof some - 1)];
        }
        size_t n = i % 2 == 0 ? sizeof head - 1
                              : 1 + (size_t)(random >> 40) % (sizeof head - 1);
        kinds[classify(changed, n)]++;
    }
    assert_true(kinds[MS_HEAD_INCOMPLETE] > 0 && kinds[MS_HEAD_HTTP] > 0);
}

static void only_own_names_are_hosts(void **state)
{
    static const struct ms_access http = {.port = 80};
    static const char *const foreign[] = {
        "",           "localhost",       ":7070",
        "localhost:", "localhost:70700", "localhost:7070 ",
        "evil:7070",  "localhost6:7070", "localhost.evil.com:7070",
        "[::1:7070",  "[::1]7070",       "127.0.0.1:7070:7070",
    };

    (void)state;
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++) {
        assert_int_equal(ms_access_host(&access_7070, &known, foreign[i]),
                         MS_HOST_FOREIGN);
        assert_false(ms_access_origin(&access_7070, &known, "localhost:7070",
                                      foreign[i]));
    }
    assert_int_equal(ms_access_host(&access_7070, &known, "LocalHost:7070"),
                     MS_HOST_OWN);
    assert_true(ms_access_origin(&access_7070, &known, "localhost:7070",
                                 "HTTP://127.0.0.1:7070"));
    assert_false(ms_access_origin(&access_7070, &known, "localhost:7070",
                                  "http://localhost:7070/"));
    assert_false(ms_access_origin(&access_7070, &known, "localhost:7070",
                                  "https://localhost:7070"));
    assert_int_equal(ms_access_host(&access_7070, &known, NULL),
                     MS_HOST_FOREIGN);
    assert_true(ms_access_origin(&access_7070, &known, "localhost:7070", NULL));
    assert_int_equal(ms_access_host(&http, &known, "localhost"), MS_HOST_OWN);
    assert_int_equal(ms_access_host(&http, &known, "localhost:80"),
                     MS_HOST_OWN);
}

static void parameters_are_bounded(void **state)
{
    struct ms_query q = {0};
    uint64_t n;
    char longest[MS_QUERY_VALUE + 1];

    (void)state;
    memset(longest, '7', sizeof longest);
    longest[MS_QUERY_VALUE - 1] = '\0';
    ms_query_add(&q, "q", longest);
    ms_query_add(&q, "none", NULL);
    ms_query_add(&q, "most", "9999999999999999999");
    assert_false(q.bad);
    assert_false(ms_query_number(&q, "q", 0, UINT64_MAX, &n));
    assert_false(ms_query_number(&q, "none", 0, UINT64_MAX, &n));
    assert_true(ms_query_number(&q, "most", 0, UINT64_MAX, &n));
    assert_true(n == UINT64_C(9999999999999999999));
    assert_false(ms_query_number(&q, "most", 0, 5, &n));
    assert_true(ms_query_number(&q, "absent", 3, 5, &n) && n == 3);
    ms_query_add(&q, "q", "again");
    assert_true(q.bad);
    longest[MS_QUERY_VALUE - 1] = '7';
    longest[MS_QUERY_VALUE] = '\0';
    q = (struct ms_query){0};
    ms_query_add(&q, "q", longest);
    assert_true(q.bad);
    q = (struct ms_query){0};
    for (int i = 0; i <= MS_QUERY_PARAMETERS; i++) {
        assert_false(q.bad);
        snprintf(longest, sizeof longest, "p%d", i);
        ms_query_add(&q, longest, "");
    }
    assert_true(q.bad);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_upgrade_is_one),
        cmocka_unit_test(every_part_of_a_head_is_incomplete),
        cmocka_unit_test(what_is_doubtful_is_no_upgrade),
        cmocka_unit_test(what_is_no_http_is_told_at_once),
        cmocka_unit_test(a_head_without_end_is_too_large),
        cmocka_unit_test(a_first_line_may_be_too_long),
        cmocka_unit_test(no_change_of_a_good_upgrade_reads_too_far),
        cmocka_unit_test(only_own_names_are_hosts),
        cmocka_unit_test(parameters_are_bounded),
    };
    char *map = mmap(NULL, ROOM + 4096, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (map == MAP_FAILED || mprotect(map + ROOM, 4096, PROT_NONE) != 0)
        return 1;
    guard = map + ROOM;
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: MIT
//
// JSON of what may be anything; streams in pieces of any size.

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine/render.h"
#include "fake_engine.h"
#include "open_writer.h"
#include "runtime/store.h"

static void assert_text(const char *given, const char *expected)
{
    json_t *t = ms_render_text(given);

    assert_string_equal(json_string_value(t), expected);
    json_decref(t);
}

#define NO "\xef\xbf\xbd"

static void text_that_is_no_utf8_is_replaced(void **state)
{
    (void)state;
    assert_text("", "");
    assert_text("gr\xc3\xbc\xc3\x9f \xf0\x9f\x8e\x89",
                "gr\xc3\xbc\xc3\x9f \xf0\x9f\x8e\x89");
    assert_text("a\xff"
                "b",
                "a" NO "b");
    assert_text("\xc3", NO);                      // cut
    assert_text("\xe2\x82", NO NO);               // cut later
    assert_text("\xc0\xaf", NO NO);               // overlong
    assert_text("\xe0\x80\xaf", NO NO NO);        // overlong
    assert_text("\xed\xa0\x80", NO NO NO);        // a surrogate
    assert_text("\xf4\x90\x80\x80", NO NO NO NO); // beyond Unicode
    assert_text("\xc3\xbc\xff", "\xc3\xbc" NO);
}

static void control_characters_are_escaped(void **state)
{
    (void)state;
    json_t *t = ms_render_text("a\n\x01\"\\\x7f");
    char *text = json_dumps(t, JSON_ENCODE_ANY);

    assert_string_equal(text, "\"a\\n\\u0001\\\"\\\\\x7f\"");
    free(text);
    json_decref(t);
}

static void assert_null_json(json_t *o)
{
    assert_true(json_is_null(o));
    json_decref(o);
}

static void what_is_not_known_is_null(void **state)
{
    (void)state;
    assert_null_json(ms_render_u64(UINT64_MAX));
    assert_null_json(ms_render_double(NAN));
    assert_null_json(ms_render_double(-INFINITY));
    json_t *zero = ms_render_u64(0);
    assert_true(json_is_integer(zero));
    json_decref(zero);
}

static void trend_beyond_any_heap_is_null(void **state)
{
    (void)state;
    float trend[MS_TREND_POINTS] = {1.8e19f, NAN, -1.8e19f, INFINITY, 77};
    json_t *list = ms_render_trend(trend);

    for (size_t i = 0; i < 4; i++)
        assert_true(json_is_null(json_array_get(list, i)));
    assert_int_equal(json_integer_value(json_array_get(list, 4)), 77);
    assert_int_equal(json_array_size(list), MS_TREND_POINTS);
    json_decref(list);
}

static struct ms_store store;
static struct ms_session *session;

static struct ms_engine *engine_with(unsigned blocks)
{
    static const uint64_t name[2] = {UINT64_C(0x22ff0a), 0};

    assert_int_equal(ms_store_create(&store, MS_BACKEND_CORE), 0);
    struct ms_writer *w =
        ms_store_writer_open(&store, 101, name, ms_nobody_is_gone);
    for (unsigned i = 0; i < blocks; i++)
        ms_store_allocation(w, 0x10000 + i * 128, i * 7,
                            ms_store_stack(&store, 0x4000 + i % 5, 0), false);
    struct ms_engine *e = ms_fake_engine(dup(store.fd), &session);
    assert_non_null(e);
    (void)ms_session_tick(session);
    return e;
}

static char *read_in_steps(struct ms_render_stream *s, size_t step)
{
    char *text = malloc(1 << 20);
    size_t all = 0, n;

    while ((n = ms_render_read(s, text + all, step)) != 0) {
        assert_in_range(n, 1, step);
        all += n;
    }
    text[all] = '\0';
    ms_render_close(s);
    return text;
}

static void pieces_of_any_size_give_the_same_text(void **state)
{
    (void)state;
    const unsigned blocks[] = {0, 1, 519}; // none, one, more than a batch

    for (size_t i = 0; i < 3; i++) {
        struct ms_engine *e = engine_with(blocks[i]);
        const struct ms_snapshot *snapshot;
        struct ms_render_stream *s;
        char *whole[2] = {NULL, NULL};

        assert_int_equal(ms_snapshot_take(e, 0, NULL, &snapshot), MEMSCOPE_OK);
        for (size_t step = 1 << 16; step >= 1; step /= 16) {
            char *a = read_in_steps(ms_render_snapshot(snapshot), step);
            assert_int_equal(ms_render_blocks(e, 0, &s), MEMSCOPE_OK);
            char *b = read_in_steps(s, step);
            if (whole[0] == NULL) {
                whole[0] = a;
                whole[1] = b;
                continue;
            }
            assert_string_equal(a, whole[0]);
            assert_string_equal(b, whole[1]);
            free(a);
            free(b);
        }
        json_t *o = json_loads(whole[1], JSON_REJECT_DUPLICATES, NULL);
        assert_int_equal(json_array_size(json_object_get(o, "rows")),
                         blocks[i]);
        assert_int_equal(json_integer_value(json_object_get(o, "count")),
                         blocks[i]);
        json_decref(o);
        o = json_loads(whole[0], JSON_REJECT_DUPLICATES, NULL);
        assert_int_equal(json_array_size(json_object_get(o, "sites")),
                         blocks[i] < 5 ? blocks[i] : 5);
        json_decref(o);
        free(whole[0]);
        free(whole[1]);
        ms_snapshot_release(e, snapshot);
        ms_fake_engine_destroy(e);
        ms_store_destroy(&store);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_that_is_no_utf8_is_replaced),
        cmocka_unit_test(control_characters_are_escaped),
        cmocka_unit_test(what_is_not_known_is_null),
        cmocka_unit_test(trend_beyond_any_heap_is_null),
        cmocka_unit_test(pieces_of_any_size_give_the_same_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

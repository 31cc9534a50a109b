// SPDX-License-Identifier: MIT
//
// What a snapshot's text says comes back whole; what is foreign, damaged or
// cut off is told with its place, and takes nothing away.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/import.h"
#include "engine/render.h"

#define CORPUS MS_TEST_SOURCE_DIR "/../fuzz/corpus/import/"

static char *text;
static size_t bytes;

static int read_text(void **state)
{
    FILE *f = fopen(CORPUS "small.json", "rb");

    (void)state;
    if (f == NULL)
        return -1;
    text = malloc(1 << 20);
    bytes = fread(text, 1, 1 << 20, f);
    text[bytes] = '\0';
    fclose(f);
    return bytes == 0;
}

static int free_text(void **state)
{
    (void)state;
    free(text);
    return 0;
}

static struct ms_import *import(const char *from, size_t n, size_t step)
{
    struct ms_import *m = ms_import_create();

    assert_non_null(m);
    for (size_t at = 0; at < n; at += step)
        if (ms_import_feed(m, from + at, n - at < step ? n - at : step) !=
            MEMSCOPE_OK)
            break;
    return m;
}

static void refused(const char *from, size_t n, const char *why)
{
    struct ms_import *m = import(from, n, 4096);

    enum memscope_status status = ms_import_end(m);
    assert_true(status == MEMSCOPE_ERROR_FORMAT ||
                status == MEMSCOPE_ERROR_LIMIT);
    if (strstr(ms_import_error(m), why) == NULL ||
        strstr(ms_import_error(m), "byte ") == NULL)
        fail_msg("\"%s\" does not say \"%s\"", ms_import_error(m), why);
    ms_import_destroy(m);
}

// The text with the first `old` replaced.
static void refused_with(const char *old, const char *new, const char *why)
{
    const char *at = strstr(text, old);
    char *changed = malloc(bytes + strlen(new) + 1);

    assert_non_null(at);
    assert_non_null(changed);
    int n = sprintf(changed, "%.*s%s%s", (int)(at - text), text, new,
                    at + strlen(old));
    refused(changed, (size_t)n, why);
    free(changed);
}

static char *written(const struct ms_snapshot *s, size_t *n)
{
    struct ms_render_stream *stream = ms_render_snapshot(s);
    char *out = malloc(1 << 20);

    assert_non_null(stream);
    assert_non_null(out);
    *n = 0;
    for (size_t more = 1; more != 0; *n += more) {
        more = ms_render_read(stream, out + *n, (1 << 20) - *n);
        assert_true(more <= 1 << 20);
    }
    ms_render_close(stream);
    return out;
}

static void what_was_written_comes_back(void **state)
{
    struct ms_import *m = import(text, bytes, bytes);
    size_t n, again;

    (void)state;
    assert_int_equal(ms_import_end(m), MEMSCOPE_OK);
    const struct ms_snapshot *s = ms_import_snapshot(m);
    assert_int_equal(s->site_count, 2);
    assert_int_equal(s->thread_count, 1);
    assert_int_equal(s->sites[0].live_bytes + s->sites[1].live_bytes,
                     s->stats.heap.live_bytes);
    assert_string_equal(s->stats.capture.backend, "unified");
    assert_true(s->stacks.node_count > 0 && s->stacks.frame_count > 0);
    char *first = written(s, &n);
    // However it is cut, it is the same.
    for (size_t step = 1; step < 40; step += 13) {
        struct ms_import *copy = import(first, n, step);
        assert_int_equal(ms_import_end(copy), MEMSCOPE_OK);
        char *second = written(ms_import_snapshot(copy), &again);
        assert_int_equal(n, again);
        assert_memory_equal(first, second, n);
        free(second);
        ms_import_destroy(copy);
    }
    free(first);
    ms_import_destroy(m);
}

static void cut_off_anywhere_it_is_refused(void **state)
{
    (void)state;
    for (size_t n = 0; n < bytes; n++) {
        struct ms_import *m = import(text, n, bytes);
        char place[32];
        assert_int_equal(ms_import_end(m), MEMSCOPE_ERROR_FORMAT);
        snprintf(place, sizeof place, "byte %zu: ", n);
        assert_non_null(strstr(ms_import_error(m), place));
        ms_import_destroy(m);
    }
}

static void foreign_text_is_refused(void **state)
{
    (void)state;
    refused("[1]", 3, "no memscope snapshot");
    refused("17 ", 3, "no memscope snapshot");
    refused("\x7f"
            "ELF",
            4, "lexical error");
    refused("{\"traceEvents\":[]}", 18, "no memscope snapshot");
    refused_with("memscope-snapshot", "heap-snapshot", "format, byte");
    refused_with("\"version\":1", "\"version\":2", "newer memscope");
    refused_with("\"version\":1", "\"version\":0", "from 1 on");
}

static void each_mistake_is_told_with_its_place(void **state)
{
    (void)state;
    refused_with("\"live_blocks\":", "\"live_blocks\":true,\"x\":",
                 "stats.heap.live_blocks, byte");
    refused_with(
        "\"function\":", "\"function\":7,\"x\":", "sites[0].function, byte");
    refused_with("\"trend\":[", "\"trend\":[1,", "the list is too long");
    refused_with(
        "\"tid\":", "\"tid\":99999999999,\"x\":", "the number is too large");
    refused_with("\"tid\":", "\"x\":", "tid is missing");
    refused_with("\"seq\":", "\"seq\":1,\"seq\":", "given twice");
    refused_with("\"exe\":\"", "\"exe\":\"\\u0000", "a zero in it");
    refused_with("\"bias\":\"0x", "\"bias\":\"0xg", "an address is expected");
    refused_with("\"sites\":[", "\"sites\":[1,", "a row is expected");
    refused_with("\"nodes\":[", "\"nodes\":[[0,1,2],", "too many numbers");
    refused_with("\"nodes\":[", "\"nodes\":[[0],", "frame is missing");
    refused_with("{\"format\"", "{\"x\":[[[[[[[[[[[[[1]]]]]]]]]]]]],\"format\"",
                 "nested too deeply");
    refused_with("}]}", "}]}{", "something follows");
}

// A snapshot with this after all that the text has.
static void refused_more(const char *more, const char *why)
{
    char *with = malloc(strlen(more) + 16);

    assert_non_null(with);
    sprintf(with, "{%s,\"format\"", more);
    refused_with("{\"format\"", with, why);
    free(with);
}

#define SAMPLE(seq) "[" seq ",1,2,3,4,5,6,7,8,9,null,0.5,1]"
#define STACK "{\"role\":\"freed\",\"thread\":0,\"time_ns\":null,\"frames\":[]}"
#define FINDING(more)                                                          \
    "\"findings\":[{\"analyzer\":\"leak_suspects\",\"confidence\":null,"       \
    "\"weight\":1,\"text\":\"x\",\"stacks\":[]," more "}]"

static void mistakes_in_what_was_known_are_told(void **state)
{
    (void)state;
    refused_more("\"history\":{}", "history, byte");
    refused_more("\"history\":[[1,2]]", "live_bytes is missing");
    refused_more("\"history\":[[1,2,\"x\"]]", "history[0].live_bytes, byte");
    refused_more("\"history\":[" SAMPLE("1") "," SAMPLE("1") "]",
                 "history[1]: samples are not in order");
    refused_more("\"history\":[" SAMPLE("999999999") "]",
                 "history[0]: samples are not in order");
    refused_more("\"findings\":[{\"analyzer\":\"guess\"}]",
                 "findings[0].analyzer, byte");
    refused_more("\"findings\":[{\"analyzer\":3}]", "a text is expected");
    refused_more(
        "\"findings\":[{\"stacks\":[{\"frames\":[{\"line\":\"x\"}]}]}]",
        "findings[0].stacks[0].frames[0].line, byte");
    refused_more("\"findings\":[{\"evidence\":[{},{}]}]", "name is missing");
    refused_more("\"findings\":[{\"stacks\":[" STACK "," STACK "," STACK
                 "," STACK "]}]",
                 "too many rows");
    refused_more(FINDING("\"evidence\":[],\"site\":0,\"thread\":77777"),
                 "findings[0]: there is no such site or thread");
    refused_more(FINDING("\"evidence\":[],\"site\":77777,\"thread\":0"),
                 "findings[0]: there is no such site or thread");
    refused_more("\"leak_scan\":[]", "no list is expected");
    refused_more("\"leak_scan\":{\"state\":\"odd\"}", "leak_scan.state, byte");
    refused_more("\"leak_rows\":[{\"kind\":\"lost\"}]", "leak_rows[0].kind");
    refused_more("\"groups\":[{\"kind\":7}]", "groups[0].kind, byte");
    refused_more("\"types\":[{\"name\":null}]", "types[0].name, byte");
    refused_more("\"measured_types\":{\"vtables\":1}",
                 "measured_types.vtables, byte");
    refused_more("\"measured_rows\":7", "a list is expected");
}

static void what_cannot_be_true_is_refused(void **state)
{
    (void)state;
    refused_with("\"live_bytes\":", "\"live_bytes\":9", "add up to");
    refused_with("\"nodes\":[", "\"nodes\":[[1,1],", "no such parent");
    refused_with("\"nodes\":[", "\"nodes\":[[0,9999],", "no such parent");
    refused_with("\"site\":", "\"site\":77777,\"x\":", "no such site");
}

static void a_value_without_an_end_takes_no_memory(void **state)
{
    struct ms_import *m = ms_import_create();
    static char many[65536];
    enum memscope_status status = MEMSCOPE_OK;
    unsigned pieces = 0;

    (void)state;
    memset(many, 'a', sizeof many);
    assert_int_equal(ms_import_feed(m, "{\"x\":\"", 6), MEMSCOPE_OK);
    while (status == MEMSCOPE_OK && ++pieces < 1000)
        status = ms_import_feed(m, many, sizeof many);
    assert_int_equal(status, MEMSCOPE_ERROR_FORMAT);
    assert_true(pieces < 40);
    assert_non_null(strstr(ms_import_error(m), "too long"));
    ms_import_destroy(m);
}

static void a_file_that_is_not_there_is_told(void **state)
{
    struct ms_import *m;

    (void)state;
    assert_int_equal(ms_import_file(CORPUS "none.json", &m),
                     MEMSCOPE_ERROR_SYSTEM);
    assert_non_null(strstr(ms_import_error(m), "No such file"));
    ms_import_destroy(m);
    assert_int_equal(ms_import_file(CORPUS "whole.json", &m), MEMSCOPE_OK);
    assert_true(ms_import_snapshot(m)->site_count > 2);
    ms_import_destroy(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_comes_back),
        cmocka_unit_test(cut_off_anywhere_it_is_refused),
        cmocka_unit_test(foreign_text_is_refused),
        cmocka_unit_test(each_mistake_is_told_with_its_place),
        cmocka_unit_test(mistakes_in_what_was_known_are_told),
        cmocka_unit_test(what_cannot_be_true_is_refused),
        cmocka_unit_test(a_value_without_an_end_takes_no_memory),
        cmocka_unit_test(a_file_that_is_not_there_is_told),
    };
    return cmocka_run_group_tests(tests, read_text, free_text);
}

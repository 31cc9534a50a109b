// SPDX-License-Identifier: MIT
//
// Names of this very program's functions; and files that have none to give.

#include <dlfcn.h>
#include <link.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "platform/modules.h"
#include "symbols/dwarf.h"
#include "symbols/strings.h"

static char own_path[512];
static uint64_t bias;

// Where it returns to, inside itself and inside what was inlined into it.
__attribute__((noinline)) static void *where_am_i(void)
{
    return __builtin_return_address(0);
}

enum { LINE_OF_INLINED = __LINE__ + 3 };
static inline __attribute__((always_inline)) void *inlined_here(void)
{
    void *here = where_am_i();

    __asm__ volatile("" : "+r"(here));
    return here;
}

enum { LINE_OF_OUTER = __LINE__ + 3 };
__attribute__((noinline)) static void *outer_of_inlined(void)
{
    void *here = inlined_here();

    __asm__ volatile("" : "+r"(here));
    return here;
}

enum { LINE_OF_PLAIN = __LINE__ + 3 };
__attribute__((noinline)) static void *plain_function(void)
{
    void *here = where_am_i();

    __asm__ volatile("" : "+r"(here));
    return here;
}

static int find_self(void **state)
{
    struct ms_loaded_module m;

    (void)state;
    ms_program_path(own_path, sizeof own_path);
    if (!ms_module_at((uintptr_t)&plain_function, &m))
        return -1;
    bias = m.bias;
    return 0;
}

static struct ms_dwarf_frame frames[MS_DWARF_FRAMES];

static size_t frames_in(struct ms_dwarf *d, void *code)
{
    return ms_dwarf_frames(d, (uintptr_t)code - bias - 1, frames);
}

static void function_file_and_line_are_named(void **state)
{
    (void)state;
    struct ms_dwarf *d = ms_dwarf_open(own_path, 0, NULL, 0, true);

    assert_non_null(d);
    assert_int_equal(frames_in(d, plain_function()), 1);
    assert_string_equal(frames[0].function, "plain_function");
    assert_non_null(strstr(frames[0].file, "test_dwarf.c"));
    assert_int_equal(frames[0].line, LINE_OF_PLAIN);
    assert_true(ms_dwarf_has_debug(d));
    ms_dwarf_close(d);
}

static void inlined_functions_are_frames_of_their_own(void **state)
{
    (void)state;
    struct ms_dwarf *d = ms_dwarf_open(own_path, getpid(), NULL, 0, true);

    assert_non_null(d);
    assert_int_equal(frames_in(d, outer_of_inlined()), 2);
    assert_string_equal(frames[0].function, "inlined_here");
    assert_int_equal(frames[0].line, LINE_OF_INLINED);
    assert_string_equal(frames[1].function, "outer_of_inlined");
    assert_non_null(strstr(frames[1].file, "test_dwarf.c"));
    assert_int_equal(frames[1].line, LINE_OF_OUTER);
    assert_int_equal(ms_dwarf_frames(d, UINT64_C(0xfffffffff000), frames), 0);
    ms_dwarf_close(d);
}

static void other_file_by_build_id_names_nothing(void **state)
{
    (void)state;
    struct ms_loaded_module m;
    uint8_t other[20];

    assert_true(ms_module_at((uintptr_t)&plain_function, &m));
    assert_int_equal(m.build_id_bytes, 20);
    struct ms_dwarf *d = ms_dwarf_open(own_path, 0, m.build_id, 20, true);
    assert_non_null(d);
    ms_dwarf_close(d);
    memcpy(other, m.build_id, 20);
    other[19] ^= 1;
    assert_null(ms_dwarf_open(own_path, 0, other, 20, true));
}

// Writes the first `bytes` of this program, then `junk` bytes of it anew.
static void write_part(char *path, size_t bytes, size_t junk)
{
    FILE *from = fopen(own_path, "rb");
    int fd = mkstemp(path);

    for (size_t i = 0; i < bytes; i++) {
        int c = fgetc(from);
        uint8_t byte =
            i >= 64 && i < 64 + junk ? (uint8_t)(c * 31 + 7) : (uint8_t)c;
        if (c == EOF)
            break;
        assert_int_equal(write(fd, &byte, 1), 1);
    }
    close(fd);
    fclose(from);
}

static void damaged_file_crashes_nobody(void **state)
{
    (void)state;
    static const size_t bytes[] = {0, 3, 63, 64, 1000, 20000};

    for (size_t i = 0; i < 2 * sizeof bytes / sizeof *bytes; i++) {
        char path[] = "/tmp/memscope-elf-XXXXXX";
        write_part(path, bytes[i / 2], i % 2 == 0 ? 0 : 600);
        struct ms_dwarf *d = ms_dwarf_open(path, 0, NULL, 0, true);
        if (d != NULL && frames_in(d, plain_function()) != 0)
            assert_string_not_equal(frames[0].function, "plain_function");
        ms_dwarf_close(d);
        unlink(path);
    }
}

static void what_is_no_file_is_not_opened(void **state)
{
    (void)state;
    assert_null(ms_dwarf_open("/nowhere/at-all", 0, NULL, 0, true));
    assert_null(ms_dwarf_open("linux-vdso.so.1", 0, NULL, 0, true));
    assert_null(ms_dwarf_open("", getpid(), NULL, 0, true));
    assert_null(ms_dwarf_open("/tmp", 0, NULL, 0, true));
    ms_dwarf_close(NULL);
}

static void text_is_kept_once(void **state)
{
    (void)state;
    struct ms_strings s = {0};
    const char *kept[3000];
    char text[32];

    for (unsigned i = 0; i < 3000; i++) {
        snprintf(text, sizeof text, "name %u", i);
        kept[i] = ms_strings_keep(&s, text);
        assert_ptr_not_equal(kept[i], text);
    }
    for (unsigned i = 0; i < 3000; i++) {
        snprintf(text, sizeof text, "name %u", i);
        assert_string_equal(kept[i], text);
        assert_ptr_equal(ms_strings_keep(&s, text), kept[i]);
    }
    assert_int_equal(s.count, 3000);
    assert_string_equal(ms_strings_keep(&s, ""), "");
    s.bytes = MS_STRINGS_LIMIT - 3;
    assert_string_equal(ms_strings_keep(&s, "new"), "(names are full)");
    assert_ptr_equal(ms_strings_keep(&s, "name 77"), kept[77]);
    ms_strings_fini(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(function_file_and_line_are_named),
        cmocka_unit_test(inlined_functions_are_frames_of_their_own),
        cmocka_unit_test(other_file_by_build_id_names_nothing),
        cmocka_unit_test(damaged_file_crashes_nobody),
        cmocka_unit_test(what_is_no_file_is_not_opened),
        cmocka_unit_test(text_is_kept_once),
    };
    return cmocka_run_group_tests(tests, find_self, NULL);
}

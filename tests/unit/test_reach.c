// SPDX-License-Identifier: MIT
//
// What can be reached, and what is suppressed.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analysis/reach.h"
#include "analysis/suppressions.h"

#define BASE UINT64_C(0x7f0000000000)
#define COUNT 4000u

// A heap that exists on paper only: content[i] is that of blocks[i].
static struct ms_reach_block blocks[COUNT];
static uint64_t *content[COUNT];
static struct ms_reach reach;

static bool read_paper(void *arg, const struct ms_memory_part *parts,
                       size_t count, void *out)
{
    char *to = out;

    (void)arg;
    for (size_t i = 0; i < count; i++) {
        const struct ms_reach_block *b =
            ms_reach_find(&reach, parts[i].address);
        assert_non_null(b);
        uint64_t offset = parts[i].address - b->address;
        assert_true(offset + parts[i].bytes <= b->size);
        memcpy(to, (char *)content[b - blocks] + offset, parts[i].bytes);
        to += parts[i].bytes;
    }
    return true;
}

static void make(size_t count, uint64_t (*size)(size_t), uint64_t gap)
{
    uint64_t at = BASE;

    for (size_t i = 0; i < count; i++) {
        blocks[i] = (struct ms_reach_block){.address = at, .size = size(i)};
        content[i] = calloc(1, size(i) + 8);
        at += (size(i) + gap + 15) & ~UINT64_C(15);
    }
    assert_int_equal(ms_reach_init(&reach, blocks, count), MEMSCOPE_OK);
}

static void unmake(size_t count)
{
    ms_reach_fini(&reach);
    for (size_t i = 0; i < count; i++)
        free(content[i]);
}

static uint64_t small(size_t i)
{
    return 16 + i % 200;
}

static uint64_t mixed(size_t i)
{
    return i % 50 == 0 ? 3000000 + i : i % 7 == 0 ? 0 : 16 + i % 5000;
}

static void each_block_is_found_and_nothing_else(void **state)
{
    (void)state;
    make(1000, mixed, 16);
    for (size_t i = 0; i < 1000; i++) {
        const struct ms_reach_block *b = &blocks[i];
        assert_ptr_equal(ms_reach_find(&reach, b->address), b);
        if (b->size > 1) {
            assert_ptr_equal(ms_reach_find(&reach, b->address + b->size - 1),
                             b);
            assert_ptr_equal(ms_reach_find(&reach, b->address + b->size / 2),
                             b);
        }
        assert_null(ms_reach_find(&reach, b->address + b->size + 1));
    }
    assert_null(ms_reach_find(&reach, 0));
    assert_null(ms_reach_find(&reach, BASE - 1));
    assert_null(ms_reach_find(&reach, UINT64_MAX));
    unmake(1000);
}

// The slow and obvious way, for what is reached by beginnings and insides.
static void mark_slowly(size_t count, const uint64_t *roots, size_t root_count,
                        uint32_t *states)
{
    memset(states, 0, count * sizeof *states);
    for (size_t i = 0; i < root_count; i++)
        for (size_t b = 0; b < count; b++) {
            uint32_t now = roots[i] == blocks[b].address ? MS_REACH_REACHABLE
                           : roots[i] > blocks[b].address &&
                                   roots[i] < blocks[b].address + blocks[b].size
                               ? MS_REACH_POSSIBLE
                               : MS_REACH_NONE;
            if (now > states[b])
                states[b] = now;
        }
    for (bool more = true; more;) {
        more = false;
        for (size_t a = 0; a < count; a++)
            for (size_t w = 0; states[a] != 0 && w < blocks[a].size / 8; w++) {
                uint64_t p = content[a][w];
                for (size_t b = 0; p != 0 && b < count; b++) {
                    uint32_t now =
                        p == blocks[b].address ? states[a]
                        : p > blocks[b].address &&
                                p < blocks[b].address + blocks[b].size
                            ? MS_REACH_POSSIBLE
                            : MS_REACH_NONE;
                    if (now > states[b]) {
                        states[b] = now;
                        more = true;
                    }
                }
            }
    }
}

static void random_heaps_are_marked_as_the_slow_way_does(void **state)
{
    (void)state;
    enum { N = 60 };
    uint32_t expected[N];

    for (unsigned seed = 1; seed <= 300; seed++) {
        uint64_t roots[4];
        srand(seed);
        make(N, small, 16);
        for (size_t i = 0; i < N; i++)
            for (size_t w = 0; w < blocks[i].size / 8; w++)
                if (rand() % 12 == 0) {
                    const struct ms_reach_block *to = &blocks[rand() % N];
                    content[i][w] =
                        to->address + (rand() % 6 == 0 ? to->size / 2 : 0);
                }
        for (size_t i = 0; i < 4; i++)
            roots[i] = blocks[rand() % N].address + (i == 3 ? 8 : 0);
        mark_slowly(N, roots, 4, expected);
        ms_reach_roots(&reach, roots, 4, false);
        assert_true(ms_reach_mark(&reach, read_paper, NULL));
        for (size_t i = 0; i < N; i++) {
            if (expected[i] != MS_REACH_NONE)
                assert_int_equal(blocks[i].state, expected[i]);
            else
                assert_true(blocks[i].state == MS_REACH_DEFINITE ||
                            blocks[i].state == MS_REACH_INDIRECT);
        }
        unmake(N);
    }
}

static void rings_have_one_leader(void **state)
{
    (void)state;
    make(6, small, 16);
    content[3][0] = blocks[1].address; // 1 -> 2 -> 3 -> 1
    content[1][0] = blocks[2].address;
    content[2][0] = blocks[3].address;
    content[5][0] = blocks[4].address; // 5 -> 4: the lower is led
    assert_true(ms_reach_mark(&reach, read_paper, NULL));
    assert_int_equal(blocks[0].state, MS_REACH_DEFINITE);
    assert_int_equal(blocks[1].state, MS_REACH_DEFINITE);
    assert_int_equal(blocks[2].state, MS_REACH_INDIRECT);
    assert_int_equal(blocks[3].state, MS_REACH_INDIRECT);
    assert_int_equal(blocks[4].state, MS_REACH_INDIRECT);
    assert_int_equal(blocks[5].state, MS_REACH_DEFINITE);
    unmake(6);
}

// glibc's lists of free chunks point 16 bytes below what they mean: into the
// last words of the block before it, if its size is 8 more than a multiple of
// 16.
static void the_allocators_own_pointers_are_none(void **state)
{
    (void)state;
    uint64_t word;

    make(20, small, 8);
    word = blocks[8].address + 16; // 24 bytes long
    ms_reach_roots(&reach, &word, 1, true);
    assert_int_equal(blocks[8].state, MS_REACH_NONE);
    ms_reach_roots(&reach, &word, 1, false);
    assert_int_equal(blocks[8].state, MS_REACH_POSSIBLE);
    unmake(20);
}

static bool matches(const char *patterns, const char *text)
{
    unsigned line;
    struct ms_suppressions *s =
        ms_suppressions_parse(patterns, strlen(patterns), &line);

    assert_non_null(s);
    bool yes = ms_suppressions_match(s, text) != 0;
    ms_suppressions_free(s);
    return yes;
}

static void patterns_match_as_leak_sanitizers(void **state)
{
    (void)state;
    assert_true(matches("leak:foo", "a_foo_b"));
    assert_false(matches("leak:foo", "a_fo_o"));
    assert_true(matches("leak:^foo", "foobar"));
    assert_false(matches("leak:^foo", "afoo"));
    assert_true(matches("leak:foo$", "afoo"));
    assert_false(matches("leak:foo$", "foob"));
    assert_true(matches("leak:^foo$", "foo"));
    assert_false(matches("leak:^foo$", "foofoo"));
    assert_true(matches("leak:a*c*e", "xabcdex"));
    assert_false(matches("leak:a*c*e", "ecax"));
    assert_true(matches("leak:^a*z$", "abcz"));
    assert_true(matches("leak:^a*z$", "azbz"));
    assert_false(matches("leak:^a*z$", "azb"));
    assert_true(matches("leak:*", ""));
    assert_true(matches("# first\n\n  leak:x \r\nleak:foo", "foo"));
    assert_false(matches("", "foo"));
}

static void other_lines_are_refused(void **state)
{
    (void)state;
    unsigned line;

    assert_null(ms_suppressions_parse("leak:a\nfoo", 10, &line));
    assert_int_equal(line, 2);
    assert_null(ms_suppressions_parse("leak:", 5, &line));
    assert_int_equal(line, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_block_is_found_and_nothing_else),
        cmocka_unit_test(random_heaps_are_marked_as_the_slow_way_does),
        cmocka_unit_test(rings_have_one_leader),
        cmocka_unit_test(the_allocators_own_pointers_are_none),
        cmocka_unit_test(patterns_match_as_leak_sanitizers),
        cmocka_unit_test(other_lines_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

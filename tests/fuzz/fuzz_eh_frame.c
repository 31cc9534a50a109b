// SPDX-License-Identifier: MIT
//
// Any bytes as an object's unwind tables: no byte outside them is read, and
// whatever rule comes out can be taken apart. An input begins with two bytes
// that say where in the rest .eh_frame_hdr is, and four that name an address;
// besides it the addresses that the table itself names are asked for.

#include "harness.h"

#include <string.h>

#include "unwind/eh_frame.h"

#define HEAD 6u
#define ENTRIES_MOST 16u

static void ask(const struct ms_eh_table *table, uint64_t pc)
{
    ms_rule rule = ms_eh_frame_rule(table, pc);
    enum ms_rule_kind kind = ms_rule_kind_of(rule);
    int64_t most = (int64_t)MS_RULE_WORDS_LIMIT * 8;

    FUZZ_CHECK(kind != MS_RULE_NONE && kind <= MS_RULE_SIGNAL);
    FUZZ_CHECK(ms_rule_saved_of(rule) <= MS_SAVED_AT_FP);
    FUZZ_CHECK(ms_rule_fp_bytes(rule) >= -most);
    FUZZ_CHECK(ms_rule_fp_bytes(rule) < most);
    FUZZ_CHECK(ms_rule_ra_bytes(rule) >= -most);
    FUZZ_CHECK(ms_rule_ra_bytes(rule) < most);
    FUZZ_CHECK(ms_eh_frame_rule(table, pc) == rule);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint16_t at;
    int32_t distance, named;

    if (size < HEAD)
        return 0;
    memcpy(&at, data, sizeof at);
    memcpy(&distance, data + 2, sizeof distance);
    // Memory of just its size, for the sanitizers' sake.
    size -= HEAD;
    uint8_t *object = malloc(size + (size == 0));
    FUZZ_CHECK(object != NULL);
    memcpy(object, data + HEAD, size);
    struct ms_eh_table table = {object, object + size, object + at};
    uint64_t header = (uint64_t)(uintptr_t)table.header;
    ask(&table, header + (uint64_t)(int64_t)distance);
    // Behind version, encodings, and most often two words of 4 bytes.
    for (size_t i = 0, next = (size_t)at + 12;
         i < ENTRIES_MOST && next + 8 <= size; i++, next += 8) {
        memcpy(&named, object + next, sizeof named);
        for (int64_t into = 0; into < 40; into += i < 8 ? 1 : 13)
            ask(&table, header + (uint64_t)((int64_t)named + into));
    }
    free(object);
    return 0;
}

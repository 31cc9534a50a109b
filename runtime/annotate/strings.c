// SPDX-License-Identifier: MIT
//
// See strings.h for the contract. As in the stack table, slots are filled in
// the order in which they are tried and never emptied: one name, one number.

#include "annotate/strings.h"

#include <string.h>

#include "platform/atomics.h"
#include "store/writer.h"

static uint64_t hash_of(const char *text, size_t length)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < length; i++)
        h = (h ^ (unsigned char)text[i]) * UINT64_C(0x100000001b3);
    return h ^ h >> 32;
}

static uint32_t claim(struct ms_annotations *a)
{
    // relaxed: claims a number; the slot's release [S] publishes the name
    uint32_t n = ms_load_relaxed(&a->string_count);

    do {
        if (n + 1 >= MS_STRING_CAPACITY)
            return 0;
    } while (!ms_cas_relaxed(&a->string_count, &n, n + 1));
    return n + 1; // 0 is none
}

static uint32_t write_new(struct ms_annotations *a, const char *text,
                          size_t length)
{
    uint32_t fresh = claim(a);

    if (fresh == 0)
        return 0;
    memcpy(a->strings[fresh].text, text, length); // the rest is zero
    // [S] release: publishes the text to the engine, which knows no slots
    ms_store_release(&a->strings[fresh].length, (uint32_t)length + 1);
    return fresh;
}

static bool is(const struct ms_string *s, const char *text, size_t length)
{
    // relaxed: whoever has the number has the text
    return ms_load_relaxed(&s->length) == length + 1 &&
           memcmp(s->text, text, length) == 0;
}

uint32_t ms_string_intern(struct ms_store *s, const char *text)
{
    struct ms_annotations *a = s->annotations;
    uint32_t fresh = 0;

    if (text == NULL)
        return 0;
    size_t length = strnlen(text, MS_STRING_TEXT - 1);
    uint64_t hash = hash_of(text, length);
    for (uint32_t i = 0; i < MS_STRING_PROBES;) {
        _Atomic uint32_t *slot =
            &a->string_slots[(hash + i) & (MS_STRING_SLOTS - 1)];
        uint32_t found = ms_load_acquire(slot); // acquire: pairs with [S]
        if (found != 0 && is(&a->strings[found], text, length))
            return found;
        if (found != 0) {
            i++;
            continue;
        }
        if (fresh == 0)
            fresh = write_new(a, text, length);
        if (fresh == 0)
            break;
        // [S] release: publishes the name. Overtaken, the slot is read again.
        if (ms_cas_release(slot, &found, fresh))
            return fresh;
    }
    ms_store_count_drop(s, MS_DROP_STRINGS);
    return 0;
}

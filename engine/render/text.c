// SPDX-License-Identifier: MIT
// See engine/render.h for the contract: text that may hold anything.

#include "engine/render.h"

#include <stdlib.h>
#include <string.h>

static size_t sequence_length(unsigned char first)
{
    if (first < 0x80)
        return 1;
    if (first >= 0xc2 && first < 0xe0)
        return 2;
    if (first >= 0xe0 && first < 0xf0)
        return 3;
    return first >= 0xf0 && first < 0xf5 ? 4 : 0;
}

static bool is_sequence(const unsigned char *p, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if ((p[i] & 0xc0) != 0x80) // the terminator is none, either
            return false;
    // Overlong forms, surrogates, and what lies beyond Unicode.
    return n != 0 && !(p[0] == 0xe0 && p[1] < 0xa0) &&
           !(p[0] == 0xed && p[1] > 0x9f) && !(p[0] == 0xf0 && p[1] < 0x90) &&
           !(p[0] == 0xf4 && p[1] > 0x8f);
}

json_t *ms_render_text(const char *text)
{
    static const char replacement[] = "\xef\xbf\xbd";
    const unsigned char *from = (const unsigned char *)text;
    json_t *plain = json_string(text);

    if (plain != NULL)
        return plain; // the usual case: it was UTF-8
    char *clean = malloc(3 * strlen(text) + 1);
    if (clean == NULL)
        return NULL;
    char *to = clean;
    while (*from != '\0') {
        size_t n = sequence_length(*from);
        if (is_sequence(from, n)) {
            memcpy(to, from, n);
            to += n;
            from += n;
        } else {
            memcpy(to, replacement, 3);
            to += 3;
            from++;
        }
    }
    *to = '\0';
    json_t *result = json_string(clean);
    free(clean);
    return result;
}

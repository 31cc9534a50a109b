// SPDX-License-Identifier: MIT
// See engine/render.h for the contract: text that may hold anything.

#include "engine/render.h"

#include <stdlib.h>
#include <string.h>

#include "render/writer.h"

json_t *ms_render_text(const char *text)
{
    static const char replacement[] = "\xef\xbf\xbd";
    const char *from = text;
    json_t *plain = json_string(text);

    if (plain != NULL)
        return plain; // the usual case: it was UTF-8
    char *clean = malloc(3 * strlen(text) + 1);
    if (clean == NULL)
        return NULL;
    char *to = clean;
    while (*from != '\0') {
        size_t n = ms_utf8_length(from);
        if (n != 0) {
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

// SPDX-License-Identifier: MIT
// See engine/render.h for the contract: long texts, piece by piece.

#include "render/stream.h"

#include <stdlib.h>
#include <string.h>

void ms_put_object(struct ms_writer_buffer *w, json_t *object, bool open)
{
    char *text = object != NULL ? json_dumps(object, JSON_COMPACT) : NULL;

    json_decref(object);
    if (text == NULL) {
        w->failed = true;
        return;
    }
    ms_put_bytes(w, text, strlen(text) - open);
    free(text);
}

size_t ms_render_read(struct ms_render_stream *s, char *text, size_t bytes)
{
    size_t done = 0;

    while (done < bytes) {
        if (s->given == s->piece.count) {
            if (s->hands_out && done != 0)
                break;
            s->given = s->piece.count = 0;
            if (s->next == NULL || s->piece.failed)
                break;
            if (!s->next(s))
                s->next = NULL;
            continue;
        }
        size_t n = s->piece.count - s->given;
        if (n > bytes - done)
            n = bytes - done;
        memcpy(text + done, s->piece.bytes + s->given, n);
        s->given += n;
        done += n;
    }
    return done == 0 && s->piece.failed ? SIZE_MAX : done;
}

void ms_render_close(struct ms_render_stream *s)
{
    if (s == NULL)
        return;
    if (s->close != NULL)
        s->close(s);
    free(s->piece.bytes);
    free(s);
}

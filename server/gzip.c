// SPDX-License-Identifier: MIT
// See gzip.h for the contract.

#include "gzip.h"

#include <stdint.h>
#include <stdlib.h>
#include <zlib.h>

#define PIECE_BYTES 16384
// A window of 4 KiB and its table; +16: with gzip's head and tail.
#define WINDOW_BITS (12 + 16)
#define MEMORY_LEVEL 5
#define LEVEL 1

struct squeezed {
    struct ms_flow from;
    z_stream z;
    bool read_all;
    bool ended;
    char piece[PIECE_BYTES];
};

static bool begin(z_stream *z)
{
    return deflateInit2(z, LEVEL, Z_DEFLATED, WINDOW_BITS, MEMORY_LEVEL,
                        Z_DEFAULT_STRATEGY) == Z_OK;
}

// False: it has failed.
static bool read_more(struct squeezed *s)
{
    size_t n =
        s->from.read(s->from.arg, s->piece, sizeof s->piece, &s->read_all);

    if (n == SIZE_MAX)
        return false;
    s->z.next_in = (Bytef *)s->piece;
    s->z.avail_in = (uInt)n;
    return true;
}

static size_t give(void *arg, char *to, size_t bytes, bool *end)
{
    struct squeezed *s = arg;

    s->z.next_out = (Bytef *)to;
    s->z.avail_out = bytes > PIECE_BYTES ? PIECE_BYTES : (uInt)bytes;
    uInt room = s->z.avail_out;
    while (s->z.avail_out != 0 && !s->ended) {
        if (s->z.avail_in == 0 && !s->read_all) {
            if (!read_more(s))
                return SIZE_MAX;
            if (s->z.avail_in == 0 && !s->read_all)
                break; // there is nothing yet
        }
        int result = deflate(&s->z, s->read_all ? Z_FINISH : Z_NO_FLUSH);
        if (result == Z_STREAM_END)
            s->ended = true;
        else if (result != Z_OK)
            return SIZE_MAX;
    }
    *end = s->ended;
    return room - s->z.avail_out;
}

static void finish(void *arg)
{
    struct squeezed *s = arg;

    deflateEnd(&s->z);
    s->from.close(s->from.arg);
    free(s);
}

bool ms_gzip_flow(struct ms_flow *flow)
{
    struct squeezed *s = calloc(1, sizeof *s);

    if (s == NULL || !begin(&s->z)) {
        flow->close(flow->arg);
        free(s);
        return false;
    }
    s->from = *flow;
    *flow = (struct ms_flow){give, finish, s};
    return true;
}

char *ms_gzip_text(const char *text, size_t bytes, size_t *shorter)
{
    z_stream z = {0};

    if (bytes > UINT32_MAX / 2 || !begin(&z))
        return NULL;
    uLong most = deflateBound(&z, (uLong)bytes);
    char *to = malloc(most);
    if (to != NULL) {
        z.next_in = (Bytef *)text;
        z.avail_in = (uInt)bytes;
        z.next_out = (Bytef *)to;
        z.avail_out = (uInt)most;
        if (deflate(&z, Z_FINISH) != Z_STREAM_END) {
            free(to);
            to = NULL;
        }
        *shorter = most - z.avail_out;
    }
    deflateEnd(&z);
    return to;
}

// SPDX-License-Identifier: MIT
// See http_gzip.h for the contract.

#include "http_gzip.h"

#include <stdbool.h>
#include <stdlib.h>
#include <zlib.h>

#define PIECE_BYTES 16384
// A window of 4 KiB and its table; +16: with gzip's head and tail.
#define WINDOW_BITS (12 + 16)
#define MEMORY_LEVEL 5
#define LEVEL 1

struct squeezed {
    MHD_ContentReaderCallback read;
    void *arg;
    MHD_ContentReaderFreeCallback done;
    uint64_t offset; // of what is read next
    z_stream z;
    int flush; // Z_FINISH once all has been read
    char piece[PIECE_BYTES];
};

// False: it has failed.
static bool read_more(struct squeezed *s)
{
    ssize_t n = s->read(s->arg, s->offset, s->piece, sizeof s->piece);

    if (n == MHD_CONTENT_READER_END_WITH_ERROR)
        return false;
    if (n == MHD_CONTENT_READER_END_OF_STREAM) {
        s->flush = Z_FINISH;
        return true;
    }
    s->offset += (uint64_t)n;
    s->z.next_in = (Bytef *)s->piece;
    s->z.avail_in = (uInt)n;
    return true;
}

static ssize_t give(void *arg, uint64_t offset, char *to, size_t bytes)
{
    struct squeezed *s = arg;
    int result = Z_OK;

    (void)offset;
    s->z.next_out = (Bytef *)to;
    s->z.avail_out = bytes > PIECE_BYTES ? PIECE_BYTES : (uInt)bytes;
    uInt room = s->z.avail_out;
    while (s->z.avail_out != 0 && result != Z_STREAM_END) {
        if (s->z.avail_in == 0 && s->flush != Z_FINISH) {
            if (!read_more(s))
                return MHD_CONTENT_READER_END_WITH_ERROR;
            if (s->z.avail_in == 0 && s->flush != Z_FINISH)
                break; // there is nothing yet
        }
        result = deflate(&s->z, s->flush);
        if (result != Z_OK && result != Z_STREAM_END)
            return MHD_CONTENT_READER_END_WITH_ERROR;
    }
    if (result == Z_STREAM_END && s->z.avail_out == room)
        return MHD_CONTENT_READER_END_OF_STREAM;
    return (ssize_t)(room - s->z.avail_out);
}

static void finish(void *arg)
{
    struct squeezed *s = arg;

    deflateEnd(&s->z);
    s->done(s->arg);
    free(s);
}

struct MHD_Response *ms_http_gzip(MHD_ContentReaderCallback read, void *arg,
                                  MHD_ContentReaderFreeCallback done)
{
    struct squeezed *s = calloc(1, sizeof *s);
    struct MHD_Response *response = NULL;

    if (s == NULL || deflateInit2(&s->z, LEVEL, Z_DEFLATED, WINDOW_BITS,
                                  MEMORY_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK) {
        done(arg);
        free(s);
        return NULL;
    }
    s->read = read;
    s->arg = arg;
    s->done = done;
    s->flush = Z_NO_FLUSH;
    response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, PIECE_BYTES,
                                                 give, s, finish);
    if (response == NULL)
        finish(s);
    return response;
}

// SPDX-License-Identifier: MIT
// See engine/render.h for the contract: a report, which is one file of HTML:
// the page, and a snapshot's JSON after it, packed so that nothing of what a
// program calls itself can end the element that it stands in.

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "render/stream.h"

#define LINE_BYTES 57u // of data in a line of base64

struct report_stream {
    struct ms_render_stream base; // first
    const char *page;
    size_t page_bytes, page_given;
    struct ms_render_stream *snapshot;
    z_stream packer;
    bool packing; // the packer is to be freed
    unsigned char packed[3 * 4096];
    size_t packed_count; // that are not yet given
    char text[4096];     // of the snapshot: what the packer has not taken
};

static void put_base64(struct ms_writer_buffer *w, const unsigned char *bytes,
                       size_t count)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    for (size_t i = 0; i < count; i += 3) {
        size_t left = count - i;
        unsigned b = left > 1 ? bytes[i + 1] : 0,
                 c = left > 2 ? bytes[i + 2] : 0;
        char four[4] = {
            letters[bytes[i] >> 2],
            letters[(bytes[i] & 3u) << 4 | b >> 4],
            (char)(left > 1 ? letters[(b & 15) << 2 | c >> 6] : '='),
            (char)(left > 2 ? letters[c & 63] : '='),
        };
        ms_put_bytes(w, four, sizeof four);
        if ((i + 3) % LINE_BYTES == 0)
            ms_put(w, "\n");
    }
}

// Gives whole lines of what is packed, or all of it at the end.
static void give_packed(struct report_stream *s, bool end)
{
    size_t n =
        end ? s->packed_count : s->packed_count - s->packed_count % LINE_BYTES;

    put_base64(&s->base.piece, s->packed, n);
    s->packed_count -= n;
    memmove(s->packed, s->packed + n, s->packed_count);
}

// Packs a piece of the snapshot. False: that was all.
static bool pack(struct report_stream *s)
{
    struct ms_writer_buffer *w = &s->base.piece;
    int result;

    size_t n = ms_render_read(s->snapshot, s->text, sizeof s->text);
    if (n == SIZE_MAX) {
        w->failed = true;
        return false;
    }
    s->packer.next_in = (unsigned char *)s->text;
    s->packer.avail_in = (uInt)n;
    do {
        s->packer.next_out = s->packed + s->packed_count;
        s->packer.avail_out = (uInt)(sizeof s->packed - s->packed_count);
        result = deflate(&s->packer, n == 0 ? Z_FINISH : Z_NO_FLUSH);
        assert(result != Z_STREAM_ERROR);
        s->packed_count = sizeof s->packed - s->packer.avail_out;
        give_packed(s, result == Z_STREAM_END);
    } while (s->packer.avail_in != 0 || (n == 0 && result != Z_STREAM_END));
    return n != 0;
}

static bool next_of_report(struct ms_render_stream *base)
{
    struct report_stream *s = (struct report_stream *)base;
    struct ms_writer_buffer *w = &base->piece;

    if (s->page_given < s->page_bytes) {
        size_t n = s->page_bytes - s->page_given;
        if (n > MS_PIECE_BYTES)
            n = MS_PIECE_BYTES;
        ms_put_bytes(w, s->page + s->page_given, n);
        s->page_given += n;
        return true;
    }
    while (w->count < MS_PIECE_BYTES && !w->failed)
        if (!pack(s)) {
            ms_put(w, "\n</script>\n</body>\n</html>\n");
            return false;
        }
    return true;
}

static void close_report(struct ms_render_stream *base)
{
    struct report_stream *s = (struct report_stream *)base;

    ms_render_close(s->snapshot);
    if (s->packing)
        deflateEnd(&s->packer);
}

struct ms_render_stream *ms_render_report(const struct ms_snapshot *snapshot,
                                          const char *page, size_t bytes)
{
    struct report_stream *s = calloc(1, sizeof *s);

    if (s == NULL)
        return NULL;
    s->base.next = next_of_report;
    s->base.close = close_report;
    s->page = page;
    s->page_bytes = bytes;
    s->snapshot = ms_render_snapshot(snapshot);
    // 16 more: with a head and a tail, as gzip has them.
    s->packing = deflateInit2(&s->packer, Z_DEFAULT_COMPRESSION, Z_DEFLATED,
                              MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK;
    if (s->snapshot != NULL && s->packing)
        return &s->base;
    ms_render_close(&s->base);
    return NULL;
}

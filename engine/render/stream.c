// SPDX-License-Identifier: MIT
// See engine/render.h for the contract: long texts, piece by piece. A stream
// keeps one piece at a time: the head, one row, the tail.

#include "engine/render.h"

#include <stdlib.h>
#include <string.h>

#define BLOCKS_AT_ONCE 512u

struct ms_render_stream {
    char *piece; // the text being given out
    size_t piece_bytes, given;
    unsigned part;
    size_t row; // next row of the part
    bool failed;
    // Exactly one of the two sources.
    const struct ms_snapshot *snapshot;
    struct ms_block_walk *walk;
    struct ms_stats stats; // of the walk's beginning
    struct ms_block blocks[BLOCKS_AT_ONCE];
    size_t block_count;
    uint64_t count, bytes; // of the blocks so far
};

// Makes `before` + object + `after` the piece. Consumes the object.
static bool set_piece(struct ms_render_stream *s, const char *before,
                      json_t *object, const char *after)
{
    char *text = object != NULL ? json_dumps(object, JSON_COMPACT) : strdup("");

    json_decref(object);
    if (text == NULL) {
        s->failed = true;
        return false;
    }
    size_t a = strlen(before), b = strlen(text), c = strlen(after);
    char *piece = malloc(a + b + c + 1);
    if (piece != NULL) {
        memcpy(piece, before, a);
        memcpy(piece + a, text, b);
        memcpy(piece + a + b, after, c + 1);
    }
    free(text);
    free(s->piece);
    s->piece = piece;
    s->piece_bytes = a + b + c;
    s->given = 0;
    s->failed |= piece == NULL;
    return piece != NULL;
}

static json_t *snapshot_head(const struct ms_snapshot *s)
{
    return json_pack(
        "{s:s,s:i,s:i,s:o,s:I,s:o,s:o,s:o}", "format", "memscope-snapshot",
        "version", 1, "id", (int)s->id, "name", ms_render_text(s->name),
        "time_ms", (json_int_t)(s->time_ns / 1000000), "session",
        ms_render_session(&s->session), "stats", ms_render_stats(&s->stats),
        "histograms", ms_render_histograms(&s->histograms));
}

// The next row of a list, or the step to the next part.
static bool next_row(struct ms_render_stream *s, const char *open,
                     const char *close, size_t count,
                     json_t *(*render)(const struct ms_snapshot *, size_t))
{
    if (s->row == 0 && count == 0) {
        s->part++;
        if (!set_piece(s, open, NULL, close))
            return false;
        return true;
    }
    size_t i = s->row++;
    bool last = s->row == count;
    if (last) {
        s->part++;
        s->row = 0;
    }
    return set_piece(s, i == 0 ? open : ",", render(s->snapshot, i),
                     last ? close : "");
}

static json_t *thread_at(const struct ms_snapshot *s, size_t i)
{
    return ms_render_thread(&s->threads[i]);
}

static json_t *module_at(const struct ms_snapshot *s, size_t i)
{
    return ms_render_module(&s->modules[i]);
}

static json_t *site_at(const struct ms_snapshot *s, size_t i)
{
    return ms_render_site(&s->sites[i]);
}

// False: the end, or a failure.
static bool next_of_snapshot(struct ms_render_stream *s)
{
    const struct ms_snapshot *from = s->snapshot;

    switch (s->part) {
    case 0:
        s->part++;
        if (!set_piece(s, "", snapshot_head(from), ""))
            return false;
        s->piece_bytes--; // its closing brace comes at the end
        return true;
    case 1:
        return next_row(s, ",\n\"threads\":[\n", "]", from->thread_count,
                        thread_at);
    case 2:
        return next_row(s, ",\n\"modules\":[\n", "]", from->module_count,
                        module_at);
    case 3:
        return next_row(s, ",\n\"sites\":[\n", "]}\n", from->site_count,
                        site_at);
    default:
        return false;
    }
}

static json_t *blocks_head(const struct ms_stats *s)
{
    return json_pack("{s:i,s:s,s:I}", "session", (int)s->session, "epoch",
                     s->epoch, "seq", (json_int_t)s->seq);
}

static json_t *render_block(const struct ms_block *b)
{
    return json_pack("{s:o,s:I,s:i,s:i,s:I}", "address",
                     ms_render_address(b->address), "size", (json_int_t)b->size,
                     "site", (int)b->site, "thread", (int)b->thread, "birth_ns",
                     (json_int_t)b->birth_ns);
}

static bool next_of_walk(struct ms_render_stream *s)
{
    if (s->part == 0) {
        s->part++;
        if (!set_piece(s, "", blocks_head(&s->stats), ""))
            return false;
        s->piece_bytes--;
        return true;
    }
    if (s->part > 1)
        return false;
    if (s->row == s->block_count) {
        s->block_count = ms_block_walk_next(s->walk, s->blocks, BLOCKS_AT_ONCE);
        s->row = 0;
    }
    if (s->block_count == 0) {
        s->part++;
        if (!set_piece(s, s->count == 0 ? ",\"rows\":[]," : "],",
                       json_pack("{s:I,s:I}", "count", (json_int_t)s->count,
                                 "bytes", (json_int_t)s->bytes),
                       "\n"))
            return false;
        // The object's opening brace was given at the beginning.
        char *brace = strchr(s->piece, '{');
        memmove(brace, brace + 1, strlen(brace));
        s->piece_bytes--;
        return true;
    }
    const struct ms_block *b = &s->blocks[s->row++];
    s->bytes += b->size;
    return set_piece(s, s->count++ == 0 ? ",\"rows\":[\n" : ",\n",
                     ms_render_said(render_block(b), s->walk, b), "");
}

struct ms_render_stream *ms_render_snapshot(const struct ms_snapshot *snapshot)
{
    struct ms_render_stream *s = calloc(1, sizeof *s);

    if (s != NULL)
        s->snapshot = snapshot;
    return s;
}

enum memscope_status ms_render_blocks(struct ms_engine *engine,
                                      uint32_t session,
                                      struct ms_render_stream **out)
{
    struct ms_render_stream *s = calloc(1, sizeof *s);

    *out = NULL;
    if (s == NULL)
        return MEMSCOPE_ERROR_MEMORY;
    enum memscope_status status =
        ms_engine_stats(engine, session, 0, &s->stats);
    if (status == MEMSCOPE_OK)
        status = ms_block_walk_create(engine, s->stats.session, &s->walk);
    if (status != MEMSCOPE_OK) {
        free(s);
        return status;
    }
    *out = s;
    return MEMSCOPE_OK;
}

size_t ms_render_read(struct ms_render_stream *s, char *text, size_t bytes)
{
    size_t done = 0;

    while (done < bytes) {
        if (s->given == s->piece_bytes) {
            bool more = s->walk != NULL ? next_of_walk(s) : next_of_snapshot(s);
            if (!more)
                break;
        }
        size_t n = s->piece_bytes - s->given;
        if (n > bytes - done)
            n = bytes - done;
        memcpy(text + done, s->piece + s->given, n);
        s->given += n;
        done += n;
    }
    return done == 0 && s->failed ? SIZE_MAX : done;
}

void ms_render_close(struct ms_render_stream *s)
{
    if (s == NULL)
        return;
    ms_block_walk_destroy(s->walk);
    free(s->piece);
    free(s);
}

// SPDX-License-Identifier: MIT
// See engine/render.h for the contract: sites as a table for spreadsheets.

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "render/stream.h"

struct csv_stream {
    struct ms_render_stream base; // first
    struct ms_engine *engine;
    struct ms_site_row *copied;         // of a session
    const struct ms_snapshot *snapshot; // or held
    size_t count, row;
    bool begun;
};

// A field in quotes. A spreadsheet would take some beginnings for a formula,
// and names come from the program: those get an apostrophe before them.
static void put_text(struct ms_writer_buffer *w, const char *text)
{
    size_t from;

    ms_put(w,
           *text != '\0' && strchr("=+-@\t\r", *text) != NULL ? "\"'" : "\"");
    for (; *text != '\0'; text += from) {
        from = strcspn(text, "\"");
        char *part = strndup(text, from);
        w->failed |= part == NULL;
        if (part == NULL)
            return;
        ms_put_utf8(w, part);
        free(part);
        if (text[from] == '"') {
            ms_put(w, "\"\"");
            from++;
        }
    }
    ms_put(w, "\"");
}

static void put_site(struct ms_writer_buffer *w, const struct ms_site_row *s)
{
    const uint64_t numbers[] = {
        s->live_bytes,    s->live_blocks,     s->alloc_bytes,
        s->alloc_count,   s->free_bytes,      s->free_count,
        s->realloc_count, s->temporary_count, s->mapped_bytes,
    };

    ms_put_number(w, s->id);
    ms_put(w, ",");
    put_text(w, s->function);
    ms_put(w, ",");
    put_text(w, s->file);
    ms_put(w, ",");
    ms_put_number(w, s->line);
    ms_put(w, ",");
    put_text(w, s->module);
    ms_put(w, ",");
    ms_put_hex(w, s->address);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        ms_put(w, ",");
        ms_put_number(w, numbers[i]);
    }
    ms_put(w, ",");
    if (isfinite(s->mean_lifetime_ns)) // unknown: nothing
        ms_put_json_double(w, s->mean_lifetime_ns);
    ms_put(w, "\r\n");
}

static const struct ms_site_row *row_of(const struct csv_stream *s, size_t i,
                                        struct ms_site_row *room)
{
    if (s->snapshot == NULL)
        return &s->copied[i];
    ms_snapshot_site(s->snapshot, i, room);
    return room;
}

static bool next_of_csv(struct ms_render_stream *base)
{
    struct csv_stream *s = (struct csv_stream *)base;
    struct ms_writer_buffer *w = &base->piece;
    struct ms_site_row row;

    if (!s->begun)
        ms_put(w, "id,function,file,line,module,address,live_bytes,live_blocks,"
                  "alloc_bytes,alloc_count,free_bytes,free_count,realloc_count,"
                  "temporary_count,mapped_bytes,mean_lifetime_ns\r\n");
    s->begun = true;
    while (s->row < s->count && w->count < MS_PIECE_BYTES && !w->failed)
        put_site(w, row_of(s, s->row++, &row));
    return s->row < s->count;
}

static void close_csv(struct ms_render_stream *base)
{
    struct csv_stream *s = (struct csv_stream *)base;

    free(s->copied);
    if (s->snapshot != NULL)
        ms_snapshot_release(s->engine, s->snapshot);
}

static enum memscope_status open_sites(struct csv_stream *s, uint32_t session,
                                       const struct ms_at *at)
{
    struct ms_session_info info;
    uint64_t seq;

    if (at->kind == MS_AT_SNAPSHOT) {
        s->snapshot = ms_snapshot_acquire(s->engine, (uint32_t)at->value);
        if (s->snapshot == NULL)
            return MEMSCOPE_ERROR_NOT_FOUND;
        s->count = s->snapshot->site_count;
        return MEMSCOPE_OK;
    }
    enum memscope_status status = ms_engine_session(s->engine, session, &info);
    if (status == MEMSCOPE_OK)
        status =
            ms_engine_sites(s->engine, info.id, 0, &s->copied, &s->count, &seq);
    if (status == MEMSCOPE_OK && seq == 0)
        return MEMSCOPE_ERROR_STATE;
    return status;
}

enum memscope_status ms_render_sites_csv(struct ms_engine *engine,
                                         uint32_t session,
                                         const struct ms_at *at,
                                         struct ms_render_stream **out)
{
    struct csv_stream *s = calloc(1, sizeof *s);

    *out = NULL;
    if (s == NULL)
        return MEMSCOPE_ERROR_MEMORY;
    s->engine = engine;
    s->base.next = next_of_csv;
    s->base.close = close_csv;
    enum memscope_status status = open_sites(s, session, at);
    if (status == MEMSCOPE_OK)
        *out = &s->base;
    else
        ms_render_close(&s->base);
    return status;
}

// SPDX-License-Identifier: MIT
// See engine/render.h for the contract: the live blocks of a session.

#include <stdlib.h>

#include "render/stream.h"

#define BLOCKS_AT_ONCE 512u

struct blocks_stream {
    struct ms_render_stream base; // first
    struct ms_block_walk *walk;
    struct ms_stats stats; // of the walk's beginning
    struct ms_block blocks[BLOCKS_AT_ONCE];
    bool begun;
    uint64_t count, bytes; // of the blocks so far
};

static void put_key(struct ms_writer_buffer *w, const char *key, bool *first)
{
    ms_put(w, *first ? "\"" : ",\"");
    ms_put(w, key);
    ms_put(w, "\":");
    *first = false;
}

static void put_name(struct ms_writer_buffer *w, const char *key,
                     struct ms_block_walk *walk, uint32_t name, bool *first)
{
    char text[MS_SAID_NAME];

    if (name == 0)
        return;
    ms_block_walk_name(walk, name, text);
    put_key(w, key, first);
    ms_put_json_text(w, text);
}

static void put_id(struct ms_writer_buffer *w, const char *key, uint32_t id,
                   bool *first)
{
    if (id == 0)
        return;
    put_key(w, key, first);
    ms_put_number(w, id);
}

// What the program has said of a block.
static void put_said(struct ms_writer_buffer *w, struct ms_block_walk *walk,
                     const struct ms_said *said)
{
    bool first = true;

    if ((said->variable | said->type | said->scope | said->task | said->pool) ==
        0)
        return;
    ms_put(w, ",\"annotated\":{");
    put_name(w, "variable", walk, said->variable, &first);
    put_name(w, "type", walk, said->type, &first);
    put_name(w, "scope", walk, said->scope, &first);
    put_id(w, "task", said->task, &first);
    put_id(w, "pool", said->pool, &first);
    ms_put(w, "}");
}

static void put_type(struct ms_writer_buffer *w, struct ms_block_walk *walk,
                     const struct ms_block *b)
{
    char text[MS_SAID_NAME];

    if (b->said.type != 0)
        ms_block_walk_name(walk, b->said.type, text);
    ms_put(w, ",\"type\":");
    ms_put_json_text(w, b->said.type != 0 ? text : b->declared);
    ms_put(w, b->said.type != 0 ? ",\"type_from\":\"annotated\""
                                : ",\"type_from\":\"dwarf\"");
}

static void put_block(struct ms_writer_buffer *w, struct ms_block_walk *walk,
                      const struct ms_block *b)
{
    ms_put(w, "{\"address\":\"");
    ms_put_hex(w, b->address);
    ms_put(w, "\",\"size\":");
    ms_put_number(w, b->size);
    ms_put(w, ",\"site\":");
    ms_put_number(w, b->site);
    ms_put(w, ",\"thread\":");
    ms_put_number(w, b->thread);
    ms_put(w, ",\"birth_ns\":");
    ms_put_number(w, b->birth_ns);
    if (b->said.type != 0 || b->declared[0] != '\0')
        put_type(w, walk, b);
    put_said(w, walk, &b->said);
    ms_put(w, "}");
}

static bool next_of_blocks(struct ms_render_stream *base)
{
    struct blocks_stream *s = (struct blocks_stream *)base;
    struct ms_writer_buffer *w = &base->piece;

    if (!s->begun) {
        ms_put_object(w,
                      json_pack("{s:i,s:s,s:I}", "session",
                                (int)s->stats.session, "epoch", s->stats.epoch,
                                "seq", (json_int_t)s->stats.seq),
                      true);
        ms_put(w, ",\"rows\":[\n");
        s->begun = true;
    }
    size_t n = ms_block_walk_next(s->walk, s->blocks, BLOCKS_AT_ONCE);
    for (size_t i = 0; i < n; i++) {
        if (s->count++ != 0)
            ms_put(w, ",\n");
        put_block(w, s->walk, &s->blocks[i]);
        s->bytes += s->blocks[i].size;
    }
    if (n != 0)
        return true;
    ms_put(w, "],\"count\":");
    ms_put_number(w, s->count);
    ms_put(w, ",\"bytes\":");
    ms_put_number(w, s->bytes);
    ms_put(w, "}\n");
    return false;
}

static void close_blocks(struct ms_render_stream *base)
{
    ms_block_walk_destroy(((struct blocks_stream *)base)->walk);
}

enum memscope_status ms_render_blocks(struct ms_engine *engine,
                                      uint32_t session,
                                      struct ms_render_stream **out)
{
    struct blocks_stream *s = calloc(1, sizeof *s);

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
    s->base.next = next_of_blocks;
    s->base.close = close_blocks;
    *out = &s->base;
    return MEMSCOPE_OK;
}

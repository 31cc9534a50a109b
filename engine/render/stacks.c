// SPDX-License-Identifier: MIT
// See stacks.h for the contract.

#include "render/stacks.h"

static void put_field(struct ms_writer_buffer *w, const char *name,
                      uint64_t value)
{
    ms_put(w, name);
    ms_put_number(w, value);
}

static void put_call(struct ms_writer_buffer *w, const struct ms_call *c)
{
    ms_put(w, "\"function\":");
    ms_put_json_text(w, c->function);
    ms_put(w, ",\"file\":");
    ms_put_json_text(w, c->file);
    put_field(w, ",\"line\":", c->line);
}

static void put_frame(struct ms_writer_buffer *w, struct ms_engine *engine,
                      const struct ms_frame *frame, const char *module)
{
    struct ms_call calls[MS_FRAME_CALLS];
    struct ms_frame f = *frame;
    // Final first: then what follows is as well.
    bool named = engine != NULL ? ms_frame_name(engine, &f) : f.named;
    size_t count = ms_frame_calls(engine, frame, calls);

    ms_put(w, "{\"address\":\"");
    ms_put_hex(w, f.address);
    ms_put(w, "\"");
    ms_put(w, ",\"module\":");
    if (module != NULL)
        ms_put_json_text(w, module);
    else
        ms_put_number(w, f.module);
    ms_put(w, ",");
    put_call(w, &calls[0]);
    ms_put(w, ",\"inlined_into\":[");
    for (size_t i = 1; i < count; i++) {
        ms_put(w, i == 1 ? "{" : ",{");
        put_call(w, &calls[i]);
        ms_put(w, "}");
    }
    ms_put(w, named ? "],\"named\":true}" : "],\"named\":false}");
}

void ms_put_frame(struct ms_writer_buffer *w, struct ms_engine *engine,
                  const struct ms_frame *frame)
{
    put_frame(w, engine, frame, NULL);
}

void ms_put_frame_in(struct ms_writer_buffer *w, struct ms_engine *engine,
                     const struct ms_frame *frame, const char *module)
{
    put_frame(w, engine, frame, module);
}

// All but what a stack is of.
static void put_sums(struct ms_writer_buffer *w, const struct ms_stack_row *s)
{
    put_field(w, ",\"live_bytes\":", s->live_bytes);
    put_field(w, ",\"live_blocks\":", s->live_blocks);
    put_field(w, ",\"alloc_bytes\":", s->alloc_bytes);
    put_field(w, ",\"alloc_count\":", s->alloc_count);
    put_field(w, ",\"free_bytes\":", s->free_bytes);
    put_field(w, ",\"free_count\":", s->free_count);
    put_field(w, ",\"realloc_count\":", s->realloc_count);
    put_field(w, ",\"temporary_count\":", s->temporary_count);
    put_field(w, ",\"mapped_bytes\":", s->mapped_bytes);
    ms_put(w, ",\"mean_lifetime_ns\":");
    ms_put_json_double(w, s->mean_lifetime_ns);
}

void ms_put_stack_sums(struct ms_writer_buffer *w, const struct ms_stack_row *s,
                       uint32_t site)
{
    put_field(w, "{\"id\":", s->id);
    if (site != 0)
        put_field(w, ",\"site\":", site);
    put_sums(w, s);
}

void ms_put_stack(struct ms_writer_buffer *w, const struct ms_stack_row *s)
{
    put_field(w, "{\"id\":", s->id);
    put_field(w, ",\"site\":", s->site);
    put_field(w, ",\"node\":", s->node);
    put_sums(w, s);
    ms_put(w, ",\"declared_type\":");
    ms_put_json_text(w, s->declared_type);
    ms_put(w, "}");
}

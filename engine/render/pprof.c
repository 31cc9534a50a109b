// SPDX-License-Identifier: MIT
//
// pprof: a profile in the format of `go tool pprof`. The messages that a
// profile is made of are packed by protobuf-c, one at a time, and put one after
// the other: that is what the format makes of a repeated field. zlib packs the
// whole as it goes.

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "flame/names.h"
#include "profile.pb-c.h"
#include "render/exports.h"

#define VALUES 4u
#define CALLS_AT_ONCE 4096u // of a stack; outer ones are left out

static const char made_by[] = "made by memscope " MEMSCOPE_VERSION;

// Texts by their index in string_table; then two of each module and of each
// function.
static const char *const texts[] = {
    "",      "alloc_objects", "count",       "alloc_space",
    "bytes", "inuse_objects", "inuse_space", "space",
    made_by,
    NULL, // what must be said of the numbers
};
enum {
    TEXT_ALLOC_OBJECTS = 1,
    TEXT_COUNT,
    TEXT_ALLOC_SPACE,
    TEXT_BYTES,
    TEXT_INUSE_OBJECTS,
    TEXT_INUSE_SPACE,
    TEXT_SPACE,
    TEXT_MADE_BY,
    TEXT_REMARK,
    TEXTS
};

enum part {
    PART_HEAD,
    PART_SAMPLES,
    PART_LOCATIONS,
    PART_FUNCTIONS,
    PART_TEXTS,
    PART_END
};

struct pprof_stream {
    struct ms_export_stream base; // first
    struct ms_tree tree;          // its frames are the functions
    struct ms_names names;
    z_stream packer;
    bool packing;
    enum part part;
    size_t row;
    size_t since_row; // in the rows of `since`
    struct ms_writer_buffer plain, message;
    uint64_t calls[CALLS_AT_ONCE];
};

static void put_varint(struct ms_writer_buffer *w, uint64_t number)
{
    uint8_t bytes[10];
    size_t n = 0;

    for (; number >= 0x80; number >>= 7)
        bytes[n++] = (uint8_t)(number | 0x80);
    bytes[n++] = (uint8_t)number;
    ms_put_bytes(w, bytes, n);
}

static void put_number(struct ms_writer_buffer *w, unsigned field,
                       int64_t number)
{
    put_varint(w, (uint64_t)field << 3);
    put_varint(w, (uint64_t)number);
}

static void put_text(struct ms_writer_buffer *w, const char *text)
{
    struct ms_writer_buffer clean = {0};

    ms_put_utf8(&clean, text); // proto3 wants it
    w->failed |= clean.failed;
    put_varint(w, 6u << 3 | 2);
    put_varint(w, clean.count);
    ms_put_bytes(w, clean.bytes, clean.count);
    free(clean.bytes);
}

static void put_message(struct pprof_stream *s, unsigned field,
                        const void *message)
{
    const ProtobufCMessage *m = message;
    struct ms_writer_buffer *w = &s->message;
    size_t n = protobuf_c_message_get_packed_size(m);

    w->count = 0;
    if (n > w->room) {
        uint8_t *room = realloc(w->bytes, n);
        s->plain.failed |= room == NULL;
        if (room == NULL)
            return;
        w->bytes = (char *)room;
        w->room = n;
    }
    if (n != 0)
        protobuf_c_message_pack(m, (uint8_t *)w->bytes);
    put_varint(&s->plain, (uint64_t)field << 3 | 2);
    put_varint(&s->plain, n);
    ms_put_bytes(&s->plain, w->bytes, n);
}

static void put_type(struct pprof_stream *s, unsigned field, int64_t type,
                     int64_t unit)
{
    Memscope__Pprof__ValueType v = MEMSCOPE__PPROF__VALUE_TYPE__INIT;

    v.type = type;
    v.unit = unit;
    put_message(s, field, &v);
}

static int64_t default_type(enum ms_weight weight)
{
    static const int64_t types[MS_WEIGHTS] = {
        [MS_WEIGHT_LIVE_BYTES] = TEXT_INUSE_SPACE,
        [MS_WEIGHT_LIVE_BLOCKS] = TEXT_INUSE_OBJECTS,
        [MS_WEIGHT_ALLOC_BYTES] = TEXT_ALLOC_SPACE,
        [MS_WEIGHT_ALLOC_COUNT] = TEXT_ALLOC_OBJECTS,
    };

    return types[weight];
}

static void put_mapping(struct pprof_stream *s, size_t i)
{
    const struct ms_module_info *from = &s->base.source.stacks->modules[i];
    Memscope__Pprof__Mapping m = MEMSCOPE__PPROF__MAPPING__INIT;

    m.id = i + 1;
    m.memory_start = from->start;
    m.memory_limit = from->end;
    m.file_offset = from->start - from->bias;
    m.filename = (int64_t)(TEXTS + 2 * i);
    m.build_id = (int64_t)(TEXTS + 2 * i + 1);
    // Nothing more is to be looked up: we have done so.
    m.has_functions = m.has_filenames = m.has_line_numbers = true;
    m.has_inline_frames = true;
    put_message(s, 3, &m);
}

// The program's own module stands for the whole: it comes first.
static void put_mappings(struct pprof_stream *s)
{
    const struct ms_stacks *from = s->base.source.stacks;
    size_t first = 0;

    while (first < from->module_count &&
           strcmp(from->modules[first].path, s->base.source.session.exe) != 0)
        first++;
    if (first < from->module_count)
        put_mapping(s, first);
    for (size_t i = 0; i < from->module_count; i++)
        if (i != first)
            put_mapping(s, i);
}

static void put_head(struct pprof_stream *s)
{
    struct ms_writer_buffer *w = &s->plain;
    const struct ms_stats *stats = &s->base.source.stats;
    uint64_t since =
        s->base.order.delta ? s->base.order.since.stats.uptime_ns : 0;

    put_type(s, 1, TEXT_ALLOC_OBJECTS, TEXT_COUNT);
    put_type(s, 1, TEXT_ALLOC_SPACE, TEXT_BYTES);
    put_type(s, 1, TEXT_INUSE_OBJECTS, TEXT_COUNT);
    put_type(s, 1, TEXT_INUSE_SPACE, TEXT_BYTES);
    put_mappings(s);
    put_number(w, 9, (int64_t)stats->time_ns);
    put_number(w, 10, (int64_t)(stats->uptime_ns - since));
    put_type(s, 11, TEXT_SPACE, TEXT_BYTES);
    put_number(w, 12,
               stats->capture.interval != 0 ? (int64_t)stats->capture.interval
                                            : 1);
    put_number(w, 13, TEXT_MADE_BY);
    if (!stats->capture.always_exact)
        put_number(w, 13, TEXT_REMARK);
    put_number(w, 14, default_type(s->base.order.weight));
}

// The row of the same stack in the source that this one is compared with. Both
// are in order of id.
static const struct ms_stack_row *row_before(struct pprof_stream *s,
                                             const struct ms_stack_row *row)
{
    const struct ms_stacks *since = s->base.order.since.stacks;

    if (!s->base.order.delta)
        return NULL;
    while (s->since_row < since->row_count &&
           since->rows[s->since_row].id < row->id)
        s->since_row++;
    const struct ms_stack_row *before = &since->rows[s->since_row];
    return s->since_row < since->row_count && before->id == row->id ? before
                                                                    : NULL;
}

static void put_sample(struct pprof_stream *s, const struct ms_stack_row *row)
{
    static const struct ms_stack_row nothing;
    const struct ms_stack_row *before = row_before(s, row);
    const struct ms_stack_node *nodes = s->base.source.stacks->nodes;
    Memscope__Pprof__Sample sample = MEMSCOPE__PPROF__SAMPLE__INIT;
    int64_t values[VALUES];

    before = before != NULL ? before : &nothing;
    values[0] = (int64_t)(row->alloc_count - before->alloc_count);
    values[1] = (int64_t)(row->alloc_bytes - before->alloc_bytes);
    values[2] = (int64_t)(row->live_blocks - before->live_blocks);
    values[3] = (int64_t)(row->live_bytes - before->live_bytes);
    if ((values[0] | values[1] | values[2] | values[3]) == 0)
        return;
    for (uint32_t node = row->node;
         node != 0 && sample.n_location_id < CALLS_AT_ONCE;
         node = nodes[node - 1].parent)
        s->calls[sample.n_location_id++] = nodes[node - 1].frame;
    sample.location_id = s->calls;
    sample.n_value = VALUES;
    sample.value = values;
    put_message(s, 2, &sample);
}

static void put_location(struct pprof_stream *s, size_t i)
{
    const struct ms_frame *from = &s->base.source.stacks->frames[i];
    Memscope__Pprof__Location location = MEMSCOPE__PPROF__LOCATION__INIT;
    Memscope__Pprof__Line lines[MS_FRAME_CALLS], *list[MS_FRAME_CALLS];
    uint32_t first = s->names.first[i];

    for (uint32_t k = first; k < s->names.first[i + 1]; k++) {
        Memscope__Pprof__Line *line = &lines[location.n_line];
        memscope__pprof__line__init(line);
        line->function_id = s->names.names[k];
        line->line = s->names.lines[k];
        list[location.n_line++] = line;
    }
    location.id = i + 1;
    location.mapping_id = from->module;
    location.address = from->address != 0 ? from->address - 1 : 0;
    location.line = list;
    put_message(s, 4, &location);
}

static void put_function(struct pprof_stream *s, size_t i)
{
    Memscope__Pprof__Function f = MEMSCOPE__PPROF__FUNCTION__INIT;
    size_t modules = s->base.source.stacks->module_count;

    f.id = i + 1;
    f.name = (int64_t)(TEXTS + 2 * modules + 2 * i);
    f.system_name = f.name;
    f.filename = f.name + 1;
    put_message(s, 5, &f);
}

static void put_text_number(struct pprof_stream *s, size_t i)
{
    const struct ms_stacks *from = s->base.source.stacks;
    size_t modules = from->module_count;
    size_t of_modules = i - TEXTS, of_functions = i - TEXTS - 2 * modules;

    if (i == TEXT_REMARK)
        put_text(&s->plain, s->base.source.stats.capture.always_exact
                                ? ""
                                : "all numbers or some are estimates");
    else if (i < TEXTS)
        put_text(&s->plain, texts[i]);
    else if (of_modules < 2 * modules)
        put_text(&s->plain, of_modules % 2 == 0
                                ? from->modules[of_modules / 2].path
                                : from->modules[of_modules / 2].build_id);
    else
        put_text(&s->plain, of_functions % 2 == 0
                                ? s->tree.frames[of_functions / 2].function
                                : s->tree.frames[of_functions / 2].file);
}

static size_t rows_of(const struct pprof_stream *s, enum part part)
{
    const struct ms_stacks *from = s->base.source.stacks;

    switch (part) {
    case PART_SAMPLES:
        return from->row_count;
    case PART_LOCATIONS:
        return from->frame_count;
    case PART_FUNCTIONS:
        return s->tree.frame_count;
    case PART_TEXTS:
        return TEXTS + 2 * from->module_count + 2 * s->tree.frame_count;
    default:
        return 1;
    }
}

static void put_row(struct pprof_stream *s, enum part part, size_t i)
{
    switch (part) {
    case PART_HEAD:
        put_head(s);
        break;
    case PART_SAMPLES:
        put_sample(s, &s->base.source.stacks->rows[i]);
        break;
    case PART_LOCATIONS:
        put_location(s, i);
        break;
    case PART_FUNCTIONS:
        put_function(s, i);
        break;
    default:
        put_text_number(s, i);
        break;
    }
}

// Packs what is in `plain` into the piece.
static void pack(struct pprof_stream *s, struct ms_writer_buffer *piece,
                 int flush)
{
    unsigned char out[16384];

    s->packer.next_in = (unsigned char *)s->plain.bytes;
    s->packer.avail_in = (unsigned)s->plain.count;
    do {
        s->packer.next_out = out;
        s->packer.avail_out = sizeof out;
        piece->failed |= deflate(&s->packer, flush) == Z_STREAM_ERROR;
        ms_put_bytes(piece, out, sizeof out - s->packer.avail_out);
    } while (s->packer.avail_out == 0 && !piece->failed);
    piece->failed |= s->plain.failed;
    s->plain.count = 0;
}

static bool next_of_pprof(struct ms_render_stream *base)
{
    struct pprof_stream *s = (struct pprof_stream *)base;

    while (s->part != PART_END && s->plain.count < MS_PIECE_BYTES) {
        if (s->row < rows_of(s, s->part))
            put_row(s, s->part, s->row++);
        else {
            s->part++;
            s->row = 0;
        }
    }
    pack(s, &base->piece, s->part == PART_END ? Z_FINISH : Z_NO_FLUSH);
    return s->part != PART_END;
}

static void close_pprof(struct ms_render_stream *base)
{
    struct pprof_stream *s = (struct pprof_stream *)base;

    if (s->packing)
        deflateEnd(&s->packer);
    ms_tree_fini(&s->tree);
    ms_names_fini(&s->names);
    free(s->plain.bytes);
    free(s->message.bytes);
}

static bool begin_pprof(struct ms_render_stream *base)
{
    struct pprof_stream *s = (struct pprof_stream *)base;

    // 16 more: with a head and a tail, as gzip has them.
    s->packing = deflateInit2(&s->packer, Z_BEST_SPEED, Z_DEFLATED,
                              MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK;
    return s->packing &&
           ms_names_load(&s->names, &s->tree, &s->base.source, false);
}

const struct ms_exporter ms_export_pprof = {
    .bytes = sizeof(struct pprof_stream),
    .begin = begin_pprof,
    .next = next_of_pprof,
    .close = close_pprof,
};

// SPDX-License-Identifier: MIT
// See fields.h for the contract.

#include "render/fields.h"

#include <math.h>
#include <string.h>

static void put_u64(struct ms_writer_buffer *w, uint64_t number)
{
    if (number == UINT64_MAX)
        ms_put_bytes(w, "null", 4);
    else
        ms_put_number(w, number);
}

// Most are whole: the general way takes ten times as long.
static void put_double(struct ms_writer_buffer *w, double number)
{
    if (number >= 0 && number < 0x1p53 && number == floor(number))
        ms_put_number(w, (uint64_t)number);
    else
        ms_put_json_double(w, number);
}

static void put_floats(struct ms_writer_buffer *w, const char *at, size_t count)
{
    ms_put_bytes(w, "[", 1);
    for (size_t i = 0; i < count; i++) {
        float number;
        memcpy(&number, at + i * sizeof number, sizeof number);
        if (i != 0)
            ms_put_bytes(w, ",", 1);
        // NaN: unknown; and no heap is that large, whatever a segment says.
        if (fabsf(number) < 0x1p62f)
            ms_put_number(w, (uint64_t)(int64_t)number);
        else
            ms_put_bytes(w, "null", 4);
    }
    ms_put_bytes(w, "]", 1);
}

static void put_text(struct ms_writer_buffer *w, const struct ms_field *f,
                     const char *at)
{
    const char *text = at;
    char letter[2] = {*at, '\0'};

    if (f->kind == MS_FIELD_STRING)
        memcpy(&text, at, sizeof text);
    else if (f->kind == MS_FIELD_CHAR)
        text = letter;
    if (f->kind == MS_FIELD_TEXT_0 && *text == '\0')
        ms_put_bytes(w, "null", 4);
    else
        ms_put_json_text(w, text);
}

static void put_whole(struct ms_writer_buffer *w, const struct ms_field *f,
                      const char *at)
{
    uint64_t number = 0;
    uint32_t small;

    if (f->kind == MS_FIELD_U32) {
        memcpy(&small, at, sizeof small);
        ms_put_number(w, small);
        return;
    }
    memcpy(&number, at, sizeof number);
    if (f->kind == MS_FIELD_MS)
        ms_put_number(w, number / 1000000);
    else if (f->kind == MS_FIELD_U64_0 && number == 0)
        ms_put_bytes(w, "null", 4);
    else
        put_u64(w, number);
}

static void put_word(struct ms_writer_buffer *w, const struct ms_field *f,
                     const char *at)
{
    size_t number;
    uint32_t small;

    memcpy(&small, at, sizeof small);
    number = small;
    if (f->kind == MS_FIELD_ANALYZER)
        memcpy(&number, at, sizeof number);
    ms_put_json_text(w, ms_field_word(f->kind, number));
}

static void put_rows(struct ms_writer_buffer *w, const struct ms_field *f,
                     const char *row)
{
    const char *rows = row + f->offset;
    size_t count;

    memcpy(&count, row + f->count_offset, sizeof count);
    if (f->kind == MS_FIELD_ROWS)
        memcpy(&rows, row + f->offset, sizeof rows);
    ms_put_bytes(w, "[", 1);
    for (size_t i = 0; i < count; i++) {
        if (i != 0)
            ms_put_bytes(w, ",", 1);
        ms_put_fields(w, f->table, rows + i * f->table->bytes);
    }
    ms_put_bytes(w, "]", 1);
}

static void put_value(struct ms_writer_buffer *w, const struct ms_field *f,
                      const char *at)
{
    double number;
    uint64_t address;

    switch (f->kind) {
    case MS_FIELD_DOUBLE:
        memcpy(&number, at, sizeof number);
        put_double(w, number);
        break;
    case MS_FIELD_FLOATS:
        put_floats(w, at, f->count);
        break;
    case MS_FIELD_TEXT:
    case MS_FIELD_TEXT_0:
    case MS_FIELD_STRING:
    case MS_FIELD_CHAR:
        put_text(w, f, at);
        break;
    case MS_FIELD_HEX:
        memcpy(&address, at, sizeof address);
        ms_put_bytes(w, "\"", 1);
        ms_put_hex(w, address);
        ms_put_bytes(w, "\"", 1);
        break;
    case MS_FIELD_ANALYZER:
    case MS_FIELD_SCAN_STATE:
    case MS_FIELD_LEAK_KIND:
    case MS_FIELD_GROUP_KIND:
        put_word(w, f, at);
        break;
    case MS_FIELD_OBJECT:
        ms_put_fields(w, f->table, at);
        break;
    case MS_FIELD_BOOL:
        ms_put(w, *(const bool *)at ? "true" : "false");
        break;
    default:
        put_whole(w, f, at);
        break;
    }
}

void ms_put_fields(struct ms_writer_buffer *w,
                   const struct ms_field_table *table, const void *row)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct ms_field *f = &table->fields[i];
        ms_put_bytes(w, i != 0 ? "," : table->as_list ? "[" : "{", 1);
        if (!table->as_list) {
            ms_put_bytes(w, "\"", 1);
            ms_put(w, f->name);
            ms_put_bytes(w, "\":", 2);
        }
        if (f->kind == MS_FIELD_ROWS || f->kind == MS_FIELD_INLINE)
            put_rows(w, f, row);
        else
            put_value(w, f, (const char *)row + f->offset);
    }
    ms_put_bytes(w, table->as_list ? "]" : "}", 1);
}

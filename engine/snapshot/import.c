// SPDX-License-Identifier: MIT
// See engine/import.h for the contract: the text and where in it we are.

#include "snapshot/import_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PIECE 65536u

static bool wrong(struct ms_import *m, const char *why)
{
    return ms_import_fail(m, MEMSCOPE_ERROR_FORMAT, why);
}

static struct ms_level *top(struct ms_import *m)
{
    return m->depth != 0 ? &m->levels[m->depth - 1] : NULL;
}

static bool push(struct ms_import *m, const struct ms_level *level)
{
    if (m->depth == MS_IMPORT_DEPTH)
        return wrong(m, "it is nested too deeply for a snapshot");
    m->levels[m->depth++] = *level;
    return true;
}

// What comes next is the next field of a list, or the next element.
static bool next_element(struct ms_import *m, struct ms_level *l)
{
    if (l->kind != MS_LEVEL_LIST)
        return true;
    if (l->index >= l->table->count)
        return wrong(m, "the row has too many numbers");
    l->field = &l->table->fields[l->index];
    l->seen |= UINT64_C(1) << l->index++;
    return true;
}

static void end_value(struct ms_import *m)
{
    struct ms_level *l = top(m);

    m->token = m->fed + yajl_get_bytes_consumed(m->parser);
    if (l == NULL)
        m->done = true;
    else if (l->kind == MS_LEVEL_ROWS || l->kind == MS_LEVEL_ARRAY)
        l->index++;
}

// A value that is neither object nor array.
static bool take(struct ms_import *m, const struct ms_value *value)
{
    struct ms_level *l = top(m);

    if (l == NULL)
        return wrong(m, "this is no memscope snapshot, but a single value");
    if (!next_element(m, l))
        return false;
    switch (l->kind) {
    case MS_LEVEL_OBJECT:
    case MS_LEVEL_LIST:
        if (l->field != NULL &&
            !ms_import_store(m, l->field, l->base, 0, value))
            return false;
        break;
    case MS_LEVEL_ARRAY:
        if (!ms_import_store(m, l->field, l->base, l->index, value))
            return false;
        break;
    case MS_LEVEL_ROWS:
        return wrong(m, "a row is expected");
    case MS_LEVEL_SKIPPED:
        break;
    }
    end_value(m);
    return true;
}

// The memory of the next row of a list, zeroed; NULL: failed.
static char *new_row(struct ms_import *m, struct ms_level *l)
{
    char *count_at = l->base + l->field->count_offset;
    char *rows, *rows_at = l->base + l->field->offset;
    size_t count;

    memcpy(&count, count_at, sizeof count);
    if (count == l->field->count) {
        ms_import_fail(m, MEMSCOPE_ERROR_LIMIT, "there are too many rows");
        return NULL;
    }
    if (l->field->kind == MS_FIELD_INLINE)
        rows = rows_at;
    else
        memcpy(&rows, rows_at, sizeof rows);
    if (l->field->kind == MS_FIELD_ROWS && count == l->room) {
        size_t room = l->room == 0 ? 64 : l->room * 2;
        char *grown = realloc(rows, room * l->table->bytes);
        if (grown == NULL) {
            ms_import_fail(m, MEMSCOPE_ERROR_MEMORY, "memory has run out");
            return NULL;
        }
        rows = grown;
        l->room = room;
        memcpy(rows_at, &rows, sizeof rows);
    }
    char *row = rows + count++ * l->table->bytes;
    memcpy(count_at, &count, sizeof count);
    memset(row, 0, l->table->bytes);
    return row;
}

static bool open_in_field(struct ms_import *m, struct ms_level *l, bool map)
{
    const struct ms_field *f = l->field;

    if (f == NULL || f->kind == MS_FIELD_IGNORED)
        return push(m, &(struct ms_level){.kind = MS_LEVEL_SKIPPED});
    if (map && f->kind == MS_FIELD_OBJECT)
        return push(m, &(struct ms_level){.kind = MS_LEVEL_OBJECT,
                                          .table = f->table,
                                          .base = l->base + f->offset});
    if (!map && (f->kind == MS_FIELD_ROWS || f->kind == MS_FIELD_INLINE))
        return push(m, &(struct ms_level){.kind = MS_LEVEL_ROWS,
                                          .table = f->table,
                                          .base = l->base,
                                          .field = f});
    if (!map && (f->kind == MS_FIELD_FLOATS || f->kind == MS_FIELD_U64S ||
                 f->kind == MS_FIELD_EDGES))
        return push(m, &(struct ms_level){.kind = MS_LEVEL_ARRAY,
                                          .base = l->base,
                                          .field = f});
    return wrong(m, map ? "no object is expected here"
                        : "no list is expected here");
}

static bool open_level(struct ms_import *m, bool map)
{
    struct ms_level *l = top(m);

    if (l == NULL) {
        if (!map)
            return wrong(m, "this is no memscope snapshot, but a list");
        m->begun = true;
        return push(m, &(struct ms_level){.kind = MS_LEVEL_OBJECT,
                                          .table = &ms_snapshot_fields,
                                          .base = (char *)&m->entry->snapshot});
    }
    if (!next_element(m, l))
        return false;
    if (l->kind == MS_LEVEL_SKIPPED)
        return push(m, &(struct ms_level){.kind = MS_LEVEL_SKIPPED});
    if (l->kind == MS_LEVEL_ARRAY)
        return wrong(m, "a number is expected");
    if (l->kind != MS_LEVEL_ROWS)
        return open_in_field(m, l, map);
    if (map == l->table->as_list)
        return wrong(m, "a row is expected");
    char *row = new_row(m, l);
    return row != NULL &&
           push(m, &(struct ms_level){.kind =
                                          map ? MS_LEVEL_OBJECT : MS_LEVEL_LIST,
                                      .table = l->table,
                                      .base = row});
}

static bool is_complete(struct ms_import *m, struct ms_level *l)
{
    char why[120];

    if (l->kind == MS_LEVEL_ARRAY && l->index != l->field->count) {
        snprintf(why, sizeof why, "%zu numbers are expected, not %zu",
                 l->field->count, l->index);
        return wrong(m, why);
    }
    if (l->kind != MS_LEVEL_OBJECT && l->kind != MS_LEVEL_LIST)
        return true;
    for (size_t i = 0; i < l->table->count; i++)
        if (!l->table->fields[i].optional && (l->seen >> i & 1) == 0) {
            l->field = NULL;
            snprintf(why, sizeof why, "%s%s is missing",
                     m->depth == 1 ? "this is no memscope snapshot, or a part "
                                     "of one: "
                                   : "",
                     l->table->fields[i].name);
            return wrong(m, why);
        }
    return true;
}

static bool close_level(struct ms_import *m)
{
    if (!is_complete(m, top(m)))
        return false;
    m->depth--;
    end_value(m);
    return true;
}

static bool take_key(struct ms_import *m, const char *key, size_t bytes)
{
    struct ms_level *l = top(m);

    m->token = m->fed + yajl_get_bytes_consumed(m->parser);
    if (l->kind != MS_LEVEL_OBJECT)
        return true;
    l->field = NULL;
    // They mostly come in the order of the table.
    for (size_t k = 0; k < l->table->count; k++) {
        size_t i = (l->index + k) % l->table->count;
        const struct ms_field *f = &l->table->fields[i];
        if (strncmp(f->name, key, bytes) != 0 || f->name[bytes] != '\0')
            continue;
        l->field = f;
        l->index = i + 1;
        if ((l->seen >> i & 1) != 0)
            return wrong(m, "it is given twice");
        l->seen |= UINT64_C(1) << i;
        break;
    }
    return true; // an unknown one is of a newer memscope
}

static int on_null(void *m)
{
    return take(m, &(struct ms_value){.kind = MS_NULL});
}
static int on_boolean(void *m, int truth)
{
    return take(m, &(struct ms_value){.kind = MS_TRUE_FALSE, .truth = truth});
}
static int on_number(void *m, const char *text, size_t bytes)
{
    return take(
        m, &(struct ms_value){.kind = MS_NUMBER, .text = text, .bytes = bytes});
}
static int on_text(void *m, const unsigned char *text, size_t bytes)
{
    return take(m, &(struct ms_value){.kind = MS_TEXT,
                                      .text = (const char *)text,
                                      .bytes = bytes});
}
static int on_map(void *m)
{
    return open_level(m, true);
}
static int on_key(void *m, const unsigned char *key, size_t bytes)
{
    return take_key(m, (const char *)key, bytes);
}
static int on_list(void *m)
{
    return open_level(m, false);
}
static int on_end(void *m)
{
    return close_level(m);
}

static const yajl_callbacks callbacks = {
    .yajl_null = on_null,
    .yajl_boolean = on_boolean,
    .yajl_number = on_number,
    .yajl_string = on_text,
    .yajl_start_map = on_map,
    .yajl_map_key = on_key,
    .yajl_end_map = on_end,
    .yajl_start_array = on_list,
    .yajl_end_array = on_end,
};

struct ms_import *ms_import_create(void)
{
    struct ms_import *m = calloc(1, sizeof *m);

    if (m == NULL)
        return NULL;
    m->entry = calloc(1, sizeof *m->entry);
    m->parser = yajl_alloc(&callbacks, NULL, m);
    if (m->entry == NULL || m->parser == NULL) {
        ms_import_destroy(m);
        return NULL;
    }
    m->entry->snapshot.imported = true;
    m->entry->snapshot.session.wait_status = -1;
    return m;
}

// What the parser says, without the text around the place.
static void parse_error(struct ms_import *m)
{
    unsigned char *said = yajl_get_error(m->parser, 0, NULL, 0);
    char text[200];

    snprintf(text, sizeof text, "%s",
             said != NULL ? (const char *)said : "it is no JSON");
    if (said != NULL)
        yajl_free_error(m->parser, said);
    text[strcspn(text, "\n")] = '\0';
    wrong(m, m->done ? "something follows the snapshot" : text);
}

enum memscope_status ms_import_feed(struct ms_import *m, const char *text,
                                    size_t bytes)
{
    while (bytes != 0 && !m->failed) {
        size_t n = bytes < PIECE ? bytes : PIECE;
        if (m->fed + n > MS_IMPORT_BYTES) {
            ms_import_fail(m, MEMSCOPE_ERROR_LIMIT, "it is too long");
            break;
        }
        yajl_status said =
            yajl_parse(m->parser, (const unsigned char *)text, n);
        if (said != yajl_status_ok)
            parse_error(m);
        m->fed += n;
        text += n;
        bytes -= n;
        // The parser keeps a value whole: one without an end is no value.
        if (m->fed - m->token > MS_IMPORT_TOKEN + PIECE)
            wrong(m, "a value is too long");
    }
    return m->status;
}

enum memscope_status ms_import_end(struct ms_import *m)
{
    if (m->failed)
        return m->status;
    if (!m->done) {
        m->token = m->fed;
        yajl_free(m->parser); // where it stands in a piece says nothing more
        m->parser = NULL;
        wrong(m, m->begun ? "the text ends before the snapshot does"
                          : "there is no snapshot in it");
    } else if (yajl_complete_parse(m->parser) != yajl_status_ok) {
        parse_error(m);
    } else {
        (void)ms_import_check(m);
    }
    return m->status;
}

const struct ms_snapshot *ms_import_snapshot(const struct ms_import *m)
{
    return &m->entry->snapshot;
}

enum memscope_status ms_import_adopt(struct ms_import *m, struct ms_engine *e,
                                     const struct ms_snapshot **out)
{
    return ms_import_adopt_file(m, e, "", out);
}

enum memscope_status ms_import_adopt_file(struct ms_import *m,
                                          struct ms_engine *e, const char *file,
                                          const struct ms_snapshot **out)
{
    snprintf(m->entry->file, sizeof m->entry->file, "%s", file);
    m->entry->saved = file[0] != '\0';
    enum memscope_status status = ms_snapshot_add(e, m->entry, out);

    if (status == MEMSCOPE_OK)
        m->entry = NULL;
    return status;
}

void ms_import_destroy(struct ms_import *m)
{
    if (m == NULL)
        return;
    if (m->parser != NULL)
        yajl_free(m->parser);
    if (m->entry != NULL)
        ms_snapshot_discard(m->entry);
    free(m);
}

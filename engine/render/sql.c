// SPDX-License-Identifier: MIT
// See engine/sql_json.h for the contract.

#include "engine/sql_json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add(struct ms_sql_json *out, const char *text, size_t bytes)
{
    if (bytes > out->room - out->bytes) {
        size_t room = out->room * 2 + bytes + 4096;
        char *grown = realloc(out->text, room);
        if (grown == NULL) {
            out->failed = true;
            return;
        }
        out->text = grown;
        out->room = room;
    }
    memcpy(out->text + out->bytes, text, bytes);
    out->bytes += bytes;
}

static void add_plain(struct ms_sql_json *out, const char *text)
{
    add(out, text, strlen(text));
}

// The length of the UTF-8 sequence at p; 0: it is none.
static size_t sequence(const unsigned char *p, size_t left)
{
    static const struct {
        unsigned char first, last; // of the first byte
        unsigned char second_first, second_last;
        unsigned char bytes;
    } forms[] = {
        {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3},
        {0xee, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4},
        {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };

    if (p[0] < 0x80)
        return 1;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        size_t n = forms[i].bytes;
        if (p[0] < forms[i].first || p[0] > forms[i].last || n > left ||
            p[1] < forms[i].second_first || p[1] > forms[i].second_last)
            continue;
        for (size_t k = 2; k < n; k++)
            if ((p[k] & 0xc0) != 0x80)
                return 0;
        return n;
    }
    return 0;
}

static void add_text(struct ms_sql_json *out, const char *text, size_t bytes)
{
    const unsigned char *p = (const unsigned char *)text;
    char escape[8];

    add_plain(out, "\"");
    for (size_t i = 0; i < bytes;) {
        size_t n = sequence(p + i, bytes - i);
        if (n == 0) {
            add_plain(out, "\xef\xbf\xbd");
            i++;
            continue;
        }
        if (p[i] == '"' || p[i] == '\\') {
            escape[0] = '\\';
            escape[1] = (char)p[i];
            add(out, escape, 2);
        } else if (p[i] < 0x20) {
            snprintf(escape, sizeof escape, "\\u%04x", p[i]);
            add(out, escape, 6);
        } else {
            add(out, text + i, n);
        }
        i += n;
    }
    add_plain(out, "\"");
}

static void add_number(struct ms_sql_json *out, uint64_t n)
{
    char text[24];

    snprintf(text, sizeof text, "%llu", (unsigned long long)n);
    add_plain(out, text);
}

static void add_value(struct ms_sql_json *out, const struct ms_sql_value *v,
                      bool is_address)
{
    char text[40];

    switch (v->type) {
    case MS_SQL_INTEGER:
        snprintf(text, sizeof text, is_address ? "\"0x%llx\"" : "%lld",
                 (long long)v->integer);
        add_plain(out, text);
        break;
    case MS_SQL_REAL:
        if (!isfinite(v->real)) {
            add_plain(out, "null");
            break;
        }
        snprintf(text, sizeof text, "%.17g", v->real);
        add_plain(out, text);
        if (strpbrk(text, ".e") == NULL)
            add_plain(out, ".0");
        break;
    case MS_SQL_STRING:
        add_text(out, v->text, v->text_bytes);
        break;
    default:
        add_plain(out, "null");
    }
}

void ms_sql_json_head(struct ms_sql_json *out, const struct ms_sql *q,
                      bool has_row)
{
    size_t count = ms_sql_column_count(q);
    struct ms_sql_column column;
    struct ms_sql_value value;

    add_plain(out, "{\"session\":");
    add_number(out, ms_sql_session(q));
    add_plain(out, ",\"seq\":");
    add_number(out, ms_sql_seq(q));
    add_plain(out, ",\"unnamed\":");
    add_number(out, ms_sql_unnamed(q));
    add_plain(out, ",\"columns\":[");
    for (size_t i = 0; i < count && i < MS_SQL_COLUMNS; i++) {
        ms_sql_column(q, i, &column);
        enum ms_sql_type type = column.type;
        if (type == MS_SQL_NULL && has_row) {
            ms_sql_value(q, i, &value);
            type = value.type;
        }
        out->is_address[i] = strcmp(column.unit, "address") == 0;
        add_plain(out, i == 0 ? "{\"name\":" : ",{\"name\":");
        add_text(out, column.name, strlen(column.name));
        add_plain(out, ",\"type\":");
        if (type == MS_SQL_NULL)
            add_plain(out, "null");
        else
            add_text(out, ms_sql_type_name(type),
                     strlen(ms_sql_type_name(type)));
        add_plain(out, ",\"unit\":");
        if (column.unit[0] == '\0')
            add_plain(out, "null");
        else
            add_text(out, column.unit, strlen(column.unit));
        add_plain(out, "}");
    }
    add_plain(out, "],\"rows\":[");
}

void ms_sql_json_row(struct ms_sql_json *out, const struct ms_sql *q)
{
    size_t count = ms_sql_column_count(q);
    struct ms_sql_value value;

    add_plain(out, out->rows++ == 0 ? "\n[" : ",\n[");
    for (size_t i = 0; i < count && i < MS_SQL_COLUMNS; i++) {
        if (i != 0)
            add_plain(out, ",");
        ms_sql_value(q, i, &value);
        add_value(out, &value, out->is_address[i]);
    }
    add_plain(out, "]");
}

static void add_error(struct ms_sql_json *out, const struct ms_sql_error *error)
{
    add_plain(out, "\"error\":{\"code\":");
    add_text(out, error->code, strlen(error->code));
    add_plain(out, ",\"message\":");
    add_text(out, error->message, strlen(error->message));
    add_plain(out, ",\"offset\":");
    if (error->offset >= 0)
        add_number(out, (uint64_t)error->offset);
    else
        add_plain(out, "null");
    add_plain(out, "}");
}

void ms_sql_json_tail(struct ms_sql_json *out, bool truncated,
                      uint64_t elapsed_ns, const struct ms_sql_error *error)
{
    add_plain(out, "],\"truncated\":");
    add_plain(out, truncated || error != NULL ? "true" : "false");
    add_plain(out, ",\"elapsed_ns\":");
    add_number(out, elapsed_ns);
    if (error != NULL) {
        add_plain(out, ",");
        add_error(out, error);
    }
    add_plain(out, "}\n");
}

void ms_sql_json_error(struct ms_sql_json *out,
                       const struct ms_sql_error *error)
{
    add_plain(out, "{");
    add_error(out, error);
    add_plain(out, "}");
}

void ms_sql_json_fini(struct ms_sql_json *out)
{
    free(out->text);
    *out = (struct ms_sql_json){0};
}

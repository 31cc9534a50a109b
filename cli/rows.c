// SPDX-License-Identifier: MIT
// See rows.h for the contract.

#include "rows.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "terminal.h"

#define WIDEST 60 // of a column of texts, but for the last one
#define NUMBER 40

static size_t width(const char *text)
{
    size_t count = 0;

    for (; *text != '\0'; text++)
        count += ((unsigned char)*text & 0xc0) != 0x80;
    return count;
}

// A value as text: its own, or one in `room`.
static const char *text_of(const json_t *value, const char *null,
                           char room[NUMBER])
{
    if (json_is_string(value))
        return json_string_value(value);
    if (json_is_integer(value))
        snprintf(room, NUMBER, "%lld", (long long)json_integer_value(value));
    else if (json_is_real(value))
        snprintf(room, NUMBER, "%.10g", json_real_value(value));
    else
        return null;
    return room;
}

static void put_cell(const char *text, size_t wide, bool right, bool last)
{
    size_t n = width(text);

    if (n > wide)
        n = wide;
    if (right)
        printf("%*s", (int)(wide - n), "");
    (void)ms_terminal_some(stdout, text, last ? SIZE_MAX : wide);
    if (!right && !last)
        printf("%*s", (int)(wide - n), "");
    fputs(last ? "\n" : "  ", stdout);
}

void ms_rows_table(const json_t *columns, const json_t *rows)
{
    size_t count = json_array_size(columns), i, k;
    size_t *wide = calloc(count + 1, sizeof *wide);
    bool *right = calloc(count + 1, sizeof *right);
    json_t *column, *row, *value;
    char room[NUMBER];

    if (wide == NULL || right == NULL)
        goto out;
    json_array_foreach((json_t *)columns, i, column)
    {
        wide[i] = width(json_string_value(json_object_get(column, "name")));
        json_array_foreach((json_t *)rows, k, row)
        {
            value = json_array_get(row, i);
            size_t n = width(text_of(value, "-", room));
            right[i] |= json_is_number(value);
            if (n > wide[i])
                wide[i] = n < WIDEST || right[i] ? n : WIDEST;
        }
    }
    json_array_foreach((json_t *)columns, i, column)
        put_cell(json_string_value(json_object_get(column, "name")), wide[i],
                 right[i], i + 1 == count);
    json_array_foreach((json_t *)rows, k, row) json_array_foreach(row, i, value)
        put_cell(text_of(value, "-", room), wide[i], right[i], i + 1 == count);
out:
    free(wide);
    free(right);
}

static void put_field(const char *text, bool last)
{
    bool quoted = strpbrk(text, "\",\r\n") != NULL;

    if (quoted)
        putchar('"');
    // A file has the text as it is.
    if (isatty(STDOUT_FILENO)) {
        ms_terminal_put(stdout, text);
        text = "";
    }
    for (; *text != '\0'; text++) {
        if (*text == '"')
            putchar('"');
        putchar(*text);
    }
    if (quoted)
        putchar('"');
    putchar(last ? '\n' : ',');
}

void ms_rows_csv(const json_t *columns, const json_t *rows)
{
    size_t count = json_array_size(columns), i, k;
    json_t *column, *row, *value;
    char room[NUMBER];

    json_array_foreach((json_t *)columns, i, column) put_field(
        json_string_value(json_object_get(column, "name")), i + 1 == count);
    json_array_foreach((json_t *)rows, k, row) json_array_foreach(row, i, value)
        put_field(text_of(value, "", room), i + 1 == count);
}

void ms_rows_queries(const json_t *all)
{
    size_t i, k;
    json_t *query, *table, *part;

    json_array_foreach(json_object_get(all, "queries"), i, query)
    {
        printf("%-16s %s\n", json_string_value(json_object_get(query, "name")),
               json_string_value(json_object_get(query, "description")));
        json_array_foreach(json_object_get(query, "parameters"), k, part)
        {
            const char *otherwise =
                json_string_value(json_object_get(part, "default"));
            printf("%-16s   %s=%s\n", "",
                   json_string_value(json_object_get(part, "name")),
                   otherwise != NULL ? otherwise : "(must be given)");
        }
    }
    puts("\ntables for SQL:");
    json_array_foreach(json_object_get(all, "tables"), i, table)
    {
        printf("  %s(", json_string_value(json_object_get(table, "name")));
        json_array_foreach(json_object_get(table, "columns"), k, part)
            printf("%s%s", k == 0 ? "" : ", ",
                   json_string_value(json_object_get(part, "name")));
        puts(")");
    }
}

// SPDX-License-Identifier: MIT
// See wanted.h for the contract.

#include "wire/wanted.h"

#include <string.h>

// Which rows come first.
static bool read_pins(const json_t *from, struct ms_window *w)
{
    w->pin_count = 0;
    if (from == NULL)
        return true;
    if (!json_is_array(from) || json_array_size(from) > MS_WINDOW_PINS)
        return false;
    for (size_t i = 0; i < json_array_size(from); i++) {
        const json_t *id = json_array_get(from, i);
        json_int_t n = json_integer_value(id);
        if (!json_is_integer(id) || n < 0 || n > UINT32_MAX)
            return false;
        w->pins[w->pin_count++] = (uint32_t)n;
    }
    return true;
}

bool ms_wanted_table(const json_t *from, struct ms_wanted_table *t,
                     int (*column)(const char *), const char *name_column)
{
    const char *sort = "live_bytes", *order = "desc", *filter = "";
    const char *module = "", *threads = "all";
    json_int_t offset = 0, rows = 0, least = 0;

    t->wanted = false;
    if (from == NULL)
        return true;
    if (json_unpack((json_t *)from, "{s?s,s?s,s?s,s?I,s?I,s?s,s?s,s?I}", "sort",
                    &sort, "order", &order, "q", &filter, "off", &offset, "n",
                    &rows, "module", &module, "threads", &threads, "min",
                    &least) != 0 ||
        rows < 0 || rows > MS_WANTED_ROWS || offset < 0 ||
        offset > UINT32_MAX || strlen(filter) >= MS_WINDOW_FILTER ||
        strlen(module) >= MS_WINDOW_FILTER || least < 0 ||
        ms_window_kind(threads) < 0 ||
        !read_pins(json_object_get(from, "pin"), &t->window))
        return false;
    t->window.column = column(strcmp(sort, "name") == 0 ? name_column : sort);
    t->window.ascending = strcmp(order, "asc") == 0;
    if (t->window.column < 0 ||
        (!t->window.ascending && strcmp(order, "desc") != 0))
        return false;
    t->window.offset = (size_t)offset;
    t->window.limit = (size_t)rows;
    t->window.least_bytes = (uint64_t)least;
    t->window.threads = (enum ms_window_threads)ms_window_kind(threads);
    strcpy(t->window.filter, filter);
    strcpy(t->window.module, module);
    t->wanted = rows > 0;
    return true;
}

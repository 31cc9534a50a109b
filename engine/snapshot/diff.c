// SPDX-License-Identifier: MIT
// See engine/diff.h for the contract. Both sides' rows are put in order of what
// they are; equal ones then stand beside each other. Rows that are the same by
// that (a function called at two places of one line) are added up.

#include "engine/diff.h"

#include <stdlib.h>
#include <string.h>

// What a row is.
struct key {
    const char *module;   // build-id, or its name
    const char *names[2]; // function and file; of a thread, its name
    uint64_t number; // address in the file, or line; of a thread, its order
    uint32_t side;   // 0: a, 1: b
    size_t index;
};

static int by_key(const struct key *x, const struct key *y)
{
    int order = strcmp(x->module, y->module);

    if (order == 0)
        order = strcmp(x->names[0], y->names[0]);
    if (order == 0)
        order = strcmp(x->names[1], y->names[1]);
    if (order == 0)
        order = (x->number > y->number) - (x->number < y->number);
    return order;
}

static int by_key_and_side(const void *a, const void *b)
{
    const struct key *x = a, *y = b;
    int order = by_key(x, y);

    if (order == 0)
        order = (x->side > y->side) - (x->side < y->side);
    return order != 0 ? order : (x->index > y->index) - (x->index < y->index);
}

static int by_start(const void *a, const void *b)
{
    const struct ms_module_info *const *x = a, *const *y = b;

    return ((*x)->start > (*y)->start) - ((*x)->start < (*y)->start);
}

// A snapshot's modules in order of their addresses.
struct module_map {
    const struct ms_module_info **modules;
    size_t count;
};

static bool map_modules(const struct ms_snapshot *s, struct module_map *map)
{
    map->modules = malloc((s->module_count + 1) * sizeof *map->modules);
    if (map->modules == NULL)
        return false;
    map->count = s->module_count;
    for (size_t i = 0; i < map->count; i++)
        map->modules[i] = &s->modules[i];
    qsort(map->modules, map->count, sizeof *map->modules, by_start);
    return true;
}

// The module around an address; NULL: none, or several, one after the other.
static const struct ms_module_info *module_at(const struct module_map *map,
                                              uint64_t address)
{
    size_t low = 0, high = map->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (map->modules[middle]->start <= address)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0 || address >= map->modules[low - 1]->end ||
        (low > 1 && address < map->modules[low - 2]->end))
        return NULL;
    return map->modules[low - 1];
}

static struct key key_of_site(const struct ms_site_row *row,
                              const struct module_map *map)
{
    // A return address may be one past the end of what it belongs to.
    const struct ms_module_info *m =
        row->address != 0 ? module_at(map, row->address - 1) : NULL;

    if (m != NULL && m->build_id[0] != '\0')
        return (struct key){.module = m->build_id,
                            .names = {"", ""},
                            .number = row->address - m->bias};
    return (struct key){.module = row->module,
                        .names = {row->function, row->file},
                        .number = row->line};
}

static void add_numbers(struct ms_diff_numbers *to,
                        const struct ms_diff_numbers *more)
{
    to->live_bytes += more->live_bytes;
    to->live_blocks += more->live_blocks;
    to->alloc_bytes += more->alloc_bytes;
    to->alloc_count += more->alloc_count;
    to->free_bytes += more->free_bytes;
    to->free_count += more->free_count;
}

// Site and thread rows have these numbers under the same names.
#define NUMBERS(row)                                                           \
    (&(struct ms_diff_numbers){(row)->live_bytes, (row)->live_blocks,          \
                               (row)->alloc_bytes, (row)->alloc_count,         \
                               (row)->free_bytes, (row)->free_count})

static struct key *keys_of_sites(const struct ms_snapshot *const sides[2],
                                 size_t *count)
{
    struct module_map map;
    struct key *keys = malloc(
        (sides[0]->site_count + sides[1]->site_count + 1) * sizeof *keys);

    *count = 0;
    for (uint32_t side = 0; keys != NULL && side < 2; side++) {
        if (!map_modules(sides[side], &map)) {
            free(keys);
            return NULL;
        }
        for (size_t i = 0; i < sides[side]->site_count; i++) {
            keys[*count] = key_of_site(&sides[side]->sites[i], &map);
            keys[*count].side = side;
            keys[(*count)++].index = i;
        }
        free(map.modules);
    }
    if (keys != NULL)
        qsort(keys, *count, sizeof *keys, by_key_and_side);
    return keys;
}

static bool diff_sites(struct ms_diff *out)
{
    size_t count;
    struct key *keys = keys_of_sites(out->snapshots, &count);

    out->sites = malloc((count + 1) * sizeof *out->sites);
    if (keys == NULL || out->sites == NULL) {
        free(keys);
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const struct key *k = &keys[i];
        const struct ms_site_row *row =
            &out->snapshots[k->side]->sites[k->index];
        if (i == 0 || by_key(k - 1, k) != 0)
            out->sites[out->site_count++] = (struct ms_diff_site){.row = row};
        struct ms_diff_site *d = &out->sites[out->site_count - 1];
        if (d->ids[k->side] == 0)
            d->ids[k->side] = row->id;
        if (k->side == 1 && d->ids[1] == row->id)
            d->row = row;
        add_numbers(&d->numbers[k->side], NUMBERS(row));
    }
    free(keys);
    return true;
}

static struct key *keys_of_threads(const struct ms_snapshot *const sides[2],
                                   size_t *count)
{
    struct key *keys = malloc(
        (sides[0]->thread_count + sides[1]->thread_count + 1) * sizeof *keys);
    // Within one life of one process an id says it all.
    bool same = strcmp(sides[0]->session.epoch, sides[1]->session.epoch) == 0;

    *count = 0;
    for (uint32_t side = 0; keys != NULL && side < 2; side++)
        for (size_t i = 0; i < sides[side]->thread_count; i++)
            keys[(*count)++] = (struct key){
                .module = "",
                .names = {same ? "" : sides[side]->threads[i].name, ""},
                .number = same ? sides[side]->threads[i].id : 0,
                .side = side,
                .index = i,
            };
    if (keys == NULL || same) {
        if (keys != NULL)
            qsort(keys, *count, sizeof *keys, by_key_and_side);
        return keys;
    }
    qsort(keys, *count, sizeof *keys, by_key_and_side);
    for (size_t i = 1; i < *count; i++) // they stand in order of their ids
        if (keys[i].side == keys[i - 1].side &&
            strcmp(keys[i].names[0], keys[i - 1].names[0]) == 0)
            keys[i].number = keys[i - 1].number + 1;
    qsort(keys, *count, sizeof *keys, by_key_and_side);
    return keys;
}

static bool diff_threads(struct ms_diff *out)
{
    size_t count;
    struct key *keys = keys_of_threads(out->snapshots, &count);

    out->threads = malloc((count + 1) * sizeof *out->threads);
    if (keys == NULL || out->threads == NULL) {
        free(keys);
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const struct key *k = &keys[i];
        const struct ms_thread_row *row =
            &out->snapshots[k->side]->threads[k->index];
        if (i == 0 || by_key(k - 1, k) != 0)
            out->threads[out->thread_count++] = (struct ms_diff_thread){0};
        struct ms_diff_thread *d = &out->threads[out->thread_count - 1];
        d->row = row; // b comes last
        d->ids[k->side] = row->id;
        add_numbers(&d->numbers[k->side], NUMBERS(row));
    }
    free(keys);
    return true;
}

int64_t ms_diff_of(uint64_t before, uint64_t after)
{
    uint64_t most = (uint64_t)INT64_MAX;

    if (after >= before)
        return (int64_t)(after - before < most ? after - before : most);
    return -(int64_t)(before - after < most ? before - after : most);
}

static uint64_t weight(const struct ms_diff_numbers n[2])
{
    uint64_t a = n[0].live_bytes, b = n[1].live_bytes;

    return a > b ? a - b : b - a;
}

static int sites_by_weight(const void *a, const void *b)
{
    const struct ms_diff_site *x = a, *y = b;
    uint64_t u = weight(x->numbers), v = weight(y->numbers);
    uint64_t m = (uint64_t)x->ids[1] << 32 | x->ids[0];
    uint64_t n = (uint64_t)y->ids[1] << 32 | y->ids[0];

    return u != v ? (u < v) - (u > v) : (m > n) - (m < n);
}

static int threads_by_weight(const void *a, const void *b)
{
    const struct ms_diff_thread *x = a, *y = b;
    uint64_t u = weight(x->numbers), v = weight(y->numbers);
    uint64_t m = (uint64_t)x->ids[1] << 32 | x->ids[0];
    uint64_t n = (uint64_t)y->ids[1] << 32 | y->ids[0];

    return u != v ? (u < v) - (u > v) : (m > n) - (m < n);
}

enum memscope_status ms_diff_make(const struct ms_snapshot *a,
                                  const struct ms_snapshot *b,
                                  struct ms_diff *out)
{
    *out = (struct ms_diff){.snapshots = {a, b}};
    if (!diff_sites(out) || !diff_threads(out)) {
        ms_diff_fini(out);
        return MEMSCOPE_ERROR_MEMORY;
    }
    qsort(out->sites, out->site_count, sizeof *out->sites, sites_by_weight);
    qsort(out->threads, out->thread_count, sizeof *out->threads,
          threads_by_weight);
    return MEMSCOPE_OK;
}

void ms_diff_fini(struct ms_diff *diff)
{
    free(diff->sites);
    free(diff->threads);
    diff->sites = NULL;
    diff->threads = NULL;
    diff->site_count = diff->thread_count = 0;
}

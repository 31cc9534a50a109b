// SPDX-License-Identifier: MIT
// See engine/measured_types.h for the contract.

#include "engine/measured_types.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine_private.h"
#include "platform/process_words.h"
#include "types/vtable.h"

#define JUST_MADE_NS UINT64_C(200000000)
#define WORD sizeof(uint64_t)

struct looked_at {
    uint64_t address, size, birth_ns;
    uint32_t stack; // 0: damaged
    uint32_t type;
    const char *declared; // "": nothing is
    bool tagged;
    bool alive; // after the read as well
};

struct look {
    pid_t pid;
    uint64_t uptime_ns;
    struct ms_vtable_range *modules;
    size_t module_count;
    struct looked_at *blocks;
    size_t count;
    bool complete;
};

// Takes what is needed of the session. False: it cannot be read.
static bool copy_session(struct ms_engine *e, uint32_t session, struct look *l)
{
    struct ms_session *s = ms_engine_hold(e, session);

    if (s == NULL)
        return false;
    pthread_mutex_lock(&s->lock);
    s->names_wanted = true;
    l->uptime_ns = ms_session_uptime_ns(s);
    if (s->state == MS_SESSION_RUNNING)
        l->pid = s->pid;
    l->modules = malloc((s->module_count + 1) * sizeof *l->modules);
    for (size_t i = 0; l->modules != NULL && i < s->module_count; i++)
        if (s->modules[i].module.unload_ns == 0)
            l->modules[l->module_count++] = (struct ms_vtable_range){
                s->modules[i].module.start, s->modules[i].module.end};
    pthread_mutex_unlock(&s->lock);
    ms_engine_let_go(e, s);
    return l->modules != NULL;
}

static struct looked_at looked_at(const struct ms_block *b)
{
    return (struct looked_at){
        .address = b->address,
        .size = b->size,
        .birth_ns = b->birth_ns,
        .stack = b->stack,
        .type = MS_VTABLE_NONE,
        .declared = b->declared,
        .tagged = b->said.type != 0,
        .alive = true,
    };
}

static enum memscope_status list_blocks(struct ms_engine *e, uint32_t session,
                                        struct look *l)
{
    struct ms_block_walk *walk;
    struct ms_block batch[512];
    size_t n, room = MS_MEASURED_BLOCKS;

    l->blocks = malloc(room * sizeof *l->blocks);
    if (l->blocks == NULL)
        return MEMSCOPE_ERROR_MEMORY;
    enum memscope_status status = ms_block_walk_create(e, session, &walk);
    if (status != MEMSCOPE_OK)
        return status;
    l->complete = true;
    while ((n = ms_block_walk_next(walk, batch, 512)) != 0) {
        for (size_t i = 0; i < n && l->count < room; i++)
            l->blocks[l->count++] = looked_at(&batch[i]);
        l->complete = l->count < room;
        if (!l->complete)
            break;
    }
    ms_block_walk_destroy(walk);
    return MEMSCOPE_OK;
}

static bool is_same(const struct looked_at *a, const struct looked_at *b)
{
    return a->address == b->address && a->size == b->size &&
           a->stack == b->stack && a->birth_ns == b->birth_ns;
}

static int by_address(const void *a, const void *b)
{
    const struct looked_at *x = a, *y = b;

    return (x->address > y->address) - (x->address < y->address);
}

// Marks the blocks that live on.
static enum memscope_status look_again(struct ms_engine *e, uint32_t session,
                                       struct look *l)
{
    struct ms_block_walk *walk;
    struct ms_block batch[512];
    size_t n;

    enum memscope_status status = ms_block_walk_create(e, session, &walk);
    if (status != MEMSCOPE_OK)
        return status;
    qsort(l->blocks, l->count, sizeof *l->blocks, by_address);
    for (size_t i = 0; i < l->count; i++)
        l->blocks[i].alive = false;
    if (l->count != 0)
        ms_block_walk_between(walk, l->blocks[0].address,
                              l->blocks[l->count - 1].address);
    while ((n = ms_block_walk_next(walk, batch, 512)) != 0)
        for (size_t i = 0; i < n; i++) {
            struct looked_at key = looked_at(&batch[i]);
            struct looked_at *found = bsearch(&key, l->blocks, l->count,
                                              sizeof *l->blocks, by_address);
            if (found != NULL)
                found->alive = is_same(found, &key);
        }
    ms_block_walk_destroy(walk);
    return MEMSCOPE_OK;
}

// Reads the first words and what they point to. False: nothing can be read.
static bool read_types(struct look *l, struct ms_vtables *v)
{
    uint64_t *addresses = malloc((l->count + 1) * WORD);
    uint64_t *words = malloc((l->count + 1) * WORD);
    uint64_t *sorted = malloc((l->count + 1) * WORD);
    bool read = addresses != NULL && words != NULL && sorted != NULL;

    for (size_t i = 0; read && i < l->count; i++)
        addresses[i] = l->blocks[i].address;
    read = read && ms_process_words(l->pid, addresses, l->count, words);
    if (read) {
        memcpy(sorted, words, l->count * WORD);
        read = ms_vtables_read(v, sorted, l->count);
    }
    for (size_t i = 0; read && i < l->count; i++)
        if (l->blocks[i].size >= WORD)
            l->blocks[i].type = ms_vtables_type(v, words[i]);
    free(addresses);
    free(words);
    free(sorted);
    return read;
}

static int by_origin(const void *a, const void *b)
{
    const struct looked_at *x = a, *y = b;

    if (x->stack != y->stack)
        return x->stack < y->stack ? -1 : 1;
    return (x->size > y->size) - (x->size < y->size);
}

// Of one stack and size all are objects, or none is known to be.
static void doubt(struct look *l)
{
    qsort(l->blocks, l->count, sizeof *l->blocks, by_origin);
    for (size_t first = 0, end; first < l->count; first = end) {
        bool sound = l->blocks[first].stack != 0;
        for (end = first; end < l->count &&
                          by_origin(&l->blocks[first], &l->blocks[end]) == 0;
             end++) {
            const struct looked_at *b = &l->blocks[end];
            bool just_made = b->birth_ns + JUST_MADE_NS > l->uptime_ns;
            if (b->alive && b->type == MS_VTABLE_NONE && !just_made)
                sound = false;
        }
        for (size_t i = first; !sound && i < end; i++)
            l->blocks[i].type = MS_VTABLE_NONE;
    }
}

static int by_bytes(const void *a, const void *b)
{
    const struct ms_measured_type *x = a, *y = b;

    if (x->live_bytes != y->live_bytes)
        return x->live_bytes > y->live_bytes ? -1 : 1;
    return strcmp(x->name, y->name);
}

static int by_declared(const void *a, const void *b)
{
    const struct looked_at *x = a, *y = b;

    return strcmp(x->declared, y->declared);
}

// Counts a block of neither a tag nor a class: NULL, or a new row. They come in
// order of their names.
static bool count_declared(const struct looked_at *b, size_t first,
                           struct ms_measured_types *out)
{
    struct ms_measured_type *last = &out->rows[out->count - (out->count != 0)];

    if (b->declared[0] == '\0') {
        out->unknown_bytes += b->size;
        out->unknown_blocks++;
        return true;
    }
    if (out->count == first ||
        strncmp(last->name, b->declared, sizeof last->name - 1) != 0) {
        if (out->count == MS_MEASURED_TYPES) {
            out->unknown_bytes += b->size;
            out->unknown_blocks++;
            return false;
        }
        last = &out->rows[out->count++];
        snprintf(last->name, sizeof last->name, "%s", b->declared);
        last->from = "dwarf";
    }
    last->live_bytes += b->size;
    last->live_blocks++;
    return true;
}

static bool sum_up(struct look *l, const struct ms_vtables *v,
                   struct ms_measured_types *out)
{
    bool told_apart = !v->full;

    out->rows = calloc(MS_MEASURED_TYPES + 1, sizeof *out->rows);
    if (out->rows == NULL)
        return false;
    out->count = v->name_count;
    for (size_t i = 0; i < v->name_count; i++) {
        memcpy(out->rows[i].name, v->names[i], sizeof out->rows[i].name);
        out->rows[i].from = "vtable";
    }
    if (l->count != 0)
        qsort(l->blocks, l->count, sizeof *l->blocks, by_declared);
    for (size_t i = 0; i < l->count; i++) {
        const struct looked_at *b = &l->blocks[i];
        if (!b->alive)
            continue;
        if (b->tagged) {
            out->tagged_bytes += b->size;
            out->tagged_blocks++;
        } else if (b->type != MS_VTABLE_NONE) {
            out->rows[b->type].live_bytes += b->size;
            out->rows[b->type].live_blocks++;
        } else {
            told_apart &= count_declared(b, v->name_count, out);
        }
    }
    qsort(out->rows, out->count, sizeof *out->rows, by_bytes);
    while (out->count > 0 && out->rows[out->count - 1].live_blocks == 0)
        out->count--;
    out->complete = l->complete && told_apart;
    return true;
}

// Looks at what the blocks begin with. False: they cannot be read.
static enum memscope_status read_objects(struct ms_engine *e, uint32_t session,
                                         struct look *l, struct ms_vtables *v,
                                         bool *readable)
{
    v->pid = l->pid;
    v->modules = l->modules;
    v->module_count = l->module_count;
    // It may have ended meanwhile: that is no error.
    *readable = l->pid != 0 && read_types(l, v);
    if (!*readable)
        return MEMSCOPE_OK;
    enum memscope_status status = look_again(e, session, l);
    if (status == MEMSCOPE_OK)
        doubt(l);
    return status;
}

enum memscope_status ms_engine_measured_types(struct ms_engine *e,
                                              uint32_t session,
                                              struct ms_measured_types *out)
{
    struct look l = {0};
    struct ms_vtables v = {0};
    enum memscope_status status = MEMSCOPE_ERROR_NOT_FOUND;
    bool readable = false;

    *out = (struct ms_measured_types){0};
    if (!copy_session(e, session, &l))
        return ms_saved_measured_types(e, session, out);
    status = list_blocks(e, session, &l);
    if (status == MEMSCOPE_OK)
        status = read_objects(e, session, &l, &v, &readable);
    if (status == MEMSCOPE_OK && !sum_up(&l, &v, out))
        status = MEMSCOPE_ERROR_MEMORY;
    out->readable = readable;
    ms_vtables_fini(&v);
    free(l.modules);
    free(l.blocks);
    return status;
}

void ms_measured_types_fini(struct ms_measured_types *types)
{
    free(types->rows);
    *types = (struct ms_measured_types){0};
}

enum memscope_status
ms_measured_types_append(const struct ms_measured_types *types,
                         struct ms_type_row **rows, size_t *count)
{
    struct ms_type_row *moved =
        realloc(*rows, (*count + types->count + 1) * sizeof *moved);

    if (moved == NULL)
        return MEMSCOPE_ERROR_MEMORY;
    *rows = moved;
    for (size_t i = 0; i < types->count; i++) {
        const struct ms_measured_type *from = &types->rows[i];
        struct ms_type_row *to = &moved[(*count)++];
        *to = (struct ms_type_row){
            .from = from->from,
            .live_bytes = from->live_bytes,
            .live_blocks = from->live_blocks,
            .alloc_bytes = UINT64_MAX,
            .alloc_count = UINT64_MAX,
            .free_bytes = UINT64_MAX,
            .free_count = UINT64_MAX,
        };
        snprintf(to->name, sizeof to->name, "%s", from->name);
    }
    return MEMSCOPE_OK;
}

// SPDX-License-Identifier: MIT
// See engine/dynamic_types.h for the contract.

#include "engine/dynamic_types.h"

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
    };
}

static enum memscope_status list_blocks(struct ms_engine *e, uint32_t session,
                                        struct look *l)
{
    struct ms_block_walk *walk;
    struct ms_block batch[512];
    size_t n, room = MS_DYNAMIC_BLOCKS;

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
    const struct ms_dynamic_type *x = a, *y = b;

    if (x->live_bytes != y->live_bytes)
        return x->live_bytes > y->live_bytes ? -1 : 1;
    return strcmp(x->name, y->name);
}

static bool sum_up(const struct look *l, const struct ms_vtables *v,
                   struct ms_dynamic_types *out)
{
    out->rows = calloc(v->name_count + 1, sizeof *out->rows);
    if (out->rows == NULL)
        return false;
    for (size_t i = 0; i < v->name_count; i++)
        memcpy(out->rows[i].name, v->names[i], sizeof out->rows[i].name);
    for (size_t i = 0; i < l->count; i++) {
        const struct looked_at *b = &l->blocks[i];
        if (!b->alive)
            continue;
        if (b->type == MS_VTABLE_NONE) {
            out->unknown_bytes += b->size;
            out->unknown_blocks++;
        } else {
            out->rows[b->type].live_bytes += b->size;
            out->rows[b->type].live_blocks++;
        }
    }
    qsort(out->rows, v->name_count, sizeof *out->rows, by_bytes);
    while (out->count < v->name_count && out->rows[out->count].live_blocks != 0)
        out->count++;
    out->complete = l->complete && !v->full;
    return true;
}

enum memscope_status ms_engine_dynamic_types(struct ms_engine *e,
                                             uint32_t session,
                                             struct ms_dynamic_types *out)
{
    struct look l = {0};
    struct ms_vtables v = {0};
    enum memscope_status status = MEMSCOPE_ERROR_NOT_FOUND;

    *out = (struct ms_dynamic_types){0};
    if (!copy_session(e, session, &l))
        goto end;
    status = MEMSCOPE_OK;
    if (l.pid == 0)
        goto end;
    status = list_blocks(e, session, &l);
    if (status != MEMSCOPE_OK)
        goto end;
    v = (struct ms_vtables){
        .pid = l.pid, .modules = l.modules, .module_count = l.module_count};
    if (!read_types(&l, &v))
        goto end; // it may have ended meanwhile: that is no error
    status = look_again(e, session, &l);
    if (status != MEMSCOPE_OK)
        goto end;
    doubt(&l);
    out->readable = sum_up(&l, &v, out);
    if (!out->readable)
        status = MEMSCOPE_ERROR_MEMORY;
end:
    ms_vtables_fini(&v);
    free(l.modules);
    free(l.blocks);
    return status;
}

void ms_dynamic_types_fini(struct ms_dynamic_types *types)
{
    free(types->rows);
    *types = (struct ms_dynamic_types){0};
}

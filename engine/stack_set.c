// SPDX-License-Identifier: MIT
// See engine/stacks.h for the contract. Sums and modules are copied under the
// session's lock; nodes never change once a tick has seen them, so that the
// tree is put together without it.

#include "stack_set.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine_private.h"

void ms_stack_row_copy(const struct ms_stack_sums *from,
                       struct ms_stack_row *out)
{
    double unit = (double)(UINT64_C(1) << MS_BIRTH_SHIFT);

    *out = (struct ms_stack_row){
        .id = from->node,
        .site = from->site + 1,
        .live_bytes = from->alloc_bytes - from->free_bytes,
        .live_blocks = from->alloc_count - from->free_count,
        .alloc_bytes = from->alloc_bytes,
        .alloc_count = from->alloc_count,
        .free_bytes = from->free_bytes,
        .free_count = from->free_count,
        .realloc_count = from->realloc_count,
        .temporary_count = from->temporary_count,
        .mapped_bytes = from->mapped_bytes,
        .mean_lifetime_ns = NAN,
        .declared_type = ms_symbol_type_of_sum(from->type, from->alloc_count,
                                               from->alloc_bytes),
        .changed_seq = from->changed_seq,
    };
    if (from->free_count != 0)
        out->mean_lifetime_ns =
            (double)from->lifetime_units * unit / (double)from->free_count;
}

static bool make_rows(size_t count, struct ms_stack_row **rows)
{
    *rows = malloc((count + 1) * sizeof **rows);
    return *rows != NULL;
}

static bool copy_all(const struct ms_stack_table *t, struct ms_stack_row **rows,
                     size_t *count)
{
    if (!make_rows(t->count, rows))
        return false;
    for (uint32_t i = 0; i < t->count; i++)
        ms_stack_row_copy(ms_stack_table_at(t, i), &(*rows)[i]);
    *count = t->count;
    return true;
}

// Those that changed after `since` stand first in the list. {session lock}
static bool copy_changed(const struct ms_stack_table *t, uint64_t since,
                         struct ms_stack_row **rows, size_t *count)
{
    const struct ms_stack_sums *from;
    size_t n = 0;

    for (uint32_t i = t->newest; i != 0; i = from->older, n++) {
        from = ms_stack_table_at(t, i - 1);
        if (from->changed_seq <= since)
            break;
    }
    if (!make_rows(n, rows))
        return false;
    for (uint32_t i = t->newest; *count < n; i = from->older, (*count)++) {
        from = ms_stack_table_at(t, i - 1);
        ms_stack_row_copy(from, &(*rows)[*count]);
    }
    return true;
}

bool ms_stack_rows_copy(const struct ms_stack_table *t, uint64_t since,
                        struct ms_stack_row **rows, size_t *count)
{
    *count = 0;
    return since == 0 ? copy_all(t, rows, count)
                      : copy_changed(t, since, rows, count);
}

enum memscope_status ms_engine_stack_rows(struct ms_engine *e, uint32_t session,
                                          uint64_t since,
                                          struct ms_stack_row **rows,
                                          size_t *count, uint64_t *seq)
{
    struct ms_session *s = ms_engine_hold(e, session);

    *rows = NULL;
    *count = 0;
    if (s == NULL)
        return MEMSCOPE_ERROR_NOT_FOUND;
    pthread_mutex_lock(&s->lock);
    *seq = s->seq;
    bool copied = ms_stack_rows_copy(&s->model.stacks, since, rows, count);
    pthread_mutex_unlock(&s->lock);
    ms_engine_let_go(e, s);
    return copied ? MEMSCOPE_OK : MEMSCOPE_ERROR_MEMORY;
}

static int by_id(const void *a, const void *b)
{
    const struct ms_stack_row *x = a, *y = b;

    return (x->id > y->id) - (x->id < y->id);
}

enum memscope_status ms_stack_set_copy(const struct ms_session *s,
                                       struct ms_stack_set *set)
{
    struct ms_stacks *out = &set->stacks;

    *set = (struct ms_stack_set){0};
    out->modules = malloc((s->module_count + 1) * sizeof *out->modules);
    set->symbols = malloc((s->module_count + 1) * sizeof *set->symbols);
    if (out->modules == NULL || set->symbols == NULL ||
        !copy_all(&s->model.stacks, &out->rows, &out->row_count)) {
        ms_stack_set_fini(set);
        return MEMSCOPE_ERROR_MEMORY;
    }
    for (; out->module_count < s->module_count; out->module_count++) {
        const struct ms_session_module *m = &s->modules[out->module_count];
        set->symbols[out->module_count] = m->symbols;
        ms_session_module_info(s, m, &out->modules[out->module_count]);
    }
    return MEMSCOPE_OK;
}

void ms_stack_set_fini(struct ms_stack_set *set)
{
    ms_stacks_fini(&set->stacks);
    free(set->symbols);
    free(set->numbers);
    free(set->slots);
    *set = (struct ms_stack_set){0};
}

void ms_stacks_fini(struct ms_stacks *stacks)
{
    free(stacks->rows);
    free(stacks->nodes);
    free(stacks->frames);
    free(stacks->modules);
    *stacks = (struct ms_stacks){0};
}

// A caller is older than what it calls: so that no stack runs in a circle.
static uint32_t parent_of(const struct ms_node *n, uint32_t node)
{
    return n->parent < node ? n->parent : 0;
}

// Marks all nodes of all stacks, and counts them.
static bool mark_nodes(struct ms_session *s, struct ms_stack_set *set)
{
    const struct ms_stacks *out = &set->stacks;
    struct ms_node n;

    // In order of id: the last one is the largest.
    size_t most = out->row_count != 0 ? out->rows[out->row_count - 1].id : 0;
    set->numbers = calloc(most + 1, sizeof *set->numbers);
    if (set->numbers == NULL)
        return false;
    set->node_end = (uint32_t)most + 1;
    for (size_t i = 0; i < out->row_count; i++)
        for (uint32_t node = out->rows[i].id;
             node != 0 && set->numbers[node] == 0 &&
             ms_reader_node(&s->reader, node, &n) && !ms_is_pseudo(n.address);
             node = parent_of(&n, node)) {
            set->numbers[node] = UINT32_MAX;
            set->marked++;
        }
    return true;
}

// The module that an address lay in when the program met it, or else the newest
// one there; 1 + index, 0: none.
static uint32_t module_of(const struct ms_stacks *s, const struct ms_node *n)
{
    uint64_t call = n->address - 1;

    if (n->module != 0 && n->module <= s->module_count &&
        call >= s->modules[n->module - 1].start &&
        call < s->modules[n->module - 1].end)
        return n->module;
    for (size_t i = s->module_count; i > 0; i--)
        if (call >= s->modules[i - 1].start && call < s->modules[i - 1].end)
            return (uint32_t)i;
    return 0;
}

static uint32_t *slot_of(const struct ms_stack_set *set, uint64_t address,
                         uint32_t module)
{
    uint64_t key =
        (address ^ (uint64_t)module << 48) * UINT64_C(0x9E3779B97F4A7C15);

    for (size_t i = (size_t)(key >> 20);; i++) {
        uint32_t *slot = &set->slots[i & (set->slot_count - 1)];
        const struct ms_frame *f = &set->stacks.frames[*slot - (*slot != 0)];
        if (*slot == 0 || (f->address == address && f->module == module))
            return slot;
    }
}

static bool grow_slots(struct ms_stack_set *set)
{
    size_t room = set->slot_count == 0 ? 1024 : set->slot_count * 2;
    uint32_t *slots = calloc(room, sizeof *slots);
    struct ms_frame *frames =
        realloc(set->stacks.frames, room / 2 * sizeof *frames);

    if (frames != NULL)
        set->stacks.frames = frames;
    if (slots == NULL || frames == NULL) {
        free(slots);
        return false;
    }
    free(set->slots);
    set->slots = slots;
    set->slot_count = room;
    for (size_t i = 0; i < set->stacks.frame_count; i++)
        *slot_of(set, frames[i].address, frames[i].module) = (uint32_t)i + 1;
    return true;
}

// The number of a node's frame; 0: out of memory.
static uint32_t frame_of(struct ms_stack_set *set, const struct ms_node *n,
                         bool unknown)
{
    struct ms_stacks *out = &set->stacks;
    uint32_t module = unknown ? 0 : module_of(out, n);
    uint64_t address = unknown ? 0 : n->address;

    if (out->frame_count * 2 >= set->slot_count && !grow_slots(set))
        return 0;
    uint32_t *slot = slot_of(set, address, module);
    if (*slot != 0)
        return *slot;
    struct ms_frame *f = &out->frames[out->frame_count++];
    *f = (struct ms_frame){
        .address = address,
        .module = module,
        .function = unknown ? "(unknown stack)" : "?",
        .file = "",
        .named = unknown,
    };
    if (module != 0) {
        f->file_address = address - out->modules[module - 1].bias;
        f->symbol_module = set->symbols[module - 1];
    }
    *slot = (uint32_t)out->frame_count;
    return *slot;
}

// Numbers the nodes, callers first.
static bool number_nodes(struct ms_session *s, struct ms_stack_set *set)
{
    struct ms_stacks *out = &set->stacks;
    struct ms_node n;

    out->nodes = malloc((set->marked + 1) * sizeof *out->nodes);
    if (out->nodes == NULL)
        return false;
    for (uint32_t node = 1; node < set->node_end; node++) {
        if (set->numbers[node] == 0)
            continue;
        if (!ms_reader_node(&s->reader, node, &n)) { // it was there before
            set->numbers[node] = 0;
            continue;
        }
        uint32_t parent = parent_of(&n, node);
        uint32_t frame = frame_of(set, &n, node == MS_NODE_UNKNOWN);
        if (frame == 0)
            return false;
        out->nodes[out->node_count++] = (struct ms_stack_node){
            .parent = parent != 0 ? set->numbers[parent] : 0,
            .frame = frame,
        };
        set->numbers[node] = (uint32_t)out->node_count;
    }
    for (size_t i = 0; i < out->row_count; i++)
        out->rows[i].node = set->numbers[out->rows[i].id];
    return true;
}

enum memscope_status ms_stack_set_complete(struct ms_session *s,
                                           struct ms_stack_set *set,
                                           struct ms_stacks *out)
{
    qsort(set->stacks.rows, set->stacks.row_count, sizeof *set->stacks.rows,
          by_id);
    bool done = mark_nodes(s, set) && number_nodes(s, set);
    if (done) {
        *out = set->stacks;
        set->stacks = (struct ms_stacks){0};
    }
    ms_stack_set_fini(set);
    return done ? MEMSCOPE_OK : MEMSCOPE_ERROR_MEMORY;
}

enum memscope_status ms_engine_stacks(struct ms_engine *e, uint32_t session,
                                      struct ms_stats *stats,
                                      struct ms_stacks *out)
{
    struct ms_session *s = ms_engine_hold(e, session);
    enum memscope_status status = MEMSCOPE_ERROR_STATE;
    struct ms_stack_set set;

    *out = (struct ms_stacks){0};
    if (s == NULL)
        return MEMSCOPE_ERROR_NOT_FOUND;
    pthread_mutex_lock(&s->lock);
    if (s->seq != 0) {
        *stats = s->stats[s->seq % MS_STATS_KEPT];
        status = ms_stack_set_copy(s, &set);
    }
    pthread_mutex_unlock(&s->lock);
    if (status == MEMSCOPE_OK)
        status = ms_stack_set_complete(s, &set, out);
    ms_engine_let_go(e, s);
    return status;
}

const char *ms_stacks_module_name(const struct ms_stacks *stacks,
                                  uint32_t module)
{
    if (module == 0)
        return "";
    const char *path = stacks->modules[module - 1].path;
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

bool ms_frame_name(struct ms_engine *e, struct ms_frame *f)
{
    struct ms_symbol symbol;

    if (f->named || e->symbols == NULL)
        return true;
    if (f->symbol_module == 0) {
        char text[32];
        snprintf(text, sizeof text, "0x%llx", (unsigned long long)f->address);
        f->function = ms_symbols_intern(e->symbols, text);
        f->named = true;
        return true;
    }
    f->named = ms_symbols_lookup(e->symbols, f->symbol_module, f->file_address,
                                 &symbol);
    f->function = symbol.function;
    f->file = symbol.file;
    f->line = symbol.line;
    return f->named;
}

size_t ms_frame_calls(struct ms_engine *e, const struct ms_frame *frame,
                      struct ms_call calls[MS_FRAME_CALLS])
{
    struct ms_symbol symbols[MS_FRAME_CALLS];
    struct ms_frame f = *frame;
    size_t count = 0;

    _Static_assert(MS_FRAME_CALLS >= MS_SYMBOL_FRAMES, "they fit");
    if (e != NULL && e->symbols != NULL && f.symbol_module != 0) {
        (void)ms_symbols_frames(e->symbols, f.symbol_module, f.file_address,
                                symbols, MS_FRAME_CALLS, &count);
        for (size_t i = 0; i < count; i++)
            calls[i] = (struct ms_call){symbols[i].function, symbols[i].file,
                                        symbols[i].line};
        return count;
    }
    if (e != NULL)
        (void)ms_frame_name(e, &f);
    calls[count++] = (struct ms_call){f.function, f.file, f.line};
    for (size_t i = 0; i < f.outer_count && count < MS_FRAME_CALLS; i++)
        calls[count++] = f.outer[i];
    return count;
}

size_t ms_stacks_name(struct ms_engine *e, struct ms_stacks *stacks)
{
    size_t missing = 0;

    for (size_t i = 0; i < stacks->frame_count; i++)
        missing += !ms_frame_name(e, &stacks->frames[i]);
    return missing;
}

// SPDX-License-Identifier: MIT
// See engine/annotations.h for the contract.

#include "engine/annotations.h"

#include <stdlib.h>
#include <string.h>

#include "engine_private.h"
#include "platform/atomics.h"
#include "runtime/annotations.h"

_Static_assert(MS_NAME_BYTES == MS_STRING_TEXT, "a name fits");
_Static_assert(MS_ANNOTATION_KINDS < 16 && MS_MOMENT_KINDS < 16, "counts");

static const char *const annotation_names[MS_ANNOTATION_KINDS] = {
    [MS_ANNOTATION_TAGS] = "tags",
    [MS_ANNOTATION_BORROWS] = "borrows",
    [MS_ANNOTATION_RETURNS] = "returns",
    [MS_ANNOTATION_RETAINS] = "retains",
    [MS_ANNOTATION_RELEASES] = "releases",
    [MS_ANNOTATION_MOVES] = "moves",
    [MS_ANNOTATION_SCOPES] = "scopes",
    [MS_ANNOTATION_DISCARDS] = "discards",
    [MS_ANNOTATION_PAUSED] = "paused_allocs",
};
static const char *const moment_names[MS_MOMENT_KINDS] = {
    [MS_MOMENT_MARK] = "mark",
    [MS_MOMENT_SNAPSHOT] = "snapshot",
    [MS_MOMENT_BORROW_CONFLICT] = "borrow_conflict",
    [MS_MOMENT_FREED_BORROWED] = "freed_borrowed",
    [MS_MOMENT_MOVED_BORROWED] = "moved_borrowed",
    [MS_MOMENT_BAD_RETURN] = "bad_return",
    [MS_MOMENT_FREED_REFERENCED] = "freed_referenced",
    [MS_MOMENT_OVER_RELEASE] = "over_release",
    [MS_MOMENT_UNKNOWN_BLOCK] = "unknown_block",
    [MS_MOMENT_UNBALANCED] = "unbalanced",
    [MS_MOMENT_OVERLAP] = "overlap",
    [MS_MOMENT_FREED_TWICE] = "freed_twice",
    [MS_MOMENT_FREED_INSIDE] = "freed_inside",
    [MS_MOMENT_FREED_NO_BLOCK] = "freed_no_block",
};
static const struct {
    enum ms_drop_kind kind;
    const char *name;
} drops[] = {
    {MS_DROP_ANNOTATIONS, "annotations"},
    {MS_DROP_STRINGS, "names"},
    {MS_DROP_TASKS, "tasks"},
    {MS_DROP_CONTEXTS, "contexts"},
    {MS_DROP_NOTES, "notes"},
    {MS_DROP_BORROWS, "borrows"},
    {MS_DROP_POOLS, "pools"},
    {MS_DROP_CROWDED, "crowded"},
};

static uint64_t uptime(const struct ms_session *s, uint64_t ns)
{
    uint64_t start = s->reader.head.start_ns;

    return ns > start ? ns - start : 0;
}

static uint32_t bounded(uint32_t n, uint32_t limit)
{
    return n < limit ? n : limit;
}

static void fill_sums(struct ms_group_row *row, const struct ms_group *from)
{
    row->live_bytes = from->alloc_bytes - from->free_bytes;
    row->live_blocks = from->alloc_count - from->free_count;
    row->alloc_bytes = from->alloc_bytes;
    row->alloc_count = from->alloc_count;
    row->free_bytes = from->free_bytes;
    row->free_count = from->free_count;
}

static void add_tasks(struct ms_session *s, struct ms_group_row *rows,
                      size_t *count)
{
    struct ms_annotations *a = ms_reader_annotations(&s->reader);
    uint32_t tasks =
        bounded(ms_load_relaxed(&a->task_count), MS_TASK_CAPACITY - 1);

    for (uint32_t i = 1; i <= tasks; i++) {
        struct ms_task *t = &a->tasks[i];
        // acquire: pairs with the task's creation [T]
        if (ms_load_acquire(&t->state) != MS_NAMED_READY)
            continue;
        struct ms_group_row *row = &rows[(*count)++];
        uint64_t end = ms_load_relaxed(&t->end_ns);
        *row = (struct ms_group_row){
            .kind = MS_GROUP_TASK,
            .id = i,
            .parent = t->parent < MS_TASK_CAPACITY ? t->parent : 0,
            .shared = *(const volatile unsigned char *)&t->shared != 0,
            .created = ms_load_relaxed(&t->created),
            .ended = ms_load_relaxed(&t->ended),
            .entered = ms_load_relaxed(&t->entered),
            .hops = ms_load_relaxed(&t->hops),
            .create_ns = uptime(s, t->create_ns),
            .end_ns = end != 0 ? uptime(s, end) : 0,
        };
        ms_reader_string(&s->reader, t->name, row->name);
        fill_sums(row, &s->model.groups[i]);
    }
}

static void add_pools(struct ms_session *s, struct ms_group_row *rows,
                      size_t *count)
{
    struct ms_annotations *a = ms_reader_annotations(&s->reader);
    uint32_t pools =
        bounded(ms_load_relaxed(&a->pool_count), MS_POOL_CAPACITY - 1);

    for (uint32_t i = 1; i <= pools; i++) {
        struct ms_pool *p = &a->pools[i];
        // acquire: pairs with the pool's creation [T]
        if (ms_load_acquire(&p->state) != MS_NAMED_READY)
            continue;
        struct ms_group_row *row = &rows[(*count)++];
        *row = (struct ms_group_row){.kind = MS_GROUP_POOL, .id = i};
        ms_reader_string(&s->reader, p->name, row->name);
        fill_sums(row, &s->model.groups[MS_GROUPS_POOLS + i]);
    }
}

static void add_scopes(struct ms_session *s, struct ms_group_row *rows,
                       size_t *count, uint32_t strings)
{
    for (uint32_t i = 1; i <= strings; i++) {
        const struct ms_group *from = &s->model.groups[MS_GROUPS_SCOPES + i];
        if (from->alloc_count == 0)
            continue;
        struct ms_group_row *row = &rows[(*count)++];
        *row = (struct ms_group_row){.kind = MS_GROUP_SCOPE, .id = i};
        ms_reader_string(&s->reader, i, row->name);
        fill_sums(row, from);
    }
}

enum memscope_status ms_session_groups(struct ms_session *s,
                                       struct ms_group_row **rows,
                                       size_t *count)
{
    struct ms_annotations *a = ms_reader_annotations(&s->reader);
    uint32_t strings = a == NULL ? 0
                                 : bounded(ms_load_relaxed(&a->string_count),
                                           MS_STRING_CAPACITY - 1);
    *count = 0;
    *rows = malloc((MS_TASK_CAPACITY + MS_POOL_CAPACITY + (size_t)strings) *
                   sizeof **rows);
    if (*rows != NULL && a != NULL) {
        add_tasks(s, *rows, count);
        add_scopes(s, *rows, count, strings);
        add_pools(s, *rows, count);
    }
    return *rows != NULL ? MEMSCOPE_OK : MEMSCOPE_ERROR_MEMORY;
}

enum memscope_status ms_engine_groups(struct ms_engine *e, uint32_t session,
                                      struct ms_group_row **rows, size_t *count)
{
    struct ms_session *s = ms_engine_hold(e, session);

    *rows = NULL;
    *count = 0;
    if (s == NULL)
        return ms_saved_groups(e, session, rows, count);
    pthread_mutex_lock(&s->lock);
    enum memscope_status status = ms_session_groups(s, rows, count);
    pthread_mutex_unlock(&s->lock);
    ms_engine_let_go(e, s);
    return status;
}

// What ends meanwhile may be seen before it began: then it has not.
static uint64_t ended(uint64_t n, uint64_t of)
{
    return n < of ? n : of;
}

static void read_tagged(struct ms_tagged *t, struct ms_type_row *row)
{
    uint64_t blocks = ms_load_relaxed(&t->ended_blocks);
    uint64_t bytes = ms_load_relaxed(&t->ended_bytes);

    row->alloc_count = ms_load_relaxed(&t->blocks);
    row->alloc_bytes = ms_load_relaxed(&t->bytes);
    row->free_count = ended(blocks, row->alloc_count);
    row->free_bytes = ended(bytes, row->alloc_bytes);
    row->live_blocks = row->alloc_count - row->free_count;
    row->live_bytes = row->alloc_bytes - row->free_bytes;
}

static enum memscope_status read_tags(struct ms_session *s,
                                      enum ms_tag_kind kind,
                                      struct ms_type_row **rows, size_t *count)
{
    struct ms_annotations *a = ms_reader_annotations(&s->reader);
    uint32_t strings = a == NULL ? 0
                                 : bounded(ms_load_relaxed(&a->string_count),
                                           MS_STRING_CAPACITY - 1);
    *count = 0;
    *rows = malloc((strings + (size_t)1) * sizeof **rows);
    if (*rows == NULL)
        return MEMSCOPE_ERROR_MEMORY;
    for (uint32_t i = 1; i <= strings; i++) {
        struct ms_type_row *row = &(*rows)[*count];
        read_tagged(&a->tagged[kind][i], row);
        if (row->alloc_count == 0)
            continue;
        ms_reader_string(&s->reader, i, row->name);
        row->from = kind == MS_TAG_TYPE ? "annotated" : NULL;
        ++*count;
    }
    return MEMSCOPE_OK;
}

enum memscope_status ms_session_types(struct ms_session *s,
                                      struct ms_type_row **rows, size_t *count)
{
    return read_tags(s, MS_TAG_TYPE, rows, count);
}

enum memscope_status ms_session_variables(struct ms_session *s,
                                          struct ms_type_row **rows,
                                          size_t *count)
{
    return read_tags(s, MS_TAG_VARIABLE, rows, count);
}

enum memscope_status ms_engine_types(struct ms_engine *e, uint32_t session,
                                     struct ms_type_row **rows, size_t *count,
                                     struct ms_type_row **variables,
                                     size_t *variable_count)
{
    struct ms_session *s = ms_engine_hold(e, session);

    *rows = *variables = NULL;
    *count = *variable_count = 0;
    if (s == NULL)
        return ms_saved_types(e, session, rows, count, variables,
                              variable_count);
    pthread_mutex_lock(&s->lock);
    enum memscope_status status = ms_session_types(s, rows, count);
    if (status == MEMSCOPE_OK)
        status = ms_session_variables(s, variables, variable_count);
    pthread_mutex_unlock(&s->lock);
    ms_engine_let_go(e, s);
    if (status != MEMSCOPE_OK) {
        free(*rows);
        *rows = NULL;
    }
    return status;
}

bool ms_session_moment(struct ms_session *s, uint64_t number,
                       struct ms_mark_row *out)
{
    struct ms_moment *m =
        &ms_reader_annotations(&s->reader)->moments[number % MS_MOMENTS];

    // acquire: pairs with whoever has written it [W]
    if (ms_load_acquire(&m->seq) != number + 1)
        return false;
    uint32_t kind = ms_load_relaxed(&m->kind);
    uint32_t thread = ms_load_relaxed(&m->thread);
    if (kind >= MS_MOMENT_KINDS || thread >= MS_THREAD_CAPACITY)
        return false;
    *out = (struct ms_mark_row){
        .seq = number + 1,
        .kind = moment_names[kind],
        .time_ns = uptime(s, ms_load_relaxed(&m->ns)),
        .address = ms_load_relaxed(&m->address),
        .thread = thread + 1,
        .site =
            ms_model_site(&s->model, &s->reader, ms_load_relaxed(&m->stack)),
    };
    ms_reader_string(&s->reader, ms_load_relaxed(&m->name), out->name);
    return true;
}

static void fill_counts(struct ms_session *s, struct ms_annotation_counts *out)
{
    struct ms_annotations *a = ms_reader_annotations(&s->reader);

    *out = (struct ms_annotation_counts){0};
    for (size_t i = 0; i < MS_ANNOTATION_KINDS; i++)
        out->said[i] = (struct ms_named_count){
            annotation_names[i],
            a != NULL ? ms_load_relaxed(&a->counts[i]) : 0};
    for (size_t i = 0; i < MS_MOMENT_KINDS; i++)
        out->moments[i] = (struct ms_named_count){
            moment_names[i],
            a != NULL ? ms_load_relaxed(&a->moment_counts[i]) : 0};
    for (size_t i = 0; i < sizeof drops / sizeof *drops; i++)
        out->dropped[i] = (struct ms_named_count){
            drops[i].name,
            ms_load_relaxed(&s->reader.live->dropped[drops[i].kind])};
}

enum memscope_status ms_session_marks(struct ms_session *s,
                                      struct ms_mark_row **rows, size_t *count)
{
    struct ms_annotations *a = ms_reader_annotations(&s->reader);
    uint64_t made = a != NULL ? ms_load_relaxed(&a->moment_count) : 0;
    uint64_t kept = made < MS_MOMENTS ? made : MS_MOMENTS;

    *count = 0;
    *rows = malloc(MS_MOMENTS * sizeof **rows);
    for (uint64_t n = made - kept; *rows != NULL && n != made; n++)
        *count += ms_session_moment(s, n, &(*rows)[*count]);
    return *rows != NULL ? MEMSCOPE_OK : MEMSCOPE_ERROR_MEMORY;
}

enum memscope_status ms_engine_marks(struct ms_engine *e, uint32_t session,
                                     struct ms_annotation_counts *counts,
                                     struct ms_mark_row **rows, size_t *count)
{
    struct ms_session *s = ms_engine_hold(e, session);

    *rows = NULL;
    *count = 0;
    if (s == NULL)
        return MEMSCOPE_ERROR_NOT_FOUND;
    pthread_mutex_lock(&s->lock);
    fill_counts(s, counts);
    enum memscope_status status = ms_session_marks(s, rows, count);
    pthread_mutex_unlock(&s->lock);
    ms_engine_let_go(e, s);
    return status;
}

void ms_engine_take_requested(struct ms_engine *e, struct ms_session *s)
{
    struct ms_mark_row mark;

    pthread_mutex_lock(&s->lock);
    struct ms_annotations *a = ms_reader_annotations(&s->reader);
    uint64_t made = a != NULL ? ms_load_relaxed(&a->moment_count) : 0;
    if (made - s->moments_read > MS_MOMENTS)
        s->moments_read = made - MS_MOMENTS;
    while (s->moments_read != made) {
        const struct ms_snapshot *taken;
        bool asked = ms_session_moment(s, s->moments_read++, &mark) &&
                     mark.kind == moment_names[MS_MOMENT_SNAPSHOT];
        if (!asked)
            continue;
        pthread_mutex_unlock(&s->lock);
        mark.name[MS_SNAPSHOT_NAME - 1] = '\0';
        // One that is refused is not taken: there is nobody to tell.
        if (ms_snapshot_take_for(e, s->id, mark.name, "program", &taken) ==
            MEMSCOPE_OK)
            ms_snapshot_release(e, taken);
        pthread_mutex_lock(&s->lock);
    }
    pthread_mutex_unlock(&s->lock);
}

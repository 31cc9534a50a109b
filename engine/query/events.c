// SPDX-License-Identifier: MIT
// See query/events.h for the contract.

#include "query/events.h"

#include <stdlib.h>

#include "platform/atomics.h"
#include "runtime/cell.h"

static const char *operation_name(uint64_t operation)
{
    static const char *const names[] = {
        [MS_OPERATION_ALLOCATION] = "allocation",
        [MS_OPERATION_DEALLOCATION] = "deallocation",
        [MS_OPERATION_REALLOCATION] = "reallocation",
        [MS_OPERATION_MOVE] = "move",
        [MS_OPERATION_BORROW] = "borrow",
        [MS_OPERATION_RETURN] = "return",
    };

    return operation < sizeof names / sizeof *names ? names[operation] : NULL;
}

// A thread may be writing over an event just now: what cannot be true is left
// out, and what is half old, half new is seldom and harmless.
static bool read_event(struct ms_session *s, uint64_t what, uint64_t where,
                       struct ms_event_row *out)
{
    uint64_t start = s->reader.head.start_ns;
    uint64_t now = (start + ms_session_uptime_ns(s)) >> MS_BIRTH_SHIFT;
    uint64_t age = (now - where) & ((UINT64_C(1) << MS_BIRTH_BITS) - 1);
    uint64_t time = (now - age) << MS_BIRTH_SHIFT;
    struct ms_row_key key;
    uint32_t context;

    out->operation = operation_name(what >> 47 & 31);
    out->address = what & ((UINT64_C(1) << 47) - 1);
    out->time_ns = time > start ? time - start : 0;
    if (out->operation == NULL || age > UINT64_C(1) << (MS_BIRTH_BITS - 1))
        return false;
    out->site = 0;
    out->stack = 0;
    out->size_at_most = UINT64_MAX;
    if (ms_reader_row_key(&s->reader, ms_cell_row(where), &key)) {
        out->size_at_most = UINT64_C(1) << (key.size_class & 63);
        out->site = ms_model_known_site(&s->model, key.stack);
        if (!ms_reader_stack(&s->reader, key.stack, &out->stack, &context))
            out->stack = 0;
    }
    return true;
}

// A plain field of the segment: read once and checked.
static uint32_t recorder_of(struct ms_session *s, uint32_t thread)
{
    const volatile uint32_t *at = &ms_reader_slot(&s->reader, thread)->recorder;
    uint32_t recorder = *at;

    return recorder < s->reader.head.thread_capacity ? recorder : 0;
}

static size_t read_thread(struct ms_session *s, uint32_t thread,
                          struct ms_event_row *rows)
{
    struct ms_thread_slot *slot = ms_reader_slot(&s->reader, thread);
    uint32_t recorder = recorder_of(s, thread);
    struct ms_recorded_event *events =
        (void *)(s->reader.base + s->reader.head.recorders_offset +
                 (uint64_t)recorder * MS_RECORDER_EVENTS * sizeof *events);
    // relaxed: the events themselves are checked
    uint64_t written = ms_load_relaxed(&slot->recorded);
    uint64_t kept = written < MS_RECORDER_EVENTS ? written : MS_RECORDER_EVENTS;
    size_t count = 0;

    for (uint64_t n = written - kept; n != written; n++) {
        struct ms_recorded_event *e = &events[n & (MS_RECORDER_EVENTS - 1)];
        struct ms_event_row *row = &rows[count];
        row->thread = thread + 1;
        row->number = n + 1;
        count += read_event(s, ms_load_relaxed(&e->what),
                            ms_load_relaxed(&e->where), row);
    }
    return count;
}

// A recorder is the youngest thread's that has it: what is left of older ones
// cannot be told apart. Marks the threads that have one.
static bool *find_owners(struct ms_session *s)
{
    uint32_t room = s->reader.head.thread_capacity;
    bool *taken = calloc(room, sizeof *taken);
    bool *owners = calloc(s->model.thread_count + 1, sizeof *owners);

    for (size_t i = s->model.thread_count; taken && owners && i-- > 0;) {
        uint32_t recorder = recorder_of(s, (uint32_t)i);
        owners[i] = s->model.threads[i].known && !taken[recorder];
        taken[recorder] |= owners[i];
    }
    if (taken == NULL) {
        free(owners);
        return NULL;
    }
    free(taken);
    return owners;
}

enum memscope_status ms_session_events(struct ms_session *s,
                                       struct ms_event_row **rows,
                                       size_t *count)
{
    bool *owners = find_owners(s);
    size_t room = 0;

    *count = 0;
    *rows = owners != NULL ? malloc(sizeof **rows) : NULL;
    for (uint32_t i = 0; *rows != NULL && i < s->model.thread_count; i++) {
        if (!owners[i])
            continue;
        if (room - *count < MS_RECORDER_EVENTS) {
            room = 2 * room + MS_RECORDER_EVENTS;
            struct ms_event_row *grown = realloc(*rows, room * sizeof **rows);
            if (grown == NULL)
                free(*rows);
            *rows = grown;
            if (grown == NULL)
                break;
        }
        *count += read_thread(s, i, *rows + *count);
    }
    free(owners);
    return *rows != NULL ? MEMSCOPE_OK : MEMSCOPE_ERROR_MEMORY;
}

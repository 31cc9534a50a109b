// SPDX-License-Identifier: MIT
// See runtime/store.h for the contract of the functions here.

#include "store/writer.h"
#include "annotate/contexts.h"

#include <string.h>

#include "platform/memory.h"
#include "runtime/control.h"
#include "store/ledger.h"

#define MS_MEASURED_REFRESHES 64u // at one in so many an event is measured
// What is measured goes the long way, which few events do: so do some before
// it, that it finds that way in the caches, as the others find theirs.
#define MS_MEASURED_PRACTICE 4u
#define MS_MEASURED_MOST_NS 20000u

// Takes over the writer of a thread that has ended, so that a program with
// many short threads does not grow with their number.
static struct ms_writer *take_over(struct ms_store *s, uint32_t tid,
                                   bool (*gone)(uint32_t))
{
    // acquire: pairs with the publication in create [H]
    for (struct ms_writer *w = ms_load_acquire(&s->writers); w; w = w->next) {
        // relaxed: names a slot, whose state orders what we do with it. A slot
        // has one thread ever, so that an owner never comes back.
        uint64_t owner = ms_load_relaxed(&w->owner);
        if (owner == 0 || (uint32_t)owner == tid)
            continue;
        struct ms_thread_slot *slot = ms_store_slot(s, (uint32_t)(owner >> 32));
        // acquire: pairs with close [I]; all that the owner did is over
        if (ms_load_acquire(&slot->state) != MS_THREAD_ENDED ||
            !gone((uint32_t)owner))
            continue;
        // relaxed: one of those that want it gets it
        if (ms_claim_relaxed(&w->owner, &owner, 0)) {
            ms_row_map_clear(&w->own);
            ms_row_map_clear(&w->foreign);
            ms_ledger_leave_group(w);
            return w;
        }
    }
    return NULL;
}

static struct ms_writer *create(struct ms_store *s)
{
    struct ms_writer *w = ms_memory_map_wiped(sizeof *w);

    if (w == NULL)
        return NULL;
    uint32_t recorder = ms_add_relaxed(&s->recorder_count, 1u);
    if (recorder >= s->header->thread_capacity) {
        ms_memory_unmap(w, sizeof *w);
        return NULL;
    }
    w->store = s;
    w->header = s->header;
    w->rows = s->rows;
    w->first_rows = s->first_rows;
    w->row_threads = s->row_threads;
    w->details = s->details;
    w->index = s->index;
    w->covers = s->index != NULL ? UINT64_C(1) << MS_ADDRESS_BITS : 0;
    w->events = s->recorders + (size_t)recorder * MS_RECORDER_EVENTS;
    ms_row_map_init(&w->own);
    ms_row_map_init(&w->foreign);
    struct ms_writer *head = ms_load_relaxed(&s->writers);
    do
        w->next = head;
    while (!ms_cas_release(&s->writers, &head, w)); // [H] publishes the writer
    return w;
}

static bool claim_slot(struct ms_store *s, uint32_t *thread)
{
    // relaxed: claims a number; the slot's state publishes it [I]
    uint32_t n = ms_load_relaxed(&s->header->thread_count);

    do {
        if (n >= s->header->thread_capacity)
            return false;
    } while (!ms_cas_relaxed(&s->header->thread_count, &n, n + 1));
    *thread = n;
    return true;
}

// Takes the mode over.
static void adopt(struct ms_writer *w)
{
    uint64_t pulse = ms_load_relaxed(&w->header->pulse); // relaxed: a hint
    uint32_t control = (uint32_t)pulse;

    w->pulse = pulse;
    w->mode = (uint8_t)ms_control_mode(control);
    w->level =
        w->mode == MS_MODE_SAMPLED ? (uint8_t)ms_control_level(control) : 0;
    w->was_less = (control & MS_CONTROL_WAS_LESS) != 0;
    w->was_off = (control & MS_CONTROL_WAS_OFF) != 0;
    if ((control & MS_CONTROL_CUSTOM) != 0)
        w->asks = w->tells = true;
    if ((control & MS_CONTROL_NOTED) != 0)
        w->tells = true;
    // The filter knows sampled blocks only.
    w->filter = (control & MS_CONTROL_WAS_EXACT) == 0 ? w->store->filter : NULL;
    ms_sampler_set(&w->sampler, ms_control_interval(control, w->level));
}

// Where this many events took a fraction of a unit, twice as many do no harm.
static void stretch(struct ms_writer *w, uint64_t took_ns)
{
    if (took_ns > UINT64_C(1) << (MS_BIRTH_SHIFT - 1))
        w->stretch = MS_CLOCK_EVENTS;
    else if (took_ns < UINT64_C(1) << (MS_BIRTH_SHIFT - 3) &&
             w->stretch < MS_CLOCK_EVENTS_MOST)
        w->stretch *= 2;
}

MS_NOINLINE void ms_writer_refresh(struct ms_writer *w, uint64_t pulse)
{
    uint64_t now = ms_clock_monotonic_ns();
    bool ran_out = w->countdown < 0;

    if (ran_out && w->practice == 0)
        stretch(w, now - w->refreshed_ns);
    if ((uint32_t)pulse != (uint32_t)w->pulse)
        adopt(w);
    else
        w->pulse = pulse;
    w->countdown = (int32_t)w->stretch;
    w->refreshed_ns = now;
    w->now = now >> MS_BIRTH_SHIFT;
    // Not at the thread's first event, nor at the first after a tick: in a
    // program that mostly sleeps those find all caches cold.
    if (w->practice != 0)
        w->practice--;
    else if (ran_out && w->refreshes++ % MS_MEASURED_REFRESHES == 1)
        w->practice = MS_MEASURED_PRACTICE;
    else
        return;
    if (w->practice != 0)
        w->countdown = 0;
    else
        w->timed_ns = now;
}

MS_NOINLINE void ms_writer_measured(struct ms_writer *w)
{
    uint64_t end = ms_clock_monotonic_ns();
    uint64_t clock = ms_clock_monotonic_ns() - end; // reading it takes a time
    uint64_t took = end - w->timed_ns;

    w->timed_ns = 0;
    // Another thread may have had the core meanwhile.
    if (took > MS_MEASURED_MOST_NS)
        return;
    ms_bump(&w->slot->measured_ns, took > clock ? took - clock : 0);
    ms_bump(&w->slot->measured_events, 1);
}

struct ms_writer *ms_store_writer_open(struct ms_store *s, uint32_t tid,
                                       const uint64_t name[2],
                                       bool (*gone)(uint32_t tid))
{
    uint32_t thread;
    // A slot is never given back: then a writer would be of no use.
    bool full =
        ms_load_relaxed(&s->header->thread_count) >= s->header->thread_capacity;
    struct ms_writer *w = full ? NULL : take_over(s, tid, gone);

    if (w == NULL && !full)
        w = create(s);
    if (w == NULL || !claim_slot(s, &thread)) {
        ms_store_count_drop(s, MS_DROP_THREADS);
        return NULL;
    }
    struct ms_thread_slot *slot = ms_store_slot(s, thread);
    slot->tid = tid;
    slot->birth_ns = ms_clock_monotonic_ns();
    slot->recorder =
        (uint32_t)((size_t)(w->events - s->recorders) / MS_RECORDER_EVENTS);
    ms_store_relaxed(&slot->name[0], name[0]);
    ms_store_relaxed(&slot->name[1], name[1]);
    // [I] release: publishes the slot's constants; pairs with the collector
    ms_store_release(&slot->state, MS_THREAD_LIVE);
    _Static_assert(MS_THREAD_CAPACITY <= UINT16_MAX, "a mark is a number more");
    w->thread = thread;
    w->mark = (uint16_t)(thread + 1);
    w->slot = slot;
    w->countdown = 0;
    w->stretch = MS_CLOCK_EVENTS;
    w->last_address = 0;
    ms_contexts_reset(w);
    w->timed_ns = 0;
    w->practice = 0;
    ms_sampler_seed(&w->sampler, tid ^ slot->birth_ns);
    adopt(w);
    memset(w->sites, 0, sizeof w->sites);
    memset(w->chains, 0, sizeof w->chains);
    ms_store_relaxed(&w->owner, (uint64_t)thread << 32 | tid); // see take_over
    w->state = MS_WRITER_READY;
    return w;
}

void ms_store_writer_close(struct ms_writer *w, const uint64_t name[2])
{
    ms_store_relaxed(&w->slot->name[0], name[0]);
    ms_store_relaxed(&w->slot->name[1], name[1]);
    ms_store_relaxed(&w->slot->end_ns, ms_clock_monotonic_ns());
    // [I] release: gives the writer up; pairs with take_over
    ms_store_release(&w->slot->state, MS_THREAD_ENDED);
}

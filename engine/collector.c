// SPDX-License-Identifier: MIT
//
// collector: one tick of one session. What it reads depends on what changed
// since the last tick, not on how often: rows put themselves on their
// thread's dirty list. Three rules make every picture add up:
//
//   1 a row's frees are read before the allocations of the blocks that they
//     free, so that no block is seen freed that was not seen allocated: those
//     of other threads' blocks before all else, a row's own just before its
//     allocations, so that nearly as much is seen freed as allocated;
//   2 a row that was on a list is read again at the next tick, because its
//     thread may have found it "dirty" while we were clearing the mark;
//   3 every sum is made of the same gains, so that they agree.

#include "session.h"

#include <stdio.h>
#include <string.h>

#include "platform/atomics.h"
#include "platform/clock.h"
#include "runtime/control.h"

#define SECOND_NS UINT64_C(1000000000)
#define PAGE 4096u
#define AHEAD 8 // rows whose memory is on its way while one is read

static bool is_listed(const struct ms_session *s, uint32_t row)
{
    return s->model.seen[row].listed == (uint32_t)s->seq;
}

static void take_row(void *arg, uint32_t row)
{
    struct ms_session *s = arg;

    if (is_listed(s, row)) // by the first of the two passes
        return;
    s->model.seen[row].listed = (uint32_t)s->seq;
    if (!ms_list_add(ms_reader_row_is_foreign(&s->reader, row)
                         ? &s->fresh.foreign
                         : &s->fresh.own,
                     row))
        s->reader.damaged++; // no memory: read when it changes again
}

static void copy_name(struct ms_thread_slot *slot, char name[17])
{
    uint64_t words[2] = {ms_load_relaxed(&slot->name[0]),
                         ms_load_relaxed(&slot->name[1])};

    memcpy(name, words, sizeof words);
    name[16] = '\0';
}

static void meet_thread(struct ms_session *s, struct ms_thread *t,
                        struct ms_thread_slot *slot)
{
    // acquire: pairs with the slot's opening and closing [I]
    uint32_t state = ms_load_acquire(&slot->state);

    if (state == MS_THREAD_FREE)
        return;
    if (!t->known) {
        t->known = true;
        t->tid = slot->tid;
        t->birth_ns = slot->birth_ns > s->reader.head.start_ns
                          ? slot->birth_ns - s->reader.head.start_ns
                          : 0;
        copy_name(slot, t->name);
        t->changed_seq = s->seq;
    }
    if (state == MS_THREAD_ENDED && !t->ended) {
        t->ended = true;
        t->changed_seq = s->seq;
        copy_name(slot, t->name);
    }
}

// One pass over the threads' dirty lists.
static void gather_rows(struct ms_session *s)
{
    uint32_t threads = ms_reader_threads(&s->reader);

    for (uint32_t i = 0; i < threads; i++) {
        struct ms_thread *t = ms_model_thread(&s->model, i);
        if (t == NULL || !t->active)
            continue;
        meet_thread(s, t, ms_reader_slot(&s->reader, i));
        ms_reader_take_dirty(&s->reader, i, take_row, s);
    }
}

static void expect(struct ms_session *s, const struct ms_list *list, size_t i)
{
    if (i + AHEAD < list->count)
        ms_model_expect(&s->model, &s->reader, list->items[i + AHEAD]);
    if (i + AHEAD / 2 < list->count)
        ms_model_expect_stack(&s->model, list->items[i + AHEAD / 2]);
}

// Reads the rows of a list, but those that stand on the list of this tick as
// well where `once` is set.
static void read_rows(struct ms_session *s, const struct ms_list *list,
                      void (*read)(struct ms_model *, struct ms_reader *,
                                   uint32_t, uint64_t),
                      bool once)
{
    for (size_t i = 0; i < list->count; i++) {
        expect(s, list, i);
        if (!once || !is_listed(s, list->items[i]))
            read(&s->model, &s->reader, list->items[i], s->seq);
    }
}

static void read_changes(struct ms_session *s)
{
    s->fresh.own.count = s->fresh.foreign.count = 0;
    gather_rows(s);
    read_rows(s, &s->carry.foreign, ms_model_read_frees, true);
    read_rows(s, &s->fresh.foreign, ms_model_read_frees, false);
    // What became dirty meanwhile may hold the allocation of a block whose
    // free was just read. Foreign frees in there wait until the next tick.
    gather_rows(s);
    read_rows(s, &s->carry.own, ms_model_read_own, true);
    read_rows(s, &s->fresh.own, ms_model_read_own, false);
    struct ms_dirty swap = s->carry;
    s->carry = s->fresh;
    s->fresh = swap;
}

static void count_running(struct ms_session *s)
{
    s->threads_running = 0;
    for (size_t i = 0; i < s->thread_sample_count; i++)
        s->threads_running += s->thread_samples[i].state == 'R';
}

// The parts of a tick that come once a second, and once in three.
static void do_slow_parts(struct ms_session *s, uint64_t uptime, bool second)
{
    if (second) {
        double seconds = (double)(uptime - s->second_ns) / 1e9;
        ms_session_update_threads(s, seconds);
        ms_model_second(&s->model, seconds, s->seq);
        if (s->sample.cpu_ns != UINT64_MAX)
            ms_governor_second(&s->governor, &s->reader, s->sample.cpu_ns,
                               s->model.heap.alloc_count_total +
                                   s->model.heap.free_count_total);
        s->second_ns = uptime;
    }
    const uint64_t step = MS_TREND_STEP_MS * UINT64_C(1000000);
    // After a long sleep, or by a start that is not true: what would fall out
    // of the ring again is not put in.
    if (uptime - s->trend_ns > MS_TREND_POINTS * step)
        s->trend_ns = uptime - MS_TREND_POINTS * step;
    for (; uptime - s->trend_ns >= step; s->trend_ns += step) {
        ms_model_trend(&s->model, s->seq);
        ms_growth_step(&s->growth, &s->model, uptime);
    }
}

// The kernel walks all pages of the program for it, and holds up its mmap and
// brk meanwhile: no more than half a per cent of the time, and where nobody
// looks a tenth of that. So the first time waits, too, where there are many.
static void read_pss(struct ms_session *s)
{
    uint64_t begin = ms_clock_monotonic_ns();
    uint64_t pages =
        s->sample.rss_bytes != UINT64_MAX ? s->sample.rss_bytes / PAGE + 1 : 1;

    if (begin - s->pss_ns < pages * s->pss_page_ns * (s->rests ? 2000 : 200))
        return;
    s->pss_bytes = ms_process_stats_pss(s->process);
    s->pss_ns = begin;
    s->pss_page_ns = (ms_clock_monotonic_ns() - begin) / pages + 1;
}

bool ms_session_tick(struct ms_session *s)
{
    // Another thread may finish the session at any time.
    pthread_mutex_lock(&s->lock);
    uint64_t uptime = ms_session_uptime_ns(s);
    s->ticked_ns = uptime;
    bool second = uptime - s->second_ns >= SECOND_NS || s->seq == 0;

    if (s->state == MS_SESSION_ENDED) {
        if ((s->unnamed.count + s->untyped.count != 0 ||
             s->asked_stacks < s->model.stacks.count) &&
            ms_session_names(s)) {
            s->seq++;
            ms_session_names(s);
            ms_session_publish(s);
        }
        pthread_mutex_unlock(&s->lock);
        return false;
    }
    pthread_mutex_unlock(&s->lock);
    // What waits for the kernel is done before the lock is taken.
    if (s->process != NULL) {
        ms_process_stats_sample(s->process, &s->sample);
        if (second) {
            read_pss(s);
            ms_session_sample_threads(s);
            count_running(s);
        }
    }
    // relaxed: a hint to the threads' clocks
    ms_add_relaxed(&s->reader.live->pulse, MS_PULSE_TICK);

    pthread_mutex_lock(&s->lock);
    if (s->state == MS_SESSION_ENDED) {
        pthread_mutex_unlock(&s->lock);
        return false;
    }
    s->seq++;
    read_changes(s);
    ms_session_read_mappings(s, false);
    ms_session_place_sites(s);
    do_slow_parts(s, uptime, second);
    ms_session_names(s);
    ms_session_publish(s);
    pthread_mutex_unlock(&s->lock);
    return s->process == NULL || !s->sample.alive;
}

// Nobody writes any more: what no list names is read as well.
static void read_every_row(struct ms_session *s)
{
    uint32_t row = 1, end;

    while (ms_reader_next_rows(&s->reader, row, &row, &end))
        for (; row < end; row++)
            if (ms_reader_row_key(&s->reader, row, &(struct ms_row_key){0}))
                ms_model_read_own(&s->model, &s->reader, row, s->seq);
}

void ms_session_finish(struct ms_session *s, int wait_status,
                       const char *reason)
{
    pthread_mutex_lock(&s->lock);
    if (s->state == MS_SESSION_RUNNING) {
        s->seq++;
        read_changes(s);
        ms_session_read_mappings(s, true);
        read_every_row(s);
        s->end_uptime_ns = ms_session_uptime_ns(s);
        s->state = MS_SESSION_ENDED;
        s->end_ns = ms_clock_monotonic_ns();
        s->wait_status = wait_status;
        snprintf(s->end_reason, sizeof s->end_reason, "%s", reason);
        for (size_t i = 0; i < s->model.thread_count; i++)
            s->model.threads[i].changed_seq = s->seq;
        ms_session_place_sites(s);
        ms_session_names(s);
        ms_session_publish(s);
    } else if (wait_status != -1 && strcmp(s->end_reason, "unknown") == 0) {
        s->wait_status = wait_status;
        snprintf(s->end_reason, sizeof s->end_reason, "%s", reason);
    }
    pthread_mutex_unlock(&s->lock);
}

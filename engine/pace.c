// SPDX-License-Identifier: MIT
// See pace.h for the contract, and engine/engine.h for that of
// ms_engine_attend.

#include "pace.h"

#include "engine_private.h"
#include "platform/atomics.h"
#include "platform/clock.h"
#include "runtime/control.h"

#define WAIT_NS UINT64_C(250000000) // for the tick that somebody wants to see
#define YOUNG 10                    // ticks rest for a tenth of the age

void ms_pace_init(struct ms_pace *p, uint64_t beat_ns)
{
    uint64_t now = ms_clock_monotonic_ns();

    *p = (struct ms_pace){.beat_ns = beat_ns, .due_ns = now, .last_ns = now};
    ms_tick_budget_init(&p->budget, beat_ns);
}

struct ms_beat ms_pace_begin(struct ms_pace *p, struct ms_engine *e)
{
    uint64_t now = ms_clock_monotonic_ns();

    if (e->hurry)
        p->due_ns = now;
    e->hurry = false;
    e->cost.late_ticks += now > p->due_ns + p->beat_ns;
    struct ms_beat b = {
        .begin_ns = now,
        .due = now >= p->due_ns,
        // Conditions for snapshots are found to be met by ticks alone.
        .rests = now >= e->attended_ns && e->triggers.count == 0,
        // What is asked for takes no more than a fifth of one processor.
        .heeds = now - p->last_ns >= 4 * e->cost.last_tick_ns,
    };
    return b;
}

// What does not wait until a tick is due: a program that has ended, that stands
// still until its leaks have been looked for, or that wants a snapshot; a queue
// that fills up.
static bool asks(struct ms_session *s)
{
    struct ms_segment_header *live = s->reader.live;
    const struct ms_annotations *a = ms_reader_annotations(&s->reader);
    // relaxed: hints, all of them; the tick reads what they are about
    uint64_t queued = ms_load_relaxed(&live->mapping_head) -
                      ms_load_relaxed(&live->mapping_tail);
    uint64_t wanted =
        a != NULL ? ms_load_relaxed(&a->moment_counts[MS_MOMENT_SNAPSHOT]) : 0;
    bool snapshot = wanted != s->snapshots_wanted;

    s->snapshots_wanted = wanted;
    return s->gone_ns != 0 || snapshot ||
           queued > s->reader.head.mapping_capacity / 4 ||
           ms_load_relaxed(&live->exit_hold) == MS_HOLD_ASKED;
}

static bool may_rest(struct ms_session *s)
{
    uint64_t uptime = ms_session_uptime_ns(s);
    uint64_t rest = uptime / YOUNG;

    return s->governor.order.budget <= 0 &&
           uptime - s->ticked_ns <
               (rest < MS_RESTING_NS ? rest : MS_RESTING_NS);
}

bool ms_pace_wants(const struct ms_beat *b, struct ms_session *s)
{
    pthread_mutex_lock(&s->lock);
    bool running = s->state == MS_SESSION_RUNNING;
    s->rests = b->rests;
    bool wanted = (running && b->heeds && asks(s)) ||
                  (b->due && !(running && b->rests && may_rest(s)));
    if (running && !wanted)
        // relaxed: a hint to the threads' clocks
        ms_add_relaxed(&s->reader.live->pulse, MS_PULSE_TICK);
    pthread_mutex_unlock(&s->lock);
    return wanted;
}

uint64_t ms_pace_end(struct ms_pace *p, struct ms_engine *e,
                     const struct ms_beat *b, bool ticked)
{
    uint64_t end = ms_clock_monotonic_ns(), beat = b->begin_ns + p->beat_ns;

    // Missed ones are not made up for.
    if (beat < end)
        beat = end + p->beat_ns;
    if (ticked) {
        uint64_t cpu = ms_thread_cpu_ns();
        e->cost.ticks++;
        e->cost.last_tick_ns = end - b->begin_ns;
        if (e->cost.last_tick_ns > e->cost.max_tick_ns)
            e->cost.max_tick_ns = e->cost.last_tick_ns;
        e->cost.period_ns = ms_tick_budget_spend(
            &p->budget, b->begin_ns - p->last_ns, cpu - e->cost.cpu_ns,
            b->rests ? MS_TICK_SHARE_RESTING : MS_TICK_SHARE);
        e->cost.cpu_ns = cpu;
        p->last_ns = b->begin_ns;
        p->due_ns = p->due_ns + e->cost.period_ns;
        if (p->due_ns < end)
            p->due_ns = end + e->cost.period_ns;
        pthread_cond_broadcast(&e->ticked);
    } else if (b->due) {
        p->due_ns = beat;
    }
    return p->due_ns < beat && p->due_ns > end ? p->due_ns : beat;
}

void ms_engine_attend(struct ms_engine *e)
{
    uint64_t now = ms_clock_monotonic_ns(), until = now + WAIT_NS;
    struct timespec at = {
        .tv_sec = (time_t)(until / UINT64_C(1000000000)),
        .tv_nsec = (long)(until % UINT64_C(1000000000)),
    };

    pthread_mutex_lock(&e->lock);
    uint64_t ticks = e->cost.ticks;
    bool rested = now >= e->attended_ns;
    e->attended_ns = now + MS_ATTENDED_NS;
    if (rested) {
        e->hurry = true;
        pthread_cond_signal(&e->wake);
    }
    while (rested && !e->stopping && e->cost.ticks == ticks)
        if (pthread_cond_timedwait(&e->ticked, &e->lock, &at) != 0)
            break;
    pthread_mutex_unlock(&e->lock);
}

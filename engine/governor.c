// SPDX-License-Identifier: MIT
// See governor.h and engine/control.h for the contract.

#include "governor.h"

#include <math.h>

#include "engine_private.h"
#include "platform/atomics.h"
#include "runtime/control.h"

#define COARSER 8u      // each step samples so much less
#define ROOM 0.7        // of the budget: what a finer step must stay below
#define CALM_SECONDS 3u // and for how long
#define OFF_SECONDS 10u // off, nothing is known: it is tried again
#define LEAST_CPU_NS 10000000
// An event that is timed takes so much longer than one that is not, which the
// processor overlaps with what comes before and after: bench/overhead.py.
#define TIMED 3.0

_Static_assert((int)MS_CAPTURE_EXACT == (int)MS_MODE_EXACT &&
                   (int)MS_CAPTURE_SAMPLED == (int)MS_MODE_SAMPLED &&
                   (int)MS_CAPTURE_OFF == (int)MS_MODE_OFF,
               "one list of modes");

const char *ms_capture_mode_name(enum ms_capture_mode mode)
{
    static const char *const names[] = {"exact", "sampled", "off"};

    return names[mode];
}

void ms_governor_now(struct ms_reader *r, enum ms_capture_mode *mode,
                     uint64_t *interval)
{
    uint32_t control = (uint32_t)ms_load_relaxed(&r->live->pulse);
    uint32_t shift = ms_control_interval(control, ms_control_level(control));
    uint32_t is = control & MS_CONTROL_MODE;

    // The program could write anything there.
    *mode = is < MS_MODES ? (enum ms_capture_mode)is : MS_CAPTURE_OFF;
    *interval = *mode == MS_CAPTURE_SAMPLED && shift <= MS_INTERVAL_SHIFT_MOST
                    ? UINT64_C(1) << shift
                    : 0;
}

void ms_governor_init(struct ms_governor *g, struct ms_reader *r)
{
    *g = (struct ms_governor){.overhead = NAN};
    ms_governor_now(r, &g->order.mode, &g->order.interval);
}

// Steps count from the finest: exact, three intervals, off.
static unsigned first_step(const struct ms_governor *g)
{
    return g->order.mode == MS_CAPTURE_OFF       ? 4
           : g->order.mode == MS_CAPTURE_SAMPLED ? 1
                                                 : 0;
}

static void apply(struct ms_governor *g, struct ms_reader *r)
{
    unsigned step = first_step(g) + g->step;
    uint64_t interval = g->order.interval;

    for (unsigned i = 1; i < step && i < 3; i++)
        interval *= COARSER;
    g->calm = 0;
    ms_control_set(r->live,
                   step == 0  ? MS_MODE_EXACT
                   : step < 4 ? MS_MODE_SAMPLED
                              : MS_MODE_OFF,
                   interval);
}

void ms_governor_order(struct ms_governor *g, struct ms_reader *r,
                       const struct ms_capture_order *order)
{
    g->order = *order;
    if (g->order.interval == 0)
        g->order.interval = MS_INTERVAL_DEFAULT;
    g->step = 0;
    apply(g, r);
}

static void sum(struct ms_reader *r, uint64_t *ns, uint64_t *measured,
                uint64_t *events)
{
    uint32_t threads = ms_reader_threads(r);

    *ns = *measured = *events = 0;
    for (uint32_t i = 0; i < threads; i++) {
        struct ms_thread_slot *slot = ms_reader_slot(r, i);
        *ns += ms_load_relaxed(&slot->measured_ns);
        *measured += ms_load_relaxed(&slot->measured_events);
        *events += ms_load_relaxed(&slot->recorded);
    }
}

static uint64_t gain(uint64_t now, uint64_t *before)
{
    uint64_t more = now >= *before ? now - *before : 0;

    *before = now;
    return more;
}

// What the next finer step would cost, in per cent.
static double finer(const struct ms_governor *g, double events, double cpu)
{
    if (first_step(g) + g->step == 1)
        return g->exact_ns * events / cpu * 100;
    return g->overhead * COARSER;
}

static void hold_budget(struct ms_governor *g, struct ms_reader *r,
                        double events, double cpu)
{
    unsigned step = first_step(g) + g->step;

    if (g->order.budget <= 0)
        return;
    if (step == 4) {
        if (g->step > 0 && ++g->calm >= OFF_SECONDS) {
            g->step--;
            apply(g, r);
        }
        return;
    }
    if (g->overhead > g->order.budget) {
        g->step++;
        apply(g, r);
        return;
    }
    if (g->step == 0)
        return;
    g->calm = finer(g, events, cpu) < g->order.budget * ROOM ? g->calm + 1 : 0;
    if (g->calm >= CALM_SECONDS) {
        g->step--;
        apply(g, r);
    }
}

void ms_governor_second(struct ms_governor *g, struct ms_reader *r,
                        uint64_t cpu_ns, uint64_t allocs)
{
    uint64_t ns, measured, recorded;
    enum ms_capture_mode mode;
    uint64_t interval;

    sum(r, &ns, &measured, &recorded);
    double took = (double)gain(ns, &g->measured_ns);
    double times = (double)gain(measured, &g->measured_events);
    double booked = (double)gain(recorded, &g->events);
    double cpu = (double)gain(cpu_ns, &g->cpu_ns);
    double events = (double)gain(allocs, &g->allocs);

    ms_governor_now(r, &mode, &interval);
    if (times > 0 && (mode == MS_CAPTURE_EXACT || g->exact_ns == 0))
        g->exact_ns = took / times / TIMED;
    // A program that hardly runs has no share to speak of.
    if (cpu < LEAST_CPU_NS) {
        g->overhead = 0;
    } else if (g->exact_ns > 0) {
        double each = times > 0 ? took / times / TIMED : g->exact_ns;
        g->overhead = fmin(each * booked / cpu * 100, 100);
    }
    hold_budget(g, r, events, cpu > LEAST_CPU_NS ? cpu : LEAST_CPU_NS);
}

enum memscope_status ms_engine_control(struct ms_engine *e, uint32_t session,
                                       const struct ms_capture_order *order,
                                       struct ms_capture_order *now)
{
    enum memscope_status status = MEMSCOPE_ERROR_STATE;

    if (order->mode > MS_CAPTURE_OFF || !(order->budget >= 0) ||
        order->budget > 100 ||
        order->interval > UINT64_C(1) << MS_INTERVAL_SHIFT_MOST)
        return MEMSCOPE_ERROR_ARGUMENT;
    struct ms_session *s = ms_engine_hold(e, session);
    if (s == NULL)
        return MEMSCOPE_ERROR_NOT_FOUND;
    pthread_mutex_lock(&s->lock);
    if (s->state == MS_SESSION_RUNNING) {
        ms_governor_order(&s->governor, &s->reader, order);
        ms_governor_now(&s->reader, &now->mode, &now->interval);
        now->budget = order->budget;
        status = MEMSCOPE_OK;
    }
    pthread_mutex_unlock(&s->lock);
    ms_engine_let_go(e, s);
    return status;
}

void ms_engine_set_budget(struct ms_engine *e, double per_cent)
{
    pthread_mutex_lock(&e->lock);
    e->budget = per_cent;
    pthread_mutex_unlock(&e->lock);
}

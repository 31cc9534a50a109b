// SPDX-License-Identifier: MIT
// See engine/analysis.h and leak_scan.h for the contract.
//
// What is lost stays lost: no pointer comes back. So the program need not stand
// still. While it runs, a look may miss a pointer that moves meanwhile; what
// one look finds lost is looked at again, as often as chance demands.

#include "analysis/leak_scan.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "analysis/roots.h"
#include "engine_private.h"
#include "platform/atomics.h"
#include "platform/clock.h"
#include "platform/memory.h"
#include "platform/thread.h"

#define LIMIT_NS UINT64_C(60000000000)
#define BETWEEN_NS 50000000 // from one look to the next
#define LOOKS_MOST 16u
#define LOOKS_BLIND 4u
#define CHANCE_MOST 1e-3 // blocks
#define FIRST_ROOM ((size_t)1 << 16)
#define BATCH 512u

struct blocks {
    struct ms_reach_block *items; // mapped
    size_t count, room;
};

struct scan {
    struct ms_engine *engine;
    struct ms_session *session; // held
    struct ms_scan_memory memory;
    struct ms_leak_report report;
    struct blocks blocks;
    struct blocks lost; // by all looks so far
    size_t taken_back;  // by the last one, of those
};

static void drop(struct blocks *b)
{
    if (b->items != NULL)
        ms_memory_unmap(b->items, b->room * sizeof *b->items);
    *b = (struct blocks){0};
}

static bool add(struct blocks *b, const struct ms_reach_block *item)
{
    if (b->count == b->room) {
        size_t room = b->room == 0 ? FIRST_ROOM : b->room * 2;
        struct ms_reach_block *items =
            ms_memory_map_wiped(room * sizeof *items);
        if (items == NULL)
            return false;
        if (b->count != 0)
            memcpy(items, b->items, b->count * sizeof *items);
        size_t count = b->count;
        drop(b);
        *b = (struct blocks){items, count, room};
    }
    b->items[b->count++] = *item;
    return true;
}

static int by_address(const void *a, const void *b)
{
    const struct ms_reach_block *x = a, *y = b;

    return (x->address > y->address) - (x->address < y->address);
}

static enum memscope_status list_blocks(struct scan *scan)
{
    struct ms_block batch[BATCH];
    struct ms_block_walk *walk;
    size_t n;
    enum memscope_status status =
        ms_block_walk_create(scan->engine, scan->session->id, &walk);

    scan->blocks.count = 0;
    if (status != MEMSCOPE_OK)
        return status;
    while (status == MEMSCOPE_OK &&
           (n = ms_block_walk_next(walk, batch, BATCH)) != 0)
        for (size_t i = 0; i < n; i++)
            if (!add(&scan->blocks, &(struct ms_reach_block){
                                        .address = batch[i].address,
                                        .size = batch[i].size,
                                        .birth_ns = batch[i].birth_ns,
                                        .stack = batch[i].stack,
                                        .site = batch[i].site,
                                    }))
                status = MEMSCOPE_ERROR_MEMORY;
    ms_block_walk_destroy(walk);
    memset(batch, 0, sizeof batch); // no pointers of ours on our stack
    if (scan->session->reader.head.table_capacity != 0)
        qsort(scan->blocks.items, scan->blocks.count,
              sizeof *scan->blocks.items, by_address);
    return status;
}

// One look at everything. False: memory.failure says why.
static bool look(struct scan *scan)
{
    struct ms_reach reach;
    struct ms_scan_memory *m = &scan->memory;

    m->root_bytes = 0;
    m->block_bytes = 0;
    if (list_blocks(scan) != MEMSCOPE_OK ||
        ms_reach_init(&reach, scan->blocks.items, scan->blocks.count) !=
            MEMSCOPE_OK) {
        m->failure = "no memory";
        return false;
    }
    bool done =
        ms_scan_roots(m, &reach) && ms_reach_mark(&reach, ms_scan_read, m);
    if (!done && m->failure == NULL)
        m->failure = "no memory";
    ms_reach_fini(&reach);
    scan->report.looks++;
    return done;
}

static bool is_lost(const struct ms_reach_block *b)
{
    return b->state == MS_REACH_DEFINITE || b->state == MS_REACH_INDIRECT;
}

// Takes back what no earlier look has found lost, and keeps the rest for the
// next one. *less: some of those were not lost this time.
static bool confirm(struct scan *scan, bool *less)
{
    bool first = scan->report.looks == 1;
    size_t at = 0, before = scan->lost.count;
    struct blocks kept = {0};

    scan->report.unconfirmed = (struct ms_leak_sum){0};
    for (size_t i = 0; i < scan->blocks.count; i++) {
        struct ms_reach_block *b = &scan->blocks.items[i];
        const struct ms_reach_block *l;
        if (!is_lost(b))
            continue;
        while (at < before && scan->lost.items[at].address < b->address)
            at++;
        l = at < before ? &scan->lost.items[at] : NULL;
        if (first || (l != NULL && l->address == b->address &&
                      l->birth_ns == b->birth_ns && l->stack == b->stack)) {
            if (add(&kept, b))
                continue;
            drop(&kept);
            return false;
        }
        scan->report.unconfirmed.blocks++;
        scan->report.unconfirmed.bytes += b->size;
        b->state = MS_REACH_REACHABLE;
    }
    scan->taken_back = first ? 0 : before - kept.count;
    *less = first || kept.count < before;
    drop(&scan->lost);
    scan->lost = kept;
    return true;
}

// The blocks that a scan would call lost by chance alone, so far: what the last
// looks missed, of all blocks that are not lost, says how likely one is missed.
static double by_chance(const struct scan *scan, double *missed)
{
    double blocks = (double)(scan->blocks.count - scan->lost.count);
    double now =
        ((double)(scan->report.unconfirmed.blocks + scan->taken_back) + 1) /
        (blocks + 1000);

    if (now > *missed)
        *missed = now;
    return blocks * pow(*missed, scan->report.looks);
}

// Looks until two in a row agree and chance is no explanation any more, with
// the registers of all threads; some programs never let us have those.
static bool look_often(struct scan *scan)
{
    double missed = 0;
    bool less = true;

    while (scan->report.looks < LOOKS_MOST) {
        if (scan->report.looks > 0)
            nanosleep(&(struct timespec){.tv_nsec = BETWEEN_NS}, NULL);
        if (!look(scan) || !confirm(scan, &less))
            return false;
        if (scan->lost.count == 0)
            break;
        if (scan->memory.blind_threads != 0 && scan->report.looks < LOOKS_BLIND)
            continue;
        double chance = by_chance(scan, &missed);
        if (!less && chance < CHANCE_MOST)
            break;
    }
    return true;
}

static void publish(struct scan *scan)
{
    struct ms_session *s = scan->session;
    const struct ms_scan_memory *m = &scan->memory;
    struct ms_leak_report *r = &scan->report;

    r->threads = m->threads;
    r->blind_threads = m->blind_threads;
    r->longest_stop_ns = m->longest_stop_ns;
    r->stop_ns = m->stop_ns;
    r->root_bytes = m->root_bytes;
    r->block_bytes = m->block_bytes;
    r->state = m->failure == NULL ? MS_SCAN_DONE : MS_SCAN_FAILED;
    if (m->failure != NULL)
        snprintf(r->failure, sizeof r->failure, "%s", m->failure);
    pthread_mutex_lock(&s->lock);
    r->end_ns = ms_session_uptime_ns(s);
    struct ms_leak_row *old = s->scan.report.rows;
    s->scan.report = *r;
    pthread_mutex_unlock(&s->lock);
    free(old);
}

static void let_program_go(struct ms_session *s)
{
    // relaxed: a word that the program looks at, ordered with nothing
    ms_store_relaxed(&s->reader.live->exit_hold, MS_HOLD_LET_GO);
}

static void *run(void *arg)
{
    struct scan *scan = arg;
    struct ms_engine *e = scan->engine;
    struct ms_session *s = scan->session;

    if (e->thread_start != NULL)
        e->thread_start();
    scan->memory.pagemap = ms_process_pagemap(scan->memory.pid);
    bool done = look_often(scan);
    // The rest needs the program no more.
    if (scan->report.at_exit)
        let_program_go(s);
    drop(&scan->lost);
    if (!done && scan->memory.failure == NULL)
        scan->memory.failure = "no memory";
    if (done && !ms_leak_rows(s, e->scans.suppressions, scan->blocks.items,
                              scan->blocks.count, &scan->report))
        scan->memory.failure = "no memory";
    publish(scan);
    drop(&scan->blocks);
    if (scan->memory.pagemap >= 0)
        close(scan->memory.pagemap);
    free(scan);
    ms_scans_end(e, s);
    return NULL;
}

// Marks the session's scan as running. False: it is, or the program has ended.
static bool begin(struct ms_session *s, struct scan *scan, bool at_exit)
{
    pthread_mutex_lock(&s->lock);
    bool may = s->scan.report.state != MS_SCAN_RUNNING &&
               s->state == MS_SESSION_RUNNING;
    if (may) {
        free(s->scan.report.rows);
        uint32_t number = s->scan.report.number + 1;
        s->scan.report = (struct ms_leak_report){
            .session = s->id,
            .state = MS_SCAN_RUNNING,
            .number = number,
            .at_exit = at_exit,
            .begin_ns = ms_session_uptime_ns(s),
        };
        memcpy(s->scan.report.epoch, s->epoch, sizeof s->epoch);
        scan->report = s->scan.report;
    }
    pthread_mutex_unlock(&s->lock);
    return may;
}

static enum memscope_status start(struct ms_engine *e, struct ms_session *s,
                                  bool at_exit)
{
    struct scan *scan = calloc(1, sizeof *scan);

    if (scan == NULL)
        return MEMSCOPE_ERROR_MEMORY;
    scan->engine = e;
    scan->session = s;
    scan->memory = (struct ms_scan_memory){
        .session = s,
        .pid = s->pid,
        .stop = &e->scans.stop,
        .deadline_ns = ms_clock_monotonic_ns() + LIMIT_NS,
        .thread_start = e->thread_start,
    };
    if (!begin(s, scan, at_exit)) {
        free(scan);
        return MEMSCOPE_ERROR_STATE;
    }
    if (ms_scans_start(e, s, "ms-leakscan", run, scan) == MEMSCOPE_OK)
        return MEMSCOPE_OK;
    scan->memory.failure = "no thread could be started";
    publish(scan);
    free(scan);
    return MEMSCOPE_ERROR_SYSTEM;
}

enum memscope_status ms_engine_leak_scan(struct ms_engine *e, uint32_t session)
{
    struct ms_session *s = ms_engine_hold(e, session);

    if (s == NULL)
        return MEMSCOPE_ERROR_NOT_FOUND;
    enum memscope_status status = start(e, s, false);
    ms_engine_let_go(e, s);
    return status;
}

void ms_engine_serve_exit(struct ms_engine *e, struct ms_session *s)
{
    uint32_t asked = MS_HOLD_ASKED;

    // relaxed: what is read next is asked of the kernel, not of this memory
    if (ms_load_relaxed(&s->reader.live->exit_hold) != asked)
        return;
    pthread_mutex_lock(&s->lock);
    bool running = s->scan.report.state == MS_SCAN_RUNNING;
    pthread_mutex_unlock(&s->lock);
    if (running ||
        !ms_cas_relaxed(&s->reader.live->exit_hold, &asked, MS_HOLD_SERVED))
        return; // the scan that runs may be of before: the next tick
    if (start(e, s, true) != MEMSCOPE_OK)
        let_program_go(s);
}

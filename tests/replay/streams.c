// SPDX-License-Identifier: MIT
//
// streams FIRST COUNT: makes random streams of events, folds them into a store
// that an engine reads, and prints both: what happened, in order, and every
// picture of the engine's. replay.py says whether they agree. Times are made
// up, so that lifetimes are anything.
//
//   S seed                                a stream begins
//   N stack address                       a stack and its innermost frame
//   A thread time address size stack      an allocation ("R": by realloc)
//   F thread time address                 a free ("M": by realloc)
//   U thread                              a free of what was never seen
//   T                                     a snapshot is taken
//   P kind {...}                          a picture: live, snapshot, diff (of
//                                         the snapshot and now) or end

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "fake_engine.h"
#include "pictures.h"
#include "platform/atomics.h"
#include "runtime/store.h"
#include "store/fold.h"
#include "store/writer.h"

#define THREADS 5u
#define STACKS 12u
#define PLACES 48u
#define BASE UINT64_C(0x700000000000)

struct block {
    bool live;
    uint64_t address, size;
};

static struct {
    uint64_t random;
    uint64_t time; // in birth units
    struct ms_store store;
    struct ms_writer *writers[THREADS];
    uint32_t tids[THREADS], next_tid;
    uint32_t stacks[STACKS];
    struct block blocks[PLACES];
    struct ms_engine *engine;
    struct ms_session *session;
    uint64_t shown_seq; // of the last delta
    const struct ms_snapshot *snapshot;
} s;

static uint64_t below(uint64_t n)
{
    s.random ^= s.random << 13;
    s.random ^= s.random >> 7;
    s.random ^= s.random << 17;
    return (s.random >> 11) % n;
}

static uint64_t a_size(void)
{
    static const uint64_t sizes[] = {
        0,  1,  2,    24,   62,   63,      64,
        65, 96, 1000, 4096, 4097, 1 << 20, UINT64_C(5) << 32};

    return below(2) == 0 ? below(300)
                         : sizes[below(sizeof sizes / sizeof *sizes)];
}

static bool is_gone(uint32_t tid)
{
    for (size_t i = 0; i < THREADS; i++)
        if (s.writers[i] != NULL && s.tids[i] == tid)
            return false;
    return true;
}

static uint32_t thread_of(size_t i)
{
    static const uint64_t no_name[2];

    if (s.writers[i] == NULL) {
        s.tids[i] = s.next_tid++;
        s.writers[i] =
            ms_store_writer_open(&s.store, s.tids[i], no_name, is_gone);
        if (s.writers[i] == NULL)
            abort();
    }
    // Each thread's clock is a little off.
    s.writers[i]->now = s.time + below(3) - 1;
    return s.writers[i]->thread;
}

static void end_thread(size_t i)
{
    static const uint64_t no_name[2];

    if (s.writers[i] != NULL)
        ms_store_writer_close(s.writers[i], no_name);
    s.writers[i] = NULL;
}

static void allocate(size_t i, struct block *b, bool by_realloc)
{
    uint32_t thread = thread_of(i);
    size_t stack = below(STACKS);
    struct ms_writer *w = s.writers[i];

    b->live = true;
    b->size = a_size();
    printf("%c %u %" PRIu64 " %" PRIu64 " %" PRIu64 " %u\n",
           by_realloc ? 'R' : 'A', thread, w->now, b->address, b->size,
           s.stacks[stack]);
    ms_fold_allocation(w, b->address, b->size, s.stacks[stack], NULL,
                       by_realloc);
}

static void release(size_t i, struct block *b, bool by_realloc)
{
    uint32_t thread = thread_of(i);
    struct ms_writer *w = s.writers[i];
    struct ms_taken taken = ms_fold_take(w, b->address);

    if (b->live && below(8) == 0) { // a realloc that fails
        ms_fold_put_back(w, b->address, &taken);
        taken = ms_fold_take(w, b->address);
    }
    if (b->live)
        printf("%c %u %" PRIu64 " %" PRIu64 "\n", by_realloc ? 'M' : 'F',
               thread, w->now, b->address);
    else
        printf("U %u\n", thread);
    b->live = false;
    ms_fold_deallocation(w, b->address, &taken, by_realloc);
}

static void an_event(void)
{
    size_t i = below(THREADS);
    struct block *b = &s.blocks[below(PLACES)];

    s.time += below(4) == 0 ? UINT64_C(1) << below(20) : 0;
    if (below(60) == 0) {
        end_thread(i);
    } else if (!b->live) {
        if (below(20) == 0)
            release(i, b, false); // of what is not there
        else
            allocate(i, b, false);
        if (below(3) == 0 && b->live)
            release(i, b, false); // a temporary
    } else if (below(3) == 0) {
        struct block *to = below(2) == 0 ? b : &s.blocks[below(PLACES)];
        if (to != b && to->live)
            return;
        release(i, b, true);
        allocate(i, to, true);
    } else {
        release(i, b, false);
    }
}

static void show_snapshot(void)
{
    print_snapshot(s.snapshot);
    ms_snapshot_release(s.engine, s.snapshot);
    s.snapshot = NULL;
}

static void tick(void)
{
    (void)ms_session_tick(s.session);
    print_picture(s.engine, "live", &s.shown_seq, below(7));
    if (s.snapshot != NULL && below(2) == 0)
        print_diff(s.engine, s.snapshot);
    // The moment of a snapshot is kept; it is looked at much later.
    if (s.snapshot == NULL && below(3) == 0) {
        printf("T\n");
        if (ms_snapshot_take(s.engine, 1, "", &s.snapshot) != MEMSCOPE_OK)
            abort();
    }
}

static void begin(uint64_t seed)
{
    uint64_t small = UINT64_C(4) << 20;

    s.random = seed * UINT64_C(0x9E3779B97F4A7C15) + 1;
    s.time = UINT64_C(1) << 31; // births wrap on the way
    s.next_tid = 100;
    s.shown_seq = 0;
    printf("S %" PRIu64 "\n", seed);
    // Every eighth has the live table in place of the index.
    if (ms_store_create_within(&s.store, MS_BACKEND_UNIFIED,
                               seed % 8 == 7 ? small : 0) != 0)
        abort();
    // A diff knows sites by their place in a file.
    struct ms_module *m = ms_store_module(&s.store, 1);
    *m = (struct ms_module){.start = 0x400000,
                            .end = 0x500000,
                            .build_id_bytes = 2,
                            .build_id = {0xca, 0xfe}};
    ms_store_release(&s.store.header->module_count, 2u);
    for (size_t i = 0; i < STACKS; i++) {
        uint64_t innermost = 0x400000 + i / 3; // three stacks to a site
        uint32_t outer = ms_store_stack(&s.store, 0x500000 + i, 0);
        s.stacks[i] = ms_store_stack(&s.store, innermost, outer);
        printf("N %u %" PRIu64 "\n", s.stacks[i], innermost);
    }
    for (size_t i = 0; i < PLACES; i++)
        s.blocks[i] = (struct block){.address = BASE + i * 96 + below(2) * 16};
    s.engine = ms_fake_engine(dup(s.store.fd), &s.session);
    if (s.engine == NULL)
        abort();
}

static void end(void)
{
    ms_session_finish(s.session, 0, "exit");
    print_picture(s.engine, "end", &s.shown_seq, below(7));
    if (s.snapshot != NULL)
        print_diff(s.engine, s.snapshot);
    if (s.snapshot != NULL)
        show_snapshot();
    for (size_t i = 0; i < THREADS; i++)
        s.writers[i] = NULL;
    ms_fake_engine_destroy(s.engine);
    ms_store_destroy(&s.store);
}

int main(int argc, char **argv)
{
    uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    uint64_t count = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;

    for (uint64_t seed = first; seed < first + count; seed++) {
        begin(seed);
        uint64_t events = 10 + below(120);
        for (uint64_t i = 0; i < events; i++) {
            an_event();
            if (below(40) == 0)
                tick();
            if (s.snapshot != NULL && below(60) == 0)
                show_snapshot();
        }
        end();
    }
    return 0;
}

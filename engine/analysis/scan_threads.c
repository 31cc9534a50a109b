// SPDX-License-Identifier: MIT
// See scan_threads.h for the contract.

#include "analysis/scan_threads.h"

#include <unistd.h>

#include "analysis/roots.h"
#include "platform/atomics.h"
#include "platform/clock.h"
#include "platform/memory.h"
#include "platform/thread.h"

// Until a thread stands still it runs: on a busy machine that takes its time.
#define THREAD_LIMIT_NS UINT64_C(500000000)
#define ALL_LIMIT_NS UINT64_C(5000000000) // for all of them; then no more
// glibc keeps the stack of a thread that has ended, with its descriptor at the
// top (struct pthread): what that still points to is kept with it.
#define DESCRIPTOR_BYTES UINT64_C(2432)
#define RED_ZONE UINT64_C(128)

struct look {
    struct ms_scan_memory *m;
    struct ms_scan_threads *out;
    uint64_t *pointers; // stack pointers of the threads that live
    size_t pointer_count;
};

static void keep_words(struct ms_scan_threads *t, const struct ms_registers *r)
{
    for (size_t i = 0; i < r->count; i++)
        t->words[t->word_count++] = r->words[i];
}

// On a thread of its own, whose end lets go whatever it might still hold.
static void *stop_threads(void *arg)
{
    struct look *l = arg;
    struct ms_scan_memory *m = l->m;
    struct ms_process_threads threads;
    uint64_t begin = ms_clock_monotonic_ns();
    uint32_t tid;

    if (m->thread_start != NULL)
        m->thread_start();
    m->threads = 0;
    m->blind_threads = 0;
    if (!ms_process_threads_open(&threads, m->pid))
        return NULL;
    while ((tid = ms_process_threads_next(&threads)) != 0 &&
           m->threads < l->out->room) {
        struct ms_registers r = {0};
        if (ms_clock_monotonic_ns() - begin < ALL_LIMIT_NS)
            ms_process_registers(m->pid, tid, THREAD_LIMIT_NS, &r);
        m->threads++;
        m->blind_threads += !r.known;
        m->stop_ns += r.stopped_ns;
        if (r.stopped_ns > m->longest_stop_ns)
            m->longest_stop_ns = r.stopped_ns;
        keep_words(l->out, &r);
        l->pointers[l->pointer_count++] = r.stack_pointer;
    }
    ms_process_threads_close(&threads);
    return NULL;
}

// The stack pointer that lies in a stack; 0: none does, or it is not known.
static uint64_t pointer_in(const struct look *l, uint64_t low, uint64_t high)
{
    for (size_t i = 0; i < l->pointer_count; i++)
        if (l->pointers[i] >= low && l->pointers[i] < high)
            return l->pointers[i];
    return 0;
}

static bool is_live_stack(struct ms_session *s, uint32_t slots, uint64_t low)
{
    for (uint32_t i = 0; i < slots; i++) {
        struct ms_thread_slot *slot = ms_reader_slot(&s->reader, i);
        // relaxed: a thread that has just begun is seen by the next scan
        if (ms_load_relaxed(&slot->state) == MS_THREAD_LIVE &&
            ms_load_relaxed(&slot->stack_low) == low)
            return true;
    }
    return false;
}

// Below its stack pointer, a thread's stack is dead; all of it, when it has
// ended (its memory is kept for the next thread).
static void find_dead(struct look *l)
{
    struct ms_session *s = l->m->session;
    uint32_t slots = ms_reader_threads(&s->reader);

    for (uint32_t i = 0; i < slots && l->out->dead_count < l->out->room; i++) {
        struct ms_thread_slot *slot = ms_reader_slot(&s->reader, i);
        // relaxed: as above
        uint64_t low = ms_load_relaxed(&slot->stack_low);
        uint64_t high = ms_load_relaxed(&slot->stack_high);
        uint32_t state = ms_load_relaxed(&slot->state);
        if (low == 0 || low >= high)
            continue;
        uint64_t sp = pointer_in(l, low, high);
        uint64_t end = sp > low + RED_ZONE ? sp - RED_ZONE : low;
        if (sp == 0 && state == MS_THREAD_ENDED &&
            !is_live_stack(s, slots, low))
            end = high - DESCRIPTOR_BYTES;
        if (end > low)
            l->out->dead[l->out->dead_count++] = (struct ms_span){low, end};
    }
}

// Threads without a slot are ours, in a program that shows itself: or they have
// never allocated, and know of no block.
static void find_own(struct look *l)
{
    struct ms_session *s = l->m->session;
    uint32_t slots = ms_reader_threads(&s->reader);

    for (size_t i = 0; i < l->pointer_count; i++) {
        bool known = l->pointers[i] == 0;
        for (uint32_t k = 0; k < slots && !known; k++) {
            struct ms_thread_slot *slot = ms_reader_slot(&s->reader, k);
            // relaxed: as above
            known = ms_load_relaxed(&slot->stack_low) <= l->pointers[i] &&
                    l->pointers[i] < ms_load_relaxed(&slot->stack_high);
        }
        if (!known)
            l->out->own[l->out->own_count++] = l->pointers[i];
    }
    l->out->own[l->out->own_count++] =
        (uint64_t)(uintptr_t)__builtin_frame_address(0);
}

bool ms_scan_threads_look(struct ms_scan_memory *m, struct ms_scan_threads *out)
{
    size_t room = ms_reader_threads(&m->session->reader) + (size_t)4096;
    struct look l = {.m = m, .out = out};
    pthread_t thread;

    // Mapped, so that it is no root when the engine runs inside the program.
    *out = (struct ms_scan_threads){.room = room};
    out->words = ms_memory_map_wiped(room * MS_REGISTER_WORDS * 8);
    out->dead = ms_memory_map_wiped(room * sizeof *out->dead);
    l.pointers = ms_memory_map_wiped(room * 8);
    out->own = ms_memory_map_wiped((room + 1) * 8);
    bool had = out->words != NULL && out->own != NULL && out->dead != NULL &&
               l.pointers != NULL;
    if (had &&
        ms_thread_start(&thread, "ms-registers", stop_threads, &l) == 0) {
        pthread_join(thread, NULL);
        find_dead(&l);
        if (m->pid == getpid())
            find_own(&l);
    }
    if (l.pointers != NULL)
        ms_memory_unmap(l.pointers, room * 8);
    return had;
}

void ms_scan_threads_fini(struct ms_scan_threads *t)
{
    if (t->words != NULL)
        ms_memory_unmap(t->words, t->room * MS_REGISTER_WORDS * 8);
    if (t->own != NULL)
        ms_memory_unmap(t->own, (t->room + 1) * 8);
    if (t->dead != NULL)
        ms_memory_unmap(t->dead, t->room * sizeof *t->dead);
    *t = (struct ms_scan_threads){0};
}

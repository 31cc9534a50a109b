// SPDX-License-Identifier: MIT
//
// thread_watch: the system's view of a session's threads (state, CPU, name,
// whether they still are), once a second. [collector]

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "platform/atomics.h"
#include "session.h"

static int by_tid(const void *a, const void *b)
{
    const struct ms_thread_sample *x = a, *y = b;

    return (x->tid > y->tid) - (x->tid < y->tid);
}

void ms_session_sample_threads(struct ms_session *s)
{
    s->thread_sample_uptime_ns = ms_session_uptime_ns(s);
    size_t n = ms_process_stats_threads(s->process, s->thread_samples,
                                        s->thread_sample_room);

    if (n > s->thread_sample_room) {
        size_t room = n * 2;
        void *moved =
            realloc(s->thread_samples, room * sizeof *s->thread_samples);
        if (moved != NULL) {
            s->thread_samples = moved;
            s->thread_sample_room = room;
            n = ms_process_stats_threads(s->process, s->thread_samples, room);
        }
    }
    s->thread_sample_count =
        n < s->thread_sample_room ? n : s->thread_sample_room;
    qsort(s->thread_samples, s->thread_sample_count, sizeof *s->thread_samples,
          by_tid);
}

void ms_session_update_threads(struct ms_session *s, double seconds)
{
    // In another pid namespace the program counts its threads differently.
    if (s->thread_sample_count == 0 || (pid_t)s->reader.head.pid != s->pid)
        return;
    for (size_t i = 0; i < s->model.thread_count; i++) {
        struct ms_thread *t = &s->model.threads[i];
        struct ms_thread_sample key = {.tid = t->tid};
        if (!t->known || !t->active)
            continue;
        const struct ms_thread_sample *now =
            bsearch(&key, s->thread_samples, s->thread_sample_count, sizeof key,
                    by_tid);
        if (now == NULL && t->birth_ns >= s->thread_sample_uptime_ns)
            continue; // younger than the sample
        if (now == NULL && ms_process_stats_has_thread(s->process, t->tid))
            continue; // left out of the list
        if (now == NULL) {
            // It has gone; its last rows were read at this tick, and this is
            // the last that is read of its slot.
            struct ms_thread_slot *slot =
                ms_reader_slot(&s->reader, (uint32_t)i);
            t->unknown_frees = ms_load_relaxed(&slot->unknown_frees);
            t->active = false;
            t->ended = true;
            t->cpu = NAN;
            t->changed_seq = s->seq;
            continue;
        }
        double cpu = t->cpu_ns_1s == 0
                         ? NAN
                         : (double)(now->cpu_ns - t->cpu_ns_1s) / 1e7 / seconds;
        if (t->state != now->state || !(cpu == t->cpu) ||
            strcmp(t->name, now->name) != 0)
            t->changed_seq = s->seq;
        t->cpu = cpu;
        t->cpu_ns_1s = now->cpu_ns;
        t->state = now->state;
        memcpy(t->name, now->name, sizeof t->name);
    }
}

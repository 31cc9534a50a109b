// SPDX-License-Identifier: MIT
//
// forget: sessions that have ended are kept in some number, for some time. See
// engine_private.h.

#include <string.h>

#include "engine_private.h"
#include "platform/clock.h"

// When a session ended; 0: it runs, or was never a process.
static uint64_t end_of(struct ms_session *s)
{
    pthread_mutex_lock(&s->lock);
    uint64_t ns = s->state == MS_SESSION_ENDED ? s->end_ns : 0;
    pthread_mutex_unlock(&s->lock);
    return ns;
}

// Takes the one off the list that ended first, if there are more than `kept`
// or it is older than `oldest`; its reference is the caller's. {lock}
static struct ms_session *take_one(struct ms_engine *e, size_t kept,
                                   uint64_t oldest)
{
    struct ms_session *primary = ms_engine_primary(e), *first = NULL;
    uint64_t first_ns = UINT64_MAX;
    size_t ended = 0, at = 0;

    for (size_t i = 0; i < e->session_count; i++) {
        uint64_t ns = end_of(e->sessions[i]);
        if (ns == 0 || e->sessions[i] == primary)
            continue;
        ended++;
        if (ns < first_ns) {
            first_ns = ns;
            first = e->sessions[i];
            at = i;
        }
    }
    if (first == NULL || (ended <= kept && first_ns >= oldest))
        return NULL;
    e->session_count--;
    memmove(&e->sessions[at], &e->sessions[at + 1],
            (e->session_count - at) * sizeof e->sessions[0]);
    return first;
}

void ms_engine_forget(struct ms_engine *e)
{
    uint64_t now = ms_clock_monotonic_ns();
    uint64_t oldest = now > e->keep_ns ? now - e->keep_ns : 0;
    struct ms_session *gone;

    do {
        pthread_mutex_lock(&e->lock);
        gone = take_one(e, e->keep_sessions, oldest);
        pthread_mutex_unlock(&e->lock);
        if (gone != NULL)
            ms_engine_let_go(e, gone);
    } while (gone != NULL);
}

// SPDX-License-Identifier: MIT
// See attempts.h for the contract.

#include "attempts.h"

#include <stddef.h>

#define SECOND_NS UINT64_C(1000000000)

static struct ms_attempts_source *find(struct ms_attempts *a, uint64_t source)
{
    for (size_t i = 0; i < MS_ATTEMPTS_SOURCES; i++)
        if (a->sources[i].at_ns != 0 && a->sources[i].source == source)
            return &a->sources[i];
    return NULL;
}

// Forgives one for each second since the last.
static void forgive(struct ms_attempts_source *s, uint64_t now_ns)
{
    uint64_t seconds = (now_ns - s->at_ns) / SECOND_NS;

    s->wrong = seconds >= s->wrong ? 0 : s->wrong - (unsigned)seconds;
    s->at_ns += seconds * SECOND_NS;
}

bool ms_attempts_may(struct ms_attempts *a, uint64_t source, uint64_t now_ns)
{
    struct ms_attempts_source *s = find(a, source);

    if (s == NULL)
        return true;
    forgive(s, now_ns);
    return s->wrong < MS_ATTEMPTS_FREE;
}

void ms_attempts_wrong(struct ms_attempts *a, uint64_t source, uint64_t now_ns)
{
    struct ms_attempts_source *s = find(a, source);

    if (s == NULL) {
        s = &a->sources[0]; // free ones are the oldest of all
        for (size_t i = 1; i < MS_ATTEMPTS_SOURCES; i++)
            if (a->sources[i].at_ns < s->at_ns)
                s = &a->sources[i];
        *s = (struct ms_attempts_source){source, now_ns, 0};
    }
    forgive(s, now_ns);
    s->wrong++;
}

// SPDX-License-Identifier: MIT
// See history.h for the contract.

#include "history.h"

#include <stdlib.h>

#include "platform/memory.h"

static const struct {
    uint64_t step_ns; // 0: every tick
    size_t capacity;
} plan[MS_HISTORY_STEPS] = {
    [MS_STEP_100MS] = {0, 6000},
    [MS_STEP_1S] = {UINT64_C(1000000000), 7200},
    [MS_STEP_10S] = {UINT64_C(10000000000), 8640},
};

enum memscope_status ms_history_init(struct ms_history *h, uint64_t tick_ns)
{
    *h = (struct ms_history){0};
    for (size_t i = 0; i < MS_HISTORY_STEPS; i++) {
        struct ms_history_ring *ring = &h->rings[i];
        ring->capacity = plan[i].capacity;
        ring->step_ns = plan[i].step_ns != 0 ? plan[i].step_ns : tick_ns;
        ring->samples = ms_memory_map(ring->capacity * sizeof *ring->samples);
        if (ring->samples == NULL) {
            ms_history_fini(h);
            return MEMSCOPE_ERROR_MEMORY;
        }
    }
    return MEMSCOPE_OK;
}

void ms_history_fini(struct ms_history *h)
{
    for (size_t i = 0; i < MS_HISTORY_STEPS; i++) {
        struct ms_history_ring *ring = &h->rings[i];
        if (ring->samples != NULL)
            ms_memory_unmap(ring->samples,
                            ring->capacity * sizeof *ring->samples);
    }
    *h = (struct ms_history){0};
}

void ms_history_add(struct ms_history *h, const struct ms_sample *sample)
{
    for (size_t i = 0; i < MS_HISTORY_STEPS; i++) {
        struct ms_history_ring *ring = &h->rings[i];
        // The finest ring takes every tick, however uneven ticks come.
        if (i != MS_STEP_100MS && sample->uptime_ns < ring->next_ns)
            continue;
        ring->next_ns = sample->uptime_ns - sample->uptime_ns % ring->step_ns +
                        ring->step_ns;
        ring->samples[ring->written++ % ring->capacity] = *sample;
    }
}

enum memscope_status ms_history_copy(const struct ms_history *h,
                                     enum ms_history_step step, uint64_t since,
                                     struct ms_sample **out, size_t *count)
{
    const struct ms_history_ring *ring = &h->rings[step];
    uint64_t oldest =
        ring->written > ring->capacity ? ring->written - ring->capacity : 0;
    uint64_t first = ring->written;

    // From the end: mostly the last few are wanted.
    while (first > oldest &&
           ring->samples[(first - 1) % ring->capacity].seq > since)
        first--;
    size_t n = (size_t)(ring->written - first);
    *count = 0;
    *out = malloc((n != 0 ? n : 1) * sizeof **out);
    if (*out == NULL)
        return MEMSCOPE_ERROR_MEMORY;
    for (size_t i = 0; i < n; i++)
        (*out)[i] = ring->samples[(first + i) % ring->capacity];
    *count = n;
    return MEMSCOPE_OK;
}

uint64_t ms_history_bytes(const struct ms_history *h)
{
    uint64_t bytes = 0;

    for (size_t i = 0; i < MS_HISTORY_STEPS; i++) {
        const struct ms_history_ring *ring = &h->rings[i];
        uint64_t used =
            ring->written < ring->capacity ? ring->written : ring->capacity;
        bytes += used * sizeof *ring->samples;
    }
    return bytes;
}

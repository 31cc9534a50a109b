// SPDX-License-Identifier: MIT
// See modules.h for the contract.

#include "store/modules.h"

#include <string.h>

#include "platform/atomics.h"
#include "platform/clock.h"
#include "platform/modules.h"

static uint32_t find(struct ms_store *s, const struct ms_loaded_module *m,
                     uint32_t count)
{
    for (uint32_t i = 1; i < count; i++) {
        struct ms_module *known = ms_store_module(s, i);
        if (known->start == m->start && known->end == m->end &&
            ms_load_relaxed(&known->unload_ns) == 0 &&
            known->build_id_bytes == m->build_id_bytes &&
            (m->build_id_bytes == 0 ||
             memcmp(known->build_id, m->build_id, m->build_id_bytes) == 0))
            return i;
    }
    return 0;
}

// What lies where the new module lies has been unloaded.
static void bury_overlapping(struct ms_store *s,
                             const struct ms_loaded_module *m, uint32_t count,
                             uint64_t now)
{
    for (uint32_t i = 1; i < count; i++) {
        struct ms_module *old = ms_store_module(s, i);
        if (old->start < m->end && m->start < old->end &&
            ms_load_relaxed(&old->unload_ns) == 0) {
            ms_store_relaxed(&old->unload_ns, now);
            ms_add_relaxed(&s->unloads, 1u); // relaxed: see unwinder.c
        }
    }
}

static uint32_t add(struct ms_store *s, const struct ms_loaded_module *m,
                    uint32_t count)
{
    uint64_t now = ms_clock_monotonic_ns();
    struct ms_module *new = ms_store_module(s, count);

    bury_overlapping(s, m, count, now);
    new->start = m->start;
    new->end = m->end;
    new->bias = m->bias;
    new->load_ns = now;
    new->build_id_bytes = (uint32_t)m->build_id_bytes;
    if (m->build_id_bytes != 0)
        memcpy(new->build_id, m->build_id, m->build_id_bytes);
    if (m->path[0] == '\0')
        memcpy(new->path, s->header->exe,
               strnlen(s->header->exe, sizeof new->path - 1));
    else
        memcpy(new->path, m->path, strnlen(m->path, sizeof new->path - 1));
    // [E] release: publishes the module; pairs with whoever reads the count
    ms_store_release(&s->header->module_count, count + 1);
    return count;
}

uint32_t ms_modules_find(struct ms_store *s, uint64_t address)
{
    struct ms_loaded_module m;
    uint32_t free_lock = 0;

    if (!ms_module_at(address, &m))
        return 0;
    if (m.build_id_bytes > sizeof ms_store_module(s, 0)->build_id) {
        m.build_id = NULL;
        m.build_id_bytes = 0;
    }
    uint32_t count =
        ms_load_acquire(&s->header->module_count); // pairs with [E]
    uint32_t found = find(s, &m, count);
    if (found != 0)
        return found;
    // One at a time; whoever comes in between goes without, and does not wait.
    // acquire: pairs with the release below [F]
    if (!ms_claim_acquire(&s->header->module_lock, &free_lock, 1u))
        return 0;
    count =
        ms_load_relaxed(&s->header->module_count); // relaxed: under the lock
    found = find(s, &m, count);
    if (found == 0 && count < s->header->module_capacity)
        found = add(s, &m, count);
    // [F] release: the next one under the lock sees the list as it is now
    ms_store_release(&s->header->module_lock, 0);
    return found;
}

// SPDX-License-Identifier: MIT
//
// See limits.h for the contract.

#include "limits.h"

#include <unistd.h>

#include "platform/atomics.h"
#include "platform/limits.h"
#include "runtime/store.h"

#define SLACK (UINT64_C(256) << 20) // for our memory beside the segment

// The limit of this process is higher than it asked for. A forked child
// inherits both.
static _Atomic uint32_t raised;

static uint64_t ours(void)
{
    return ms_store_bytes() + SLACK;
}

static rlim_t raise_limit(rlim_t value)
{
    return value < RLIM_INFINITY - ours() ? value + ours() : RLIM_INFINITY;
}

static rlim_t lower_limit(rlim_t value)
{
    return value != RLIM_INFINITY && value >= ours() ? value - ours() : value;
}

int ms_limits_change(pid_t pid, int resource, const struct rlimit *set,
                     struct rlimit *was)
{
    struct rlimit more;

    // relaxed: a flag of this process; at worst a limit is shown as it is
    if (resource != RLIMIT_AS || (pid != 0 && pid != getpid()) ||
        (!ms_load_relaxed(&raised) && !ms_runtime_is_live()))
        return ms_limit(pid, resource, set, was);
    bool before = ms_load_relaxed(&raised);
    if (set != NULL) {
        more.rlim_cur = raise_limit(set->rlim_cur);
        more.rlim_max = raise_limit(set->rlim_max);
        set = &more;
    }
    int result = ms_limit(pid, resource, set, was);
    if (result == 0 && set != NULL)
        ms_store_relaxed(&raised, 1u);
    if (result == 0 && was != NULL && before) {
        was->rlim_cur = lower_limit(was->rlim_cur);
        was->rlim_max = lower_limit(was->rlim_max);
    }
    return result;
}

void ms_limits_restore(void)
{
    struct rlimit limit;

    // Nobody but us limits an address space to a little more than this.
    if (ms_limit(0, RLIMIT_AS, NULL, &limit) != 0 ||
        limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur < ours() ||
        limit.rlim_cur - ours() > ms_store_bytes())
        return;
    limit.rlim_cur = lower_limit(limit.rlim_cur);
    limit.rlim_max = lower_limit(limit.rlim_max);
    (void)ms_limit(0, RLIMIT_AS, &limit, NULL);
}

// SPDX-License-Identifier: MIT
//
// interpose_limits: functions about the whole address space, which must leave
// out the part that is ours. To limit it would be to pass the limit at once,
// to lock it would be to fill it. And what a thread forbids itself, which is
// forbidden to us then.

#include <stdarg.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "limits.h"
#include "platform/limits.h"
#include "runtime/segment.h"

#define EXPORT __attribute__((visibility("default")))

EXPORT int setrlimit(__rlimit_resource_t resource, const struct rlimit *limit);
EXPORT int setrlimit64(__rlimit_resource_t resource,
                       const struct rlimit64 *limit);
EXPORT int getrlimit(__rlimit_resource_t resource, struct rlimit *limit);
EXPORT int getrlimit64(__rlimit_resource_t resource, struct rlimit64 *limit);
EXPORT int prlimit(pid_t pid, enum __rlimit_resource resource,
                   const struct rlimit *set, struct rlimit *was);
EXPORT int prlimit64(pid_t pid, enum __rlimit_resource resource,
                     const struct rlimit64 *set, struct rlimit64 *was);
EXPORT int mlockall(int flags);
EXPORT int prctl(int option, ...);

int setrlimit(__rlimit_resource_t resource, const struct rlimit *limit)
{
    return ms_limits_change(0, (int)resource, limit, NULL);
}

int setrlimit64(__rlimit_resource_t resource, const struct rlimit64 *limit)
{
    return ms_limits_change(0, (int)resource,
                            (const struct rlimit *)(const void *)limit, NULL);
}

int getrlimit(__rlimit_resource_t resource, struct rlimit *limit)
{
    return ms_limits_change(0, (int)resource, NULL, limit);
}

int getrlimit64(__rlimit_resource_t resource, struct rlimit64 *limit)
{
    return ms_limits_change(0, (int)resource, NULL,
                            (struct rlimit *)(void *)limit);
}

int prlimit(pid_t pid, enum __rlimit_resource resource,
            const struct rlimit *set, struct rlimit *was)
{
    return ms_limits_change(pid, (int)resource, set, was);
}

int prlimit64(pid_t pid, enum __rlimit_resource resource,
              const struct rlimit64 *set, struct rlimit64 *was)
{
    return ms_limits_change(pid, (int)resource,
                            (const struct rlimit *)(const void *)set,
                            (struct rlimit *)(void *)was);
}

int mlockall(int flags)
{
    return ms_lock_all(flags, "/memfd:" MS_SEGMENT_NAME);
}

int prctl(int option, ...)
{
    unsigned long words[4];
    va_list rest;

    // As libc has it: always four, whatever was handed over.
    va_start(rest, option);
    for (int i = 0; i < 4; i++)
        words[i] = va_arg(rest, unsigned long);
    va_end(rest);
    return ms_own_limit(option, words);
}

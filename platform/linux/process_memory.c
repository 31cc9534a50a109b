// SPDX-License-Identifier: MIT
// See platform/process_memory.h for the contract: Linux, by process_vm_readv,
// pagemap and /proc/PID/task.

#include "platform/process_memory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define PARTS 512u
#define PRESENT_OR_SWAPPED (UINT64_C(3) << 62)

size_t ms_process_read(pid_t pid, const struct ms_memory_part *parts,
                       size_t count, void *out)
{
    struct iovec there[PARTS], here = {.iov_base = out};

    if (count > PARTS)
        count = PARTS;
    for (size_t i = 0; i < count; i++) {
        // The address is one of the other process.
        there[i].iov_base = (void *)(uintptr_t)parts[i].address;
        there[i].iov_len = parts[i].bytes;
        here.iov_len += parts[i].bytes;
    }
    ssize_t n = process_vm_readv(pid, &here, 1, there, count, 0);
    if (n >= 0)
        return (size_t)n;
    return errno == EFAULT ? 0 : SIZE_MAX;
}

int ms_process_pagemap(pid_t pid)
{
    char path[64];

    snprintf(path, sizeof path, "/proc/%d/pagemap", (int)pid);
    return open(path, O_RDONLY | O_CLOEXEC);
}

bool ms_process_present(int pagemap, uint64_t start, size_t pages,
                        bool present[512])
{
    uint64_t entries[512];

    if (pagemap < 0 || pages > 512)
        return false;
    ssize_t n = pread(pagemap, entries, pages * 8, (off_t)(start / 4096 * 8));
    if (n != (ssize_t)(pages * 8))
        return false;
    for (size_t i = 0; i < pages; i++)
        present[i] = (entries[i] & PRESENT_OR_SWAPPED) != 0;
    return true;
}

bool ms_process_threads_open(struct ms_process_threads *t, pid_t pid)
{
    char path[64];

    snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    t->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    t->at = 0;
    t->bytes = 0;
    return t->fd >= 0;
}

// As getdents64 gives it.
struct entry {
    uint64_t inode;
    int64_t offset;
    unsigned short length;
    unsigned char type;
    char name[];
};

uint32_t ms_process_threads_next(struct ms_process_threads *t)
{
    for (;;) {
        if (t->at >= t->bytes) {
            long n =
                syscall(SYS_getdents64, t->fd, t->buffer, sizeof t->buffer);
            if (n <= 0)
                return 0;
            t->bytes = (size_t)n;
            t->at = 0;
        }
        const struct entry *e = (const void *)(t->buffer + t->at);
        t->at += e->length;
        uint32_t tid = (uint32_t)strtoul(e->name, NULL, 10);
        if (tid != 0)
            return tid;
    }
}

void ms_process_threads_close(struct ms_process_threads *t)
{
    close(t->fd);
}

// SPDX-License-Identifier: MIT
// See same_memory.h for the contract.

#include "same_memory.h"

#include <stdlib.h>
#include <unistd.h>

#include "platform/atomics.h"
#include "platform/memory.h"

int __real_ms_shared_create(const char *name, uint64_t bytes, int *fd);
int __wrap_ms_shared_create(const char *name, uint64_t bytes, int *fd);
int __real_ms_shared_map(int fd, uint64_t offset, uint64_t bytes, bool keep,
                         void **out);
int __wrap_ms_shared_map(int fd, uint64_t offset, uint64_t bytes, bool keep,
                         void **out);
void __real_ms_memory_unmap(void *memory, size_t bytes);
void __wrap_ms_memory_unmap(void *memory, size_t bytes);

// Set before there are threads, or between them.
static struct ms_prepared readers, writers;

void ms_same_memory(const struct ms_store *s)
{
    readers = (struct ms_prepared){0};
    if (s != NULL)
        readers = (struct ms_prepared){
            .base = s->base,
            .index = (char *)s->index,
            .index_offset = s->header->index_offset,
            .index_bytes = s->header->index_bytes,
        };
}

void ms_same_memory_prepare(struct ms_prepared *memory)
{
    struct ms_store s;

    if (ms_store_create(&s, MS_BACKEND_CORE) != 0)
        abort();
    // The header is what a store begins with: zero.
    memory->fd = s.fd;
    memory->base = s.base;
    memory->index = (char *)s.index;
    memory->index_offset = s.header->index_offset;
    memory->index_bytes = s.header->index_bytes;
    for (size_t i = 0; i < MS_HEADER_BYTES; i++)
        memory->base[i] = 0;
}

void ms_same_memory_create(const struct ms_prepared *memory)
{
    readers = writers = (struct ms_prepared){0};
    if (memory != NULL)
        readers = writers = *memory;
}

int __wrap_ms_shared_create(const char *name, uint64_t bytes, int *fd)
{
    if (writers.base == NULL)
        return __real_ms_shared_create(name, bytes, fd);
    *fd = dup(writers.fd);
    return 0;
}

int __wrap_ms_shared_map(int fd, uint64_t offset, uint64_t bytes, bool keep,
                         void **out)
{
    const struct ms_prepared *m = keep ? &writers : &readers;

    if (m->base == NULL)
        return __real_ms_shared_map(fd, offset, bytes, keep, out);
    *out = offset < m->index_offset ? m->base + offset
                                    : m->index + (offset - m->index_offset);
    return 0;
}

static bool lies_in(const struct ms_prepared *m, const char *p)
{
    return m->base != NULL &&
           ((p >= m->base && p < m->base + m->index_offset) ||
            (p >= m->index && p < m->index + m->index_bytes));
}

void __wrap_ms_memory_unmap(void *memory, size_t bytes)
{
    if (!lies_in(&readers, memory) && !lies_in(&writers, memory))
        __real_ms_memory_unmap(memory, bytes);
}

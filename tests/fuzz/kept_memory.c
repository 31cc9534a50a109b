// SPDX-License-Identifier: MIT
// See kept_memory.h for the contract.

#include "kept_memory.h"

#include "harness.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE ((size_t)4096)
#define LARGE ((size_t)128 << 10) // a piece of the heap that is kept
#define KEPT_MOST 32u
#define PAGES_AT_ONCE 65536u

struct kept {
    char *memory;
    size_t bytes;
    bool in_use;
};

static struct kept kept[KEPT_MOST];
static size_t kept_count;
static struct ms_store store;
static uint64_t index_offset; // its header may say anything later

int __real_ms_shared_map(int fd, uint64_t offset, uint64_t bytes, bool keep,
                         void **out);
int __wrap_ms_shared_map(int fd, uint64_t offset, uint64_t bytes, bool keep,
                         void **out);
void *__wrap_ms_memory_map(size_t bytes);
void __real_ms_memory_unmap(void *memory, size_t bytes);
void __wrap_ms_memory_unmap(void *memory, size_t bytes);
void *__real_realloc(void *memory, size_t bytes);
void *__wrap_realloc(void *memory, size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void __real_free(void *memory);
void __wrap_free(void *memory);

// Most of an input's time would go into these otherwise.
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "max_malloc_fill_size=0:malloc_context_size=4:quarantine_size_mb=4:"
           "allocator_release_to_os_interval_ms=-1";
}

void ms_kept_store(const struct ms_store *s)
{
    store = *s;
    index_offset = s->header->index_offset;
}

void ms_kept_clear(void *memory, size_t bytes)
{
    static unsigned char present[PAGES_AT_ONCE];
    char *at = memory, *end = at + bytes;

    while (at < end) {
        size_t n = (size_t)(end - at + (ptrdiff_t)PAGE - 1) / PAGE;
        n = n < PAGES_AT_ONCE ? n : PAGES_AT_ONCE;
        FUZZ_CHECK(mincore(at, n * PAGE, present) == 0);
        const unsigned char *p = present, *last = present + n;
        while ((p = memchr(p, 1, (size_t)(last - p))) != NULL) {
            memset(at + (size_t)(p - present) * PAGE, 0, PAGE);
            p++;
        }
        at += n * PAGE;
    }
}

static void *take(size_t bytes)
{
    for (size_t i = 0; i < kept_count; i++)
        if (!kept[i].in_use && kept[i].bytes == bytes) {
            kept[i].in_use = true;
            return kept[i].memory;
        }
    FUZZ_CHECK(kept_count < KEPT_MOST);
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    FUZZ_CHECK(memory != MAP_FAILED);
    kept[kept_count++] = (struct kept){memory, bytes, true};
    return memory;
}

static bool give_back(void *memory)
{
    for (size_t i = 0; i < kept_count; i++)
        if (kept[i].memory == memory) {
            ms_kept_clear(memory, kept[i].bytes);
            kept[i].in_use = false;
            return true;
        }
    return false;
}

int __wrap_ms_shared_map(int fd, uint64_t offset, uint64_t bytes, bool keep,
                         void **out)
{
    if (keep || store.header == NULL)
        return __real_ms_shared_map(fd, offset, bytes, keep, out);
    *out = offset < index_offset
               ? (char *)store.base + offset
               : (char *)store.index + (offset - index_offset);
    return 0;
}

void *__wrap_ms_memory_map(size_t bytes)
{
    return take((bytes + PAGE - 1) & ~(PAGE - 1));
}

void __wrap_ms_memory_unmap(void *memory, size_t bytes)
{
    const char *p = memory, *base = store.base, *index = (void *)store.index;

    if ((base != NULL && p >= base && p < base + store.base_bytes) ||
        (index != NULL && p >= index && p < index + store.index_bytes) ||
        give_back(memory))
        return;
    __real_ms_memory_unmap(memory, bytes);
}

void *__wrap_calloc(size_t count, size_t bytes)
{
    if (count * bytes < LARGE)
        return __real_calloc(count, bytes);
    return take((count * bytes + PAGE - 1) & ~(PAGE - 1));
}

void __wrap_free(void *memory)
{
    if (memory != NULL && !give_back(memory))
        __real_free(memory);
}

void *__wrap_realloc(void *memory, size_t bytes)
{
    for (size_t i = 0; i < kept_count; i++)
        if (kept[i].memory == memory && kept[i].in_use) {
            void *moved = malloc(bytes);
            FUZZ_CHECK(moved != NULL && bytes <= kept[i].bytes);
            memcpy(moved, memory, bytes);
            give_back(memory);
            return moved;
        }
    return __real_realloc(memory, bytes);
}

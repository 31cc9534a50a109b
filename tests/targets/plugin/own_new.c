// SPDX-License-Identifier: MIT
//
// own_new: an allocator that brings its own operators new and delete, which
// call its malloc and free as anybody does: so they are seen there as well.

#include <stddef.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void *block);
void *malloc(size_t size);
void *calloc(size_t count, size_t size);
void *realloc(void *block, size_t size);
void *memalign(size_t alignment, size_t size);
void free(void *block);
void *_Znwm(size_t size);
void _ZdlPv(void *block);

void *malloc(size_t size)
{
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return __libc_calloc(count, size);
}

void *realloc(void *block, size_t size)
{
    return __libc_realloc(block, size);
}

void *memalign(size_t alignment, size_t size)
{
    return __libc_memalign(alignment, size);
}

void free(void *block)
{
    __libc_free(block);
}

void *_Znwm(size_t size)
{
    return malloc(size);
}

void _ZdlPv(void *block)
{
    free(block);
}

// SPDX-License-Identifier: MIT
//
// memscope_disabled.h: the functions of memscope.h in a program that is built
// with MEMSCOPE_DISABLE: nothing happens, nothing is linked. See memscope.h
// and memscope_annotate.h for what they do otherwise.

#ifndef MEMSCOPE_DISABLED_H
#define MEMSCOPE_DISABLED_H

#define MEMSCOPE_NOTHING1(type, f, a, value)                                   \
    static inline type f(a x)                                                  \
    {                                                                          \
        (void)x;                                                               \
        return value;                                                          \
    }
#define MEMSCOPE_NOTHING2(type, f, a, b, value)                                \
    static inline type f(a x, b y)                                             \
    {                                                                          \
        (void)x;                                                               \
        (void)y;                                                               \
        return value;                                                          \
    }
#define MEMSCOPE_NOTHING3(type, f, a, b, c, value)                             \
    static inline type f(a x, b y, c z)                                        \
    {                                                                          \
        (void)x;                                                               \
        (void)y;                                                               \
        (void)z;                                                               \
        return value;                                                          \
    }

static inline enum memscope_status
memscope_start(const struct memscope_options *options)
{
    (void)options;
    return MEMSCOPE_OK;
}
static inline const char *memscope_url(void)
{
    return "";
}
static inline const char *memscope_strerror(enum memscope_status status)
{
    (void)status;
    return "memscope is not built in";
}
static inline const char *memscope_version(void)
{
    return "";
}
static inline void memscope_stop(void)
{
}
static inline void memscope_pause(void)
{
}
static inline void memscope_resume(void)
{
}

typedef const void *memscope_address_;
typedef const char *memscope_name_;
MEMSCOPE_NOTHING2(bool, memscope_capture_alloc, memscope_address_, size_t, true)
MEMSCOPE_NOTHING1(bool, memscope_capture_dealloc, memscope_address_, true)
MEMSCOPE_NOTHING3(bool, memscope_capture_realloc, memscope_address_,
                  memscope_address_, size_t, true)
MEMSCOPE_NOTHING2(bool, memscope_capture_move, memscope_address_,
                  memscope_address_, true)
MEMSCOPE_NOTHING3(memscope_pool, memscope_pool_create, memscope_name_,
                  memscope_address_, size_t, 0)
MEMSCOPE_NOTHING3(bool, memscope_pool_alloc, memscope_pool, memscope_address_,
                  size_t, true)
MEMSCOPE_NOTHING2(bool, memscope_pool_dealloc, memscope_pool, memscope_address_,
                  true)
MEMSCOPE_NOTHING1(size_t, memscope_pool_discard, memscope_pool, 0)
MEMSCOPE_NOTHING1(void, memscope_pool_destroy, memscope_pool, )
MEMSCOPE_NOTHING3(bool, memscope_tag, memscope_address_, memscope_name_,
                  memscope_name_, true)
MEMSCOPE_NOTHING1(bool, memscope_move, memscope_address_, true)
MEMSCOPE_NOTHING2(memscope_loan, memscope_borrow, memscope_address_, bool, 0)
MEMSCOPE_NOTHING1(bool, memscope_return, memscope_loan, true)
MEMSCOPE_NOTHING1(int64_t, memscope_retain, memscope_address_, -1)
MEMSCOPE_NOTHING1(int64_t, memscope_release, memscope_address_, -1)
MEMSCOPE_NOTHING1(void, memscope_scope_begin, memscope_name_, )
MEMSCOPE_NOTHING1(void, memscope_scope_end, memscope_name_, )
MEMSCOPE_NOTHING1(memscope_task, memscope_task_create, memscope_name_, 0)
MEMSCOPE_NOTHING1(void, memscope_task_enter, memscope_task, )
MEMSCOPE_NOTHING1(void, memscope_task_leave, memscope_task, )
MEMSCOPE_NOTHING1(void, memscope_task_end, memscope_task, )
MEMSCOPE_NOTHING1(void, memscope_mark, memscope_name_, )
MEMSCOPE_NOTHING1(void, memscope_snapshot, memscope_name_, )

#undef MEMSCOPE_NOTHING1
#undef MEMSCOPE_NOTHING2
#undef MEMSCOPE_NOTHING3

#endif

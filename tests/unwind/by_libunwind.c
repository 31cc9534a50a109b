// SPDX-License-Identifier: MIT
// See by_libunwind.h for the contract.

#include "by_libunwind.h"

#ifdef MS_HAS_LIBUNWIND

#define UNW_LOCAL_ONLY
#include <dlfcn.h>
#include <libunwind.h>
#include <link.h>
#include <string.h>

// What the names of libunwind.h stand for, as text.
#define TEXT(name) #name
#define SYMBOL(name) TEXT(name)

static int (*get_context)(unw_context_t *context);
static int (*init)(unw_cursor_t *cursor, unw_context_t *context);
static int (*step)(unw_cursor_t *cursor);
static int (*get_reg)(unw_cursor_t *cursor, unw_regnum_t reg, unw_word_t *out);
static void (*flush_cache)(unw_addr_space_t space, unw_word_t low,
                           unw_word_t high);
static unw_addr_space_t *local;

static bool find(void *library, const char *name, void *out)
{
    void *found = dlsym(library, name);

    memcpy(out, &found, sizeof found);
    return found != NULL;
}

bool ms_libunwind_load(void)
{
    void *library = dlopen("libunwind.so.8", RTLD_NOW | RTLD_LOCAL);

    return library != NULL &&
           find(library, "_Ux86_64_getcontext", &get_context) &&
           find(library, SYMBOL(unw_init_local), &init) &&
           find(library, SYMBOL(unw_step), &step) &&
           find(library, SYMBOL(unw_get_reg), &get_reg) &&
           find(library, SYMBOL(unw_flush_cache), &flush_cache) &&
           find(library, SYMBOL(unw_local_addr_space), &local);
}

static int read_unloads(struct dl_phdr_info *info, size_t size, void *out)
{
    (void)size;
    *(unsigned long long *)out = info->dlpi_subs;
    return 1; // the first object says it
}

// What it keeps outlives the objects that it is about.
static void forget_unloaded(void)
{
    static _Thread_local unsigned long long seen;
    unsigned long long now = 0;

    (void)dl_iterate_phdr(read_unloads, &now);
    if (now != seen)
        flush_cache(*local, 0, 0);
    seen = now;
}

int ms_by_libunwind(void **out, int most)
{
    unw_context_t context;
    unw_cursor_t cursor;
    unw_word_t address;
    int n = 0;

    forget_unloaded();
    if (get_context(&context) != 0 || init(&cursor, &context) != 0)
        return 0;
    do {
        if (get_reg(&cursor, UNW_REG_IP, &address) != 0 || address == 0)
            break;
        memcpy(&out[n++], &address, sizeof address);
    } while (n < most && step(&cursor) > 0);
    return n;
}

#else

bool ms_libunwind_load(void)
{
    return false;
}

int ms_by_libunwind(void **out, int most)
{
    (void)out;
    (void)most;
    return 0;
}

#endif

// SPDX-License-Identifier: MIT
// See pause.h for the contract.

#include "pause.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "relay.h"

static _Thread_local enum ms_pause_point wanted;
static _Thread_local unsigned my_step;
static _Thread_local const struct ms_loaded_module *my_module;

void ms_pause_at(enum ms_pause_point point, unsigned step)
{
    wanted = point;
    my_step = step;
}

void ms_pause_module(const struct ms_loaded_module *module)
{
    my_module = module;
}

static void reach(enum ms_pause_point point)
{
    if (wanted != point)
        return;
    wanted = MS_PAUSE_NOWHERE;
    ms_relay_give_turn(my_step + 1);
    ms_relay_wait_turn(my_step + 2);
}

uint64_t __real_ms_clock_monotonic_ns(void);
uint64_t __wrap_ms_clock_monotonic_ns(void);
uint64_t __wrap_ms_clock_monotonic_ns(void)
{
    reach(MS_PAUSE_CLOCK);
    return __real_ms_clock_monotonic_ns();
}

bool __real_ms_module_at(uint64_t address, struct ms_loaded_module *out);
bool __wrap_ms_module_at(uint64_t address, struct ms_loaded_module *out);
bool __wrap_ms_module_at(uint64_t address, struct ms_loaded_module *out)
{
    reach(MS_PAUSE_MODULE);
    if (my_module == NULL)
        return __real_ms_module_at(address, out);
    *out = *my_module;
    return true;
}

bool __real_ms_module_unwind_at(uint64_t address, struct ms_module_unwind *out);
bool __wrap_ms_module_unwind_at(uint64_t address, struct ms_module_unwind *out);
bool __wrap_ms_module_unwind_at(uint64_t address, struct ms_module_unwind *out)
{
    reach(MS_PAUSE_UNWIND);
    return __real_ms_module_unwind_at(address, out);
}

void *__real_ms_memory_map_wiped(size_t bytes);
void *__wrap_ms_memory_map_wiped(size_t bytes);
void *__wrap_ms_memory_map_wiped(size_t bytes)
{
    reach(MS_PAUSE_MEMORY);
    return __real_ms_memory_map_wiped(bytes);
}

int __real_memcmp(const void *a, const void *b, size_t bytes);
int __wrap_memcmp(const void *a, const void *b, size_t bytes);
int __wrap_memcmp(const void *a, const void *b, size_t bytes)
{
    reach(MS_PAUSE_COMPARISON);
    return __real_memcmp(a, b, bytes);
}

// SPDX-License-Identifier: MIT
//
// plugin: what the victim `loading` loads and unloads. It allocates in its
// constructor and frees in its destructor.

#include <stdlib.h>

void *plugin_allocate(size_t size);

static void *held;

void *plugin_allocate(size_t size)
{
    return malloc(size);
}

__attribute__((constructor)) static void plugin_begins(void)
{
    held = plugin_allocate(4099);
}

__attribute__((destructor)) static void plugin_ends(void)
{
    free(held);
}

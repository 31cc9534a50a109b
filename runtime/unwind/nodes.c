// SPDX-License-Identifier: MIT
// See nodes.h for the contract.

#include "unwind/nodes.h"

#include <string.h>

#include "store/modules.h"

static uint32_t module_of(struct ms_nodes *nodes, struct ms_store *store,
                          uint64_t address)
{
    for (uint32_t i = 0; i < MS_NODES_MODULES; i++)
        if (address - nodes->modules[i].start < nodes->modules[i].bytes)
            return nodes->modules[i].module;
    uint32_t module = ms_modules_find(store, address);
    if (module != 0) {
        const struct ms_module *m = ms_store_module(store, module);
        nodes->modules[nodes->next_module++ % MS_NODES_MODULES] =
            (struct ms_known_module){m->start, m->end - m->start, module};
    }
    return module;
}

MS_NOINLINE uint32_t ms_nodes_meet(struct ms_nodes *nodes,
                                   struct ms_store *store, uint64_t address,
                                   uint32_t parent)
{
    return ms_store_stack_in(store, address, parent,
                             module_of(nodes, store, address));
}

void ms_nodes_forget_modules(struct ms_nodes *nodes)
{
    memset(nodes->modules, 0, sizeof nodes->modules);
}

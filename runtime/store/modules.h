// SPDX-License-Identifier: MIT
//
// modules: the list of loaded objects that stacks have met, kept so that
// addresses can be named after the program's end.

#ifndef MS_RUNTIME_STORE_MODULES_H
#define MS_RUNTIME_STORE_MODULES_H

#include "runtime/store.h"

// ms_modules_find gives the module of an address, adding it at first sight.
// Any thread, lock-free, signal-safe: 0 when there is none, when the list is
// full, or when another thread is just adding one; readers then go by the
// address.
uint32_t ms_modules_find(struct ms_store *s, uint64_t address);

#endif

// SPDX-License-Identifier: MIT
//
// settings: what the environment asks of the runtime. Read once, when it
// starts; what cannot be understood is as if it were not there: `memscope run`
// has said so by then, and a program's streams are its own.

#ifndef MS_RUNTIME_SETTINGS_H
#define MS_RUNTIME_SETTINGS_H

#include <stdint.h>

#include "capture/backend.h"
#include "runtime/store.h"

// ms_settings_backend is the one that was asked for, or `otherwise`.
const struct ms_backend *
ms_settings_backend(const struct ms_backend *otherwise);

// ms_settings_store_limit is the most that the segment may occupy; 0: any size.
uint64_t ms_settings_store_limit(void);

// ms_settings_apply tells a new store how much to capture, and what counts.
void ms_settings_apply(struct ms_store *s);

#endif

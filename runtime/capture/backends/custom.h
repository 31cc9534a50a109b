// SPDX-License-Identifier: MIT
//
// custom: backends that the program has registered (memscope_backend.h), and
// which of them is in use. Process-wide and kept by a forked child.

#ifndef MS_RUNTIME_CAPTURE_BACKENDS_CUSTOM_H
#define MS_RUNTIME_CAPTURE_BACKENDS_CUSTOM_H

#include "capture/backend.h"

// It asks the registered table that is in use.
extern const struct ms_backend ms_backend_custom;

// ms_custom_place fills in what the backend that the program was started with
// would: the whole stack, or the caller.
void ms_custom_place(struct ms_writer *w, struct ms_event *e);

// ms_custom_wanted: the environment's `custom` or `custom:NAME` asks for a
// backend of this name.
bool ms_custom_wanted(const char *name);

// ms_custom_resume uses, in a store that has just been made, the backend that
// this process has been told to use before, if any.
void ms_custom_resume(struct ms_store *s);

#endif

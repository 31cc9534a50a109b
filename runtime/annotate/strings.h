// SPDX-License-Identifier: MIT
//
// strings: the names that the program uses in annotations, each once, in an
// append-only table of the segment. Any thread, lock-free, signal-safe.

#ifndef MS_RUNTIME_ANNOTATE_STRINGS_H
#define MS_RUNTIME_ANNOTATE_STRINGS_H

#include "runtime/store.h"

// ms_string_intern gives the number of a name, cut at MS_STRING_TEXT - 1
// bytes. 0: NULL, or the table is full (counted).
uint32_t ms_string_intern(struct ms_store *s, const char *text);

#endif

// SPDX-License-Identifier: MIT
//
// mapping: the capture of mapped memory. Any thread; waits for nothing; errno
// stays as it was. Inside another event (a signal handler) the stack and
// the thread are unknown, the mapping is noted all the same.

#ifndef MS_RUNTIME_CAPTURE_MAPPING_H
#define MS_RUNTIME_CAPTURE_MAPPING_H

#include <stddef.h>
#include <stdint.h>

#include "runtime/segment.h"

// `protection` is PROT_* | MS_MAPPING_SHARED. A map is told after, an unmap
// before the system call; `frame` as in capture/engine.h.
void ms_capture_mapping(enum ms_mapping_operation operation,
                        enum ms_mapping_kind kind, const void *at, size_t bytes,
                        uint32_t protection, const void *frame);

#endif

// SPDX-License-Identifier: MIT
//
// runtime: what the embedded server needs to know of the runtime that it
// lives beside. Exported by libmemscope.so for libmemscope-server.so alone.

#ifndef MS_RUNTIME_RUNTIME_H
#define MS_RUNTIME_RUNTIME_H

#include <memscope.h>

// ms_runtime_ignore makes the calling thread one of ours: nothing that it
// allocates or frees from here on appears in any number. Any thread; waits
// for nothing; signal-safe. Calls nest; ms_runtime_watch takes one back.
MEMSCOPE_API void ms_runtime_ignore(void);
MEMSCOPE_API void ms_runtime_watch(void);

// ms_runtime_segment gives a descriptor of this process's segment; the caller
// closes it. MEMSCOPE_ERROR_STATE: nothing is captured here, or another
// process already reads it (then *watched is 1).
MEMSCOPE_API enum memscope_status
ms_runtime_segment(int *fd, int *watched) MEMSCOPE_MUST_CHECK;

#endif

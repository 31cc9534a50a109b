// SPDX-License-Identifier: MIT
//
// by_libunwind: the calling thread's stack as libunwind finds it: an unwinder
// that has no code in common with ours or with libgcc's.

#ifndef MS_TESTS_BY_LIBUNWIND_H
#define MS_TESTS_BY_LIBUNWIND_H

#include <stdbool.h>

// ms_libunwind_load loads it, out of the program's sight: it exports functions
// of libgcc's as well. False: it is not there. Allocates.
bool ms_libunwind_load(void);

// ms_by_libunwind gives at most `most` return addresses, innermost first.
int ms_by_libunwind(void **out, int most);

#endif

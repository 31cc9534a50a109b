// SPDX-License-Identifier: MIT
//
// harness: what every fuzz_X.c has. FUZZ_CHECK stops on what must never be,
// in every build.

#ifndef MS_TESTS_FUZZ_HARNESS_H
#define MS_TESTS_FUZZ_HARNESS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_CHECK(c)                                                          \
    do {                                                                       \
        if (!(c)) {                                                            \
            fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__,   \
                    #c);                                                       \
            abort();                                                           \
        }                                                                      \
    } while (0)

#endif

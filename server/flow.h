// SPDX-License-Identifier: MIT
//
// flow: a long text that is made while it is read.

#ifndef MS_SERVER_FLOW_H
#define MS_SERVER_FLOW_H

#include <stdbool.h>
#include <stddef.h>

struct ms_flow {
    // Gives at most `bytes`, and sets *end. 0 without an end: nothing yet.
    // SIZE_MAX: it has failed.
    size_t (*read)(void *arg, char *to, size_t bytes, bool *end);
    void (*close)(void *arg);
    void *arg;
};

#endif

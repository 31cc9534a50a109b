// SPDX-License-Identifier: MIT
//
// announce: the one message by which a watched process hands its segment to
// the memscope process, over the socket named in MEMSCOPE_SOCKET, with the
// segment's descriptor attached. Nothing is ever sent back.

#ifndef MS_RUNTIME_ANNOUNCE_H
#define MS_RUNTIME_ANNOUNCE_H

#include <stdint.h>

#define MS_ANNOUNCE_MAGIC UINT32_C(0x6e616d73) // "sman"
#define MS_ANNOUNCE_ENDED UINT32_C(0x65616d73) // "smae"
#define MS_ENV_SOCKET "MEMSCOPE_SOCKET"
// Only the process of this pid is watched, none of its children.
#define MS_ENV_ALONE "MEMSCOPE_ALONE"
#define MS_ENV_BACKEND "MEMSCOPE_BACKEND" // a name of capture/backend.h
#define MS_ENV_MODE "MEMSCOPE_MODE"       // see ms_control_parse
#define MS_ENV_MMAP "MEMSCOPE_MMAP" // 1: mapped memory counts in the totals
// 1: the program waits at its exit until it has been scanned for leaks
#define MS_ENV_LEAK_CHECK "MEMSCOPE_LEAK_CHECK"
// 1: the recorder has the stacks of frees as well
#define MS_ENV_FREE_STACKS "MEMSCOPE_FREE_STACKS"
#define MS_ENV_STORE_LIMIT "MEMSCOPE_STORE_LIMIT" // bytes of the segment

struct ms_announcement {
    uint32_t magic;
    uint32_t version; // MS_SEGMENT_VERSION
    // Of MS_ANNOUNCE_ENDED, by which another memscope says how a program has
    // ended that it has run; the descriptor with it means nothing.
    int32_t pid;
    int32_t wait_status;
};

#endif

// SPDX-License-Identifier: MIT
//
// cursor: reads numbers out of bytes that nobody vouches for. It never reads
// beyond its end: whatever would lie there is 0, and `bad` is set.

#ifndef MS_RUNTIME_UNWIND_CURSOR_H
#define MS_RUNTIME_UNWIND_CURSOR_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct ms_cursor {
    const uint8_t *at, *end;
    bool bad;
};

static inline uint64_t ms_take(struct ms_cursor *c, unsigned bytes)
{
    uint64_t value = 0;

    if (c->bad || (uint64_t)(c->end - c->at) < bytes) {
        c->bad = true;
        return 0;
    }
    memcpy(&value, c->at, bytes); // little-endian, as the objects are
    c->at += bytes;
    return value;
}

static inline int64_t ms_take_signed(struct ms_cursor *c, unsigned bytes)
{
    unsigned unused = 64 - 8 * bytes;

    return (int64_t)(ms_take(c, bytes) << unused) >> unused;
}

static inline uint64_t ms_take_uleb(struct ms_cursor *c)
{
    uint64_t value = 0, byte;
    unsigned shift = 0;

    do {
        byte = ms_take(c, 1);
        if (shift < 64)
            value |= (byte & 127) << shift;
        shift += 7;
    } while (byte & 128);
    return value;
}

static inline int64_t ms_take_sleb(struct ms_cursor *c)
{
    uint64_t value = 0, byte;
    unsigned shift = 0;

    do {
        byte = ms_take(c, 1);
        if (shift < 64)
            value |= (byte & 127) << shift;
        shift += 7;
    } while (byte & 128);
    if (shift < 64 && (byte & 64))
        value |= ~UINT64_C(0) << shift;
    return (int64_t)value;
}

static inline void ms_skip(struct ms_cursor *c, uint64_t bytes)
{
    if (c->bad || bytes > (uint64_t)(c->end - c->at))
        c->bad = true;
    else
        c->at += bytes;
}

// A DW_EH_PE pointer: how it is stored, and what it is relative to.
static inline uint64_t ms_take_pointer(struct ms_cursor *c, uint8_t encoding)
{
    uint64_t here = (uint64_t)(uintptr_t)c->at, value;

    switch (encoding & 15) {
    case 0: // as long as an address
    case 4:
    case 12:
        value = ms_take(c, 8);
        break;
    case 1:
        value = ms_take_uleb(c);
        break;
    case 2:
        value = ms_take(c, 2);
        break;
    case 3:
        value = ms_take(c, 4);
        break;
    case 9:
        value = (uint64_t)ms_take_sleb(c);
        break;
    case 10:
        value = (uint64_t)ms_take_signed(c, 2);
        break;
    case 11:
        value = (uint64_t)ms_take_signed(c, 4);
        break;
    default:
        c->bad = true;
        return 0;
    }
    switch (encoding & 0x70) {
    case 0x00:
        return value;
    case 0x10: // relative to itself
        return value + here;
    default:
        c->bad = true;
        return 0;
    }
}

#endif

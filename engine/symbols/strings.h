// SPDX-License-Identifier: MIT
//
// strings: one copy of each text, kept until the end. Under the lock of whoever
// owns it. Bounded: beyond MS_STRINGS_LIMIT bytes every new text is "(names
// are full)".

#ifndef MS_ENGINE_SYMBOLS_STRINGS_H
#define MS_ENGINE_SYMBOLS_STRINGS_H

#include <stddef.h>
#include <stdint.h>

#define MS_STRINGS_LIMIT (UINT64_C(256) << 20)

struct ms_strings {
    char **slots; // open addressing, at most half full
    size_t room, count;
    uint64_t bytes;
};

void ms_strings_fini(struct ms_strings *s);

// ms_strings_keep gives the kept copy; a static text when there is no room.
const char *ms_strings_keep(struct ms_strings *s, const char *text);

#endif

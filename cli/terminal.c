// SPDX-License-Identifier: MIT
// See terminal.h for the contract.

#include "terminal.h"

#include <stdbool.h>
#include <stdint.h>

// A character in UTF-8, and its length; *bytes 0: it is none.
static uint32_t decode(const unsigned char *p, size_t *bytes)
{
    size_t more = p[0] < 0x80           ? 0
                  : (p[0] >> 5) == 0x6  ? 1
                  : (p[0] >> 4) == 0xe  ? 2
                  : (p[0] >> 3) == 0x1e ? 3
                                        : 4;
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    uint32_t c = more == 0 ? p[0] : p[0] & (0x3fu >> more);

    *bytes = 0;
    if (more == 4)
        return 0;
    for (size_t i = 1; i <= more; i++) {
        if ((p[i] & 0xc0) != 0x80) // also where the text ends
            return 0;
        c = c << 6 | (p[i] & 0x3fu);
    }
    if (c >= least[more])
        *bytes = more + 1;
    return c;
}

static bool steers(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x200e || c == 0x200f ||
           (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

size_t ms_terminal_some(FILE *to, const char *text, size_t most)
{
    const unsigned char *p = (const unsigned char *)text;
    size_t count = 0;

    for (; *p != '\0' && count < most; count++) {
        size_t bytes;
        uint32_t c = decode(p, &bytes);
        if (bytes == 0 || steers(c))
            fputc('?', to);
        else
            fwrite(p, 1, bytes, to);
        p += bytes != 0 ? bytes : 1;
    }
    return count;
}

void ms_terminal_put(FILE *to, const char *text)
{
    (void)ms_terminal_some(to, text, SIZE_MAX);
}

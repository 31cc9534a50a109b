// SPDX-License-Identifier: MIT
//
// Any Accept, Accept-Encoding or If-None-Match: a weight is one, an encoding is
// among those offered, and a tag is found where it stands alone.

#include "harness.h"

#include <string.h>

#include "negotiate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[4096], tag[4100];

    if (size >= sizeof text || memchr(data, '\0', size) != NULL)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    int gzip = ms_negotiate_weight(text, "gzip", NULL);
    FUZZ_CHECK(gzip >= -1 && gzip <= 1000);
    int version = ms_negotiate_weight(text, "gzip", "1.0.0");
    FUZZ_CHECK(version <= gzip);
    FUZZ_CHECK(ms_negotiate_encoding(text, false, false) == MS_ENCODING_PLAIN);
    FUZZ_CHECK(ms_negotiate_encoding(text, true, false) != MS_ENCODING_BROTLI);
    if (gzip == 0)
        FUZZ_CHECK(ms_negotiate_encoding(text, true, true) != MS_ENCODING_GZIP);
    (void)ms_negotiate_unchanged(text, "W/\"0123456789abcdef\"");
    // As the only one of a list, without what separates.
    if (size != 0 && strpbrk(text, ", \t") == NULL &&
        strncmp(text, "W/", 2) != 0) {
        snprintf(tag, sizeof tag, "W/%s", text);
        FUZZ_CHECK(ms_negotiate_unchanged(text, tag));
    }
    return 0;
}

// SPDX-License-Identifier: MIT
//
// Any bytes as the head of a connection. An upgrade is recognized only when
// the whole head is there, and more bytes never take it back.

#include "harness.h"

#include <string.h>

#include "head.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct ms_access access = {.port = 7070};
    static const struct ms_caller caller = {.known = true};
    const char *head = (const char *)data;

    enum ms_head_kind open =
        ms_head_classify(&access, &caller, head, size, false);
    enum ms_head_kind full =
        ms_head_classify(&access, &caller, head, size, true);

    FUZZ_CHECK(full != MS_HEAD_INCOMPLETE || size == 0);
    FUZZ_CHECK(open == MS_HEAD_INCOMPLETE || open == full);
    if (open == MS_HEAD_INCOMPLETE)
        return 0;
    FUZZ_CHECK(open == MS_HEAD_NONE || size >= 4);
    if (open == MS_HEAD_WEBSOCKET) {
        FUZZ_CHECK(memmem(head, size, "\r\n\r\n", 4) != NULL);
        char *more = malloc(size + 1);
        FUZZ_CHECK(more != NULL);
        memcpy(more, head, size);
        more[size] = 'x';
        FUZZ_CHECK(ms_head_classify(&access, &caller, more, size + 1, false) ==
                   open);
        free(more);
    }
    return 0;
}

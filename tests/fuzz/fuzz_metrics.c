// SPDX-License-Identifier: MIT
//
// Any name as a label, and as a text of the log: what comes out is one line of
// the form that it has to have, and text.

#include "harness.h"

#include <string.h>

#include "metrics.h"
#include "server/log.h"

// Reads a quoted text from `at`; gives what is behind its end.
static const char *quoted(const char *at, const char *escapes)
{
    FUZZ_CHECK(*at == '"');
    for (at++; *at != '"'; at++) {
        FUZZ_CHECK(*at != '\0' && *at != '\n');
        if (*at == '\\') {
            at++;
            FUZZ_CHECK(*at != '\0' && strchr(escapes, *at) != NULL);
        }
    }
    return at + 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[4096];
    struct ms_metrics_labels labels = {.bytes = 0};
    struct ms_log_line line = {.bytes = 0};

    if (size >= sizeof text || memchr(data, '\0', size) != NULL)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    for (int i = 0; i < 9; i++)
        ms_metrics_label(&labels, "a", text);
    FUZZ_CHECK(labels.bytes < sizeof labels.text);
    const char *at = labels.text;
    for (;;) {
        FUZZ_CHECK(strncmp(at, "a=", 2) == 0);
        at = quoted(at + 2, "n\"\\");
        if (*at == '\0')
            break;
        FUZZ_CHECK(*at++ == ',');
    }
    FUZZ_CHECK(at == labels.text + labels.bytes);
    ms_log_text(&line, "a", text);
    FUZZ_CHECK(line.bytes < sizeof line.text);
    line.text[line.bytes] = '\0';
    FUZZ_CHECK(strncmp(line.text, " a=", 3) == 0);
    FUZZ_CHECK(*quoted(line.text + 3, "x\"\\") == '\0');
    for (size_t i = 0; i < line.bytes; i++)
        FUZZ_CHECK(line.text[i] >= ' ' && line.text[i] <= '~');
    return 0;
}

// SPDX-License-Identifier: MIT
//
// Any text as a snapshot, cut anywhere. What is taken is written out again and
// read back: it is the same; what is refused is told with its place.

#include "harness.h"

#include <string.h>

#include "engine/import.h"
#include "engine/render.h"

static char *written(const struct ms_snapshot *s, size_t *bytes)
{
    struct ms_render_stream *stream = ms_render_snapshot(s);
    size_t room = 1 << 20, n;
    char *text = malloc(room);

    FUZZ_CHECK(stream != NULL && text != NULL);
    *bytes = 0;
    while ((n = ms_render_read(stream, text + *bytes, room - *bytes)) != 0) {
        FUZZ_CHECK(n != SIZE_MAX);
        *bytes += n;
        if (*bytes == room)
            text = realloc(text, room *= 2);
        FUZZ_CHECK(text != NULL);
    }
    ms_render_close(stream);
    return text;
}

static struct ms_import *read_back(const char *text, size_t bytes, size_t step)
{
    struct ms_import *m = ms_import_create();

    FUZZ_CHECK(m != NULL);
    for (size_t at = 0; at < bytes; at += step)
        if (ms_import_feed(m, text + at,
                           bytes - at < step ? bytes - at : step) !=
            MEMSCOPE_OK)
            break;
    return m;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t step = size == 0 ? 1 : data[size - 1] + 1u, bytes, again;
    struct ms_import *m = read_back((const char *)data, size, step);

    if (ms_import_end(m) != MEMSCOPE_OK) {
        FUZZ_CHECK(strstr(ms_import_error(m), "byte ") != NULL);
        ms_import_destroy(m);
        return 0;
    }
    FUZZ_CHECK(ms_import_error(m)[0] == '\0');
    char *first = written(ms_import_snapshot(m), &bytes);
    struct ms_import *copy = read_back(first, bytes, 4096);
    FUZZ_CHECK(ms_import_end(copy) == MEMSCOPE_OK);
    char *second = written(ms_import_snapshot(copy), &again);
    FUZZ_CHECK(bytes == again && memcmp(first, second, bytes) == 0);
    free(first);
    free(second);
    ms_import_destroy(copy);
    ms_import_destroy(m);
    return 0;
}

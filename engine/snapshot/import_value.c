// SPDX-License-Identifier: MIT
//
// import_value: single values: from their text to the member of a structure.

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "snapshot/import_private.h"

static bool wrong(struct ms_import *m, const char *why)
{
    return ms_import_fail(m, MEMSCOPE_ERROR_FORMAT, why);
}

// A whole number. One below 0 is a difference that a damaged segment has left;
// it was written as such, and comes back as what it was.
static bool whole(const struct ms_value *v, uint64_t *out)
{
    size_t i = v->bytes != 0 && v->text[0] == '-';
    uint64_t n = 0;

    if (v->kind != MS_NUMBER || i == v->bytes)
        return false;
    for (bool negative = i != 0;; i++) {
        if (i == v->bytes) {
            *out = negative ? 0 - n : n;
            return true;
        }
        if (v->text[i] < '0' || v->text[i] > '9')
            return false;
        uint64_t digit = (uint64_t)(v->text[i] - '0');
        if (n > (UINT64_MAX - digit) / 10)
            return false;
        n = n * 10 + digit;
    }
}

static bool real(const struct ms_value *v, double *out)
{
    char text[64], *end;

    if (v->kind == MS_NULL) {
        *out = NAN;
        return true;
    }
    if (v->kind != MS_NUMBER || v->bytes >= sizeof text)
        return false;
    memcpy(text, v->text, v->bytes);
    text[v->bytes] = '\0';
    *out = strtod(text, &end);
    return *end == '\0' && isfinite(*out);
}

static bool hex(const struct ms_value *v, uint64_t *out)
{
    char text[20], *end;

    if (v->kind != MS_TEXT || v->bytes < 3 || v->bytes > 18 ||
        memcmp(v->text, "0x", 2) != 0)
        return false;
    memcpy(text, v->text, v->bytes);
    text[v->bytes] = '\0';
    for (const char *p = text + 2; *p != '\0'; p++)
        if (strchr("0123456789abcdef", *p) == NULL)
            return false;
    *out = strtoull(text, &end, 16);
    return true;
}

static bool store_text(struct ms_import *m, const struct ms_field *f, char *at,
                       const struct ms_value *v)
{
    if (v->kind == MS_NULL && f->kind == MS_FIELD_TEXT_0)
        return true;
    if (v->kind != MS_TEXT)
        return wrong(m, "a text is expected");
    if (memchr(v->text, '\0', v->bytes) != NULL)
        return wrong(m, "the text has a zero in it");
    if (f->kind == MS_FIELD_STRING) {
        char *text = malloc(v->bytes + 1);
        if (text == NULL)
            return ms_import_fail(m, MEMSCOPE_ERROR_MEMORY,
                                  "memory has run out");
        memcpy(text, v->text, v->bytes);
        text[v->bytes] = '\0';
        const char *kept = ms_strings_keep(&m->entry->strings, text);
        free(text);
        memcpy(at, &kept, sizeof kept);
        return true;
    }
    if (v->bytes >= f->count)
        return wrong(m, "the text is too long");
    memcpy(at, v->text, v->bytes);
    at[v->bytes] = '\0';
    return true;
}

static bool store_whole(struct ms_import *m, const struct ms_field *f, char *at,
                        const struct ms_value *v)
{
    uint64_t n, most = UINT64_MAX;

    if (v->kind == MS_NULL && f->kind == MS_FIELD_U64)
        return memset(at, 0xff, sizeof n) != NULL;
    if (v->kind == MS_NULL && f->kind == MS_FIELD_U64_0)
        return memset(at, 0, sizeof n) != NULL;
    if (f->kind == MS_FIELD_HEX) {
        if (!hex(v, &n))
            return wrong(m, "an address is expected: \"0x...\"");
        memcpy(at, &n, sizeof n);
        return true;
    }
    if (!whole(v, &n))
        return wrong(m, "a whole number is expected");
    if (f->kind == MS_FIELD_U32)
        most = UINT32_MAX;
    else if (f->kind == MS_FIELD_I32)
        most = INT32_MAX;
    else if (f->kind == MS_FIELD_MS)
        most = UINT64_MAX / 1000000;
    if (n > most)
        return wrong(m, "the number is too large");
    uint32_t n32 = (uint32_t)n;
    if (f->kind == MS_FIELD_MS)
        n *= 1000000;
    if (most <= UINT32_MAX)
        memcpy(at, &n32, sizeof n32);
    else
        memcpy(at, &n, sizeof n);
    return true;
}

// A state, and how a process has ended.
static bool store_end(struct ms_import *m, const struct ms_field *f, char *at,
                      const struct ms_value *v)
{
    enum ms_session_state state = MS_SESSION_ENDED;
    uint64_t n;

    if (f->kind == MS_FIELD_STATE) {
        if (v->kind != MS_TEXT)
            return wrong(m, "a text is expected");
        if (v->bytes == 7 && memcmp(v->text, "running", 7) == 0)
            state = MS_SESSION_RUNNING;
        else if (v->bytes != 5 || memcmp(v->text, "ended", 5) != 0)
            return wrong(m, "\"running\" or \"ended\" is expected");
        memcpy(at, &state, sizeof state);
        return true;
    }
    if (v->kind == MS_NULL)
        return true;
    if (!whole(v, &n) || n > (f->kind == MS_FIELD_EXIT ? 255u : 127u))
        return wrong(m, "an exit code or a signal is expected");
    int status = f->kind == MS_FIELD_EXIT ? W_EXITCODE((int)n, 0) : (int)n;
    memcpy(at, &status, sizeof status);
    return true;
}

// What is written by its name.
static bool store_word(struct ms_import *m, const struct ms_field *f, char *at,
                       const struct ms_value *v)
{
    const char *word;

    if (v->kind != MS_TEXT)
        return wrong(m, "a text is expected");
    for (size_t i = 0; (word = ms_field_word(f->kind, i)) != NULL; i++) {
        uint32_t number = (uint32_t)i;
        if (strlen(word) != v->bytes || memcmp(word, v->text, v->bytes) != 0)
            continue;
        if (f->kind == MS_FIELD_ANALYZER)
            memcpy(at, &i, sizeof i);
        else
            memcpy(at, &number, sizeof number);
        return true;
    }
    return wrong(m, "it is none of the words that may stand here");
}

static bool store_double(struct ms_import *m, const struct ms_field *f,
                         char *at, size_t index, const struct ms_value *v)
{
    double d;

    if (!real(v, &d))
        return wrong(m, "a number is expected");
    float single = (float)d;
    if (f->kind == MS_FIELD_DOUBLE)
        memcpy(at, &d, sizeof d);
    else
        memcpy(at + index * sizeof single, &single, sizeof single);
    return true;
}

static bool check_head(struct ms_import *m, const struct ms_field *f,
                       const struct ms_value *v)
{
    static const char format[] = MS_SNAPSHOT_FORMAT;
    uint64_t version;

    if (f->kind == MS_FIELD_FORMAT) {
        if (v->kind == MS_TEXT && v->bytes == sizeof format - 1 &&
            memcmp(v->text, format, v->bytes) == 0)
            return true;
        return wrong(m, "this is no memscope snapshot");
    }
    if (!whole(v, &version) || version == 0)
        return wrong(m, "a version is a number from 1 on");
    if (version > MS_SNAPSHOT_VERSION)
        return wrong(m, "it is of a newer memscope than this one");
    return true;
}

bool ms_import_store(struct ms_import *m, const struct ms_field *f, char *base,
                     size_t index, const struct ms_value *v)
{
    char *at = base + f->offset;

    switch (f->kind) {
    case MS_FIELD_U64:
    case MS_FIELD_U64_0:
    case MS_FIELD_U32:
    case MS_FIELD_I32:
    case MS_FIELD_SIZE:
    case MS_FIELD_HEX:
    case MS_FIELD_MS:
        return store_whole(m, f, at, v);
    case MS_FIELD_U64S:
        if (index >= f->count)
            return wrong(m, "the list is too long");
        return store_whole(m, f, at + index * sizeof(uint64_t), v);
    case MS_FIELD_EDGES: // the others follow from the first
        return index != 0 || store_whole(m, f, at, v);
    case MS_FIELD_FLOATS:
        if (index >= f->count)
            return wrong(m, "the list is too long");
        return store_double(m, f, at, index, v);
    case MS_FIELD_DOUBLE:
        return store_double(m, f, at, 0, v);
    case MS_FIELD_BOOL:
        if (v->kind != MS_TRUE_FALSE)
            return wrong(m, "true or false is expected");
        memcpy(at, &v->truth, sizeof v->truth);
        return true;
    case MS_FIELD_TEXT:
    case MS_FIELD_TEXT_0:
    case MS_FIELD_STRING:
        return store_text(m, f, at, v);
    case MS_FIELD_CHAR:
        if (v->kind != MS_TEXT || v->bytes != 1 || v->text[0] == '\0')
            return wrong(m, "one letter is expected");
        *at = v->text[0];
        return true;
    case MS_FIELD_STATE:
    case MS_FIELD_EXIT:
    case MS_FIELD_SIGNAL:
        return store_end(m, f, at, v);
    case MS_FIELD_ANALYZER:
    case MS_FIELD_SCAN_STATE:
    case MS_FIELD_LEAK_KIND:
    case MS_FIELD_GROUP_KIND:
        return store_word(m, f, at, v);
    case MS_FIELD_FORMAT:
    case MS_FIELD_VERSION:
        return check_head(m, f, v);
    case MS_FIELD_IGNORED:
        return true;
    case MS_FIELD_OBJECT:
        return wrong(m, "an object is expected");
    case MS_FIELD_ROWS:
    case MS_FIELD_INLINE:
        break;
    }
    return wrong(m, "a list is expected");
}

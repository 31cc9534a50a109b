// SPDX-License-Identifier: MIT
// See suppressions.h for the contract.

#include "analysis/suppressions.h"

#include <stdlib.h>
#include <string.h>

#define KIND "leak:"

struct ms_suppressions {
    size_t count;
    char **patterns; // into the text behind them
};

static char *trim(char *line)
{
    while (*line == ' ' || *line == '\t')
        line++;
    size_t n = strlen(line);
    while (n > 0 &&
           (line[n - 1] == ' ' || line[n - 1] == '\t' || line[n - 1] == '\r'))
        line[--n] = '\0';
    return line;
}

struct ms_suppressions *ms_suppressions_parse(const char *text, size_t bytes,
                                              unsigned *line)
{
    size_t lines = 1;

    *line = 0;
    for (size_t i = 0; i < bytes; i++)
        lines += text[i] == '\n';
    struct ms_suppressions *s =
        malloc(sizeof *s + lines * sizeof *s->patterns + bytes + 1);
    if (s == NULL)
        return NULL;
    s->count = 0;
    s->patterns = (char **)(s + 1);
    char *next = (char *)(s->patterns + lines);
    memcpy(next, text, bytes);
    next[bytes] = '\0';
    for (unsigned number = 1; next != NULL; number++) {
        char *end = strchr(next, '\n');
        if (end != NULL)
            *end = '\0';
        char *entry = trim(next);
        next = end != NULL ? end + 1 : NULL;
        if (*entry == '\0' || *entry == '#')
            continue;
        if (strncmp(entry, KIND, strlen(KIND)) != 0 ||
            entry[strlen(KIND)] == '\0') {
            *line = number;
            free(s);
            return NULL;
        }
        s->patterns[s->count++] = entry + strlen(KIND);
    }
    return s;
}

void ms_suppressions_free(struct ms_suppressions *s)
{
    free(s);
}

// Whether a piece without '*' stands at the beginning of the text.
static bool starts(const char *piece, size_t n, const char *text)
{
    return strncmp(piece, text, n) == 0;
}

// The greedy way is right: of all places where a piece stands, the first one
// leaves the most text for the rest.
static bool match(const char *pattern, const char *text)
{
    bool anchored = *pattern == '^';

    pattern += anchored;
    for (;;) {
        size_t n = strcspn(pattern, "*$");
        bool at_end = pattern[n] == '$' && pattern[n + 1] == '\0';
        if (pattern[n] == '$' && !at_end)
            n += 1 + strcspn(pattern + n + 1, "*"); // an ordinary '$'
        if (at_end) {
            size_t left = strlen(text);
            return left >= n && starts(pattern, n, text + left - n) &&
                   (!anchored || left == n);
        }
        while (!starts(pattern, n, text)) {
            if (anchored || *text == '\0')
                return false;
            text++;
        }
        text += n;
        pattern += n;
        if (*pattern == '\0')
            return true;
        pattern++; // the '*'
        anchored = false;
    }
}

size_t ms_suppressions_match(const struct ms_suppressions *s, const char *text)
{
    for (size_t i = 0; s != NULL && i < s->count; i++)
        if (match(s->patterns[i], text))
            return i + 1;
    return 0;
}

const char *ms_suppressions_pattern(const struct ms_suppressions *s,
                                    size_t number)
{
    return s->patterns[number - 1];
}

// SPDX-License-Identifier: MIT
//
// query: the parameters after the '?'. Decoded, bounded, each at most once;
// every handler says which it knows. Pure.

#ifndef MS_SERVER_QUERY_H
#define MS_SERVER_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MS_QUERY_PARAMETERS 16
#define MS_QUERY_VALUE 256

struct ms_query {
    size_t count;
    bool bad; // too many, too long, or one of them twice
    struct {
        char name[24];
        char value[MS_QUERY_VALUE];
    } parameters[MS_QUERY_PARAMETERS];
};

// ms_query_add keeps one parameter, already decoded. value may be NULL.
void ms_query_add(struct ms_query *q, const char *name, const char *value);

// ms_query_text gives a parameter's value, or `otherwise`.
const char *ms_query_text(const struct ms_query *q, const char *name,
                          const char *otherwise);

// ms_query_number parses an unsigned decimal number of at most `most`. False:
// it is none. Missing: *out becomes `otherwise`.
bool ms_query_number(const struct ms_query *q, const char *name,
                     uint64_t otherwise, uint64_t most, uint64_t *out);

// ms_query_parse is the same of a text.
bool ms_query_parse(const char *text, uint64_t most, uint64_t *out);

// ms_query_only says whether all parameters are among `known`, a list that
// ends with NULL.
bool ms_query_only(const struct ms_query *q, const char *const *known);

#endif

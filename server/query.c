// SPDX-License-Identifier: MIT
// See query.h for the contract.

#include "query.h"

#include <string.h>

static const char *find(const struct ms_query *q, const char *name)
{
    for (size_t i = 0; i < q->count; i++)
        if (strcmp(q->parameters[i].name, name) == 0)
            return q->parameters[i].value;
    return NULL;
}

void ms_query_add(struct ms_query *q, const char *name, const char *value)
{
    const char *text = value != NULL ? value : "";

    if (q->count == MS_QUERY_PARAMETERS ||
        strlen(name) >= sizeof q->parameters[0].name ||
        strlen(text) >= MS_QUERY_VALUE || find(q, name) != NULL) {
        q->bad = true;
        return;
    }
    strcpy(q->parameters[q->count].name, name);
    strcpy(q->parameters[q->count].value, text);
    q->count++;
}

const char *ms_query_text(const struct ms_query *q, const char *name,
                          const char *otherwise)
{
    const char *value = find(q, name);

    return value != NULL ? value : otherwise;
}

bool ms_query_number(const struct ms_query *q, const char *name,
                     uint64_t otherwise, uint64_t most, uint64_t *out)
{
    const char *text = find(q, name);

    *out = otherwise;
    return text == NULL || ms_query_parse(text, most, out);
}

bool ms_query_parse(const char *p, uint64_t most, uint64_t *out)
{
    uint64_t n = 0;

    if (*p == '\0' || strlen(p) > 19)
        return false;
    for (; *p != '\0'; p++) {
        if (*p < '0' || *p > '9')
            return false;
        n = n * 10 + (uint64_t)(*p - '0');
    }
    *out = n;
    return n <= most;
}

bool ms_query_only(const struct ms_query *q, const char *const *known)
{
    for (size_t i = 0; i < q->count; i++) {
        const char *const *k = known;
        while (*k != NULL && strcmp(*k, q->parameters[i].name) != 0)
            k++;
        if (*k == NULL)
            return false;
    }
    return true;
}

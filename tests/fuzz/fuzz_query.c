// SPDX-License-Identifier: MIT
//
// Any parameters: "name=value&name=value", both taken as they are. What was
// kept is what was given, and a number is what it says.

#include "harness.h"

#include <string.h>

#include "query.h"

static void check_parameter(const struct ms_query *q, const char *name,
                            const char *value)
{
    uint64_t n;
    char text[32];

    FUZZ_CHECK(strcmp(ms_query_text(q, name, NULL), value) == 0);
    if (!ms_query_number(q, name, 5, UINT64_MAX, &n))
        return;
    while (value[0] == '0' && value[1] != '\0')
        value++;
    snprintf(text, sizeof text, "%llu", (unsigned long long)n);
    FUZZ_CHECK(strcmp(text, value) == 0);
    FUZZ_CHECK(n == 0 || !ms_query_number(q, name, 5, n - 1, &n));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const known[] = {"sort", "limit", "q", NULL};
    struct ms_query q = {0};
    char *text = malloc(size + 1), *save = NULL;

    FUZZ_CHECK(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    for (char *p = strtok_r(text, "&", &save); p != NULL;
         p = strtok_r(NULL, "&", &save)) {
        char *equals = strchr(p, '=');
        if (equals != NULL)
            *equals++ = '\0';
        size_t before = q.count;
        ms_query_add(&q, p, equals);
        FUZZ_CHECK(q.count <= MS_QUERY_PARAMETERS);
        FUZZ_CHECK(q.count == before + 1 || q.bad);
        if (q.count > before)
            check_parameter(&q, p, equals != NULL ? equals : "");
    }
    (void)ms_query_only(&q, known);
    free(text);
    return 0;
}

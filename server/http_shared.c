// SPDX-License-Identifier: MIT
// See http_shared.h for the contract.

#include "http_shared.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define KEPT 24u

struct kept {
    char etag[64];
    const char *encoding; // static, or NULL
    struct MHD_Response *response;
    uint64_t used; // the number of the look-up
};

struct ms_http_shared {
    uint64_t looks;
    struct kept all[KEPT];
};

struct ms_http_shared *ms_http_shared_create(void)
{
    return calloc(1, sizeof(struct ms_http_shared));
}

static void let_go(struct kept *k)
{
    if (k->response != NULL)
        MHD_destroy_response(k->response);
    k->response = NULL;
}

void ms_http_shared_destroy(struct ms_http_shared *s)
{
    for (size_t i = 0; i < KEPT; i++)
        let_go(&s->all[i]);
    free(s);
}

static bool is_it(const struct kept *k, const char *etag, const char *encoding)
{
    return k->response != NULL && strcmp(k->etag, etag) == 0 &&
           (encoding == NULL) == (k->encoding == NULL) &&
           (encoding == NULL || strcmp(k->encoding, encoding) == 0);
}

struct MHD_Response *ms_http_shared_get(struct ms_http_shared *s,
                                        const char *etag, const char *encoding)
{
    s->looks++;
    for (size_t i = 0; i < KEPT; i++)
        if (is_it(&s->all[i], etag, encoding)) {
            s->all[i].used = s->looks;
            return s->all[i].response;
        }
    return NULL;
}

void ms_http_shared_put(struct ms_http_shared *s, const char *etag,
                        const char *encoding, struct MHD_Response *response)
{
    struct kept *at = &s->all[0];

    for (size_t i = 1; i < KEPT; i++)
        if (s->all[i].used < at->used)
            at = &s->all[i];
    let_go(at);
    *at = (struct kept){
        .encoding = encoding, .response = response, .used = s->looks};
    strncpy(at->etag, etag, sizeof at->etag - 1);
}

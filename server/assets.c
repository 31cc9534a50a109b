// SPDX-License-Identifier: MIT
// See assets.h for the contract.

#include "assets.h"

#include <string.h>

#include "negotiate.h"

// As embed_assets.cmake lays them out.
struct form {
    const char *begin;
    uint64_t bytes;
};

struct asset {
    const char *name;
    const char *etag;
    struct form plain, gzip, brotli;
};

extern const struct asset ms_asset_table[];
extern const uint64_t ms_asset_count;

static const char *type_of(const char *name)
{
    static const char *const types[][2] = {
        {".html", "text/html; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},
        {".svg", "image/svg+xml"},
        {".json", "application/json"},
    };
    const char *dot = strrchr(name, '.');

    for (size_t i = 0; dot != NULL && i < sizeof types / sizeof *types; i++)
        if (strcmp(dot, types[i][0]) == 0)
            return types[i][1];
    return "application/octet-stream";
}

static void choose(const struct asset *a, const char *accepted,
                   struct ms_reply *r)
{
    const struct form *form = &a->plain;

    switch (ms_negotiate_encoding(accepted, a->gzip.begin != NULL,
                                  a->brotli.begin != NULL)) {
    case MS_ENCODING_BROTLI:
        form = &a->brotli;
        r->encoding = "br";
        break;
    case MS_ENCODING_GZIP:
        form = &a->gzip;
        r->encoding = "gzip";
        break;
    case MS_ENCODING_PLAIN:
        break;
    }
    r->text = form->begin;
    r->text_bytes = form->bytes;
}

static const struct asset *find(const char *name)
{
    for (uint64_t i = 0; i < ms_asset_count; i++)
        if (strcmp(ms_asset_table[i].name, name) == 0)
            return &ms_asset_table[i];
    return NULL;
}

bool ms_assets_has(const char *path)
{
    return path[0] == '/' && find(path + 1) != NULL;
}

bool ms_assets_file(const char *name, const struct ms_request *q,
                    struct ms_reply *r)
{
    const struct asset *a = find(name);

    if (a == NULL)
        return false;
    r->etag = a->etag;
    r->content_type = type_of(name);
    if (ms_negotiate_unchanged(q->if_none_match, a->etag))
        r->status = 304;
    else
        choose(a, q->accept_encoding, r);
    return true;
}

const char *ms_assets_text(const char *name, size_t *bytes)
{
    for (uint64_t i = 0; i < ms_asset_count; i++)
        if (strcmp(ms_asset_table[i].name, name) == 0) {
            *bytes = ms_asset_table[i].plain.bytes;
            return ms_asset_table[i].plain.begin;
        }
    return NULL;
}

bool ms_assets_answer(const struct ms_request *q, struct ms_reply *r)
{
    const char *name = q->path + 1;

    // One lives under /api, the other wants data after it.
    if (strcmp(name, "openapi.json") == 0 || strcmp(name, "report.html") == 0)
        return false;
    return ms_assets_file(name[0] == '\0' ? "index.html" : name, q, r);
}

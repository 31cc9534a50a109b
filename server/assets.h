// SPDX-License-Identifier: MIT
//
// assets: the page and what belongs to it, embedded at build. Constant.

#ifndef MS_SERVER_ASSETS_H
#define MS_SERVER_ASSETS_H

#include <stdbool.h>

#include "routes.h"

// ms_assets_answer fills a reply when the path is an asset's ("/" is the
// page), in the encoding that the client takes; 304 when it has it already.
bool ms_assets_answer(const struct ms_request *q, struct ms_reply *r);

// ms_assets_has says whether a path is an asset's.
bool ms_assets_has(const char *path);

// ms_assets_file fills a reply with an asset under another path.
bool ms_assets_file(const char *name, const struct ms_request *q,
                    struct ms_reply *r);

// ms_assets_text gives a file as it is; NULL: there is none.
const char *ms_assets_text(const char *name, size_t *bytes);

#endif

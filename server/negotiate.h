// SPDX-License-Identifier: MIT
//
// negotiate: what a client takes, by its Accept and Accept-Encoding headers
// (RFC 9110, section 12.5). Pure.

#ifndef MS_SERVER_NEGOTIATE_H
#define MS_SERVER_NEGOTIATE_H

#include <stdbool.h>

enum ms_encoding { MS_ENCODING_PLAIN, MS_ENCODING_GZIP, MS_ENCODING_BROTLI };

// ms_negotiate_weight is the weight of the element `token` in a list, in
// thousandths, 0 to 1000; of several the highest. -1: the list does not name
// it. An element with a `version` counts only when that is `version` (NULL:
// any).
int ms_negotiate_weight(const char *list, const char *token,
                        const char *version);

// ms_negotiate_encoding chooses among the plain form and those offered: the
// one of the highest weight, of equals the shortest. The plain form is
// what remains when nothing else is taken.
enum ms_encoding ms_negotiate_encoding(const char *accept_encoding,
                                       bool has_gzip, bool has_brotli);

// ms_negotiate_unchanged says whether an If-None-Match names this entity tag,
// by weak comparison; "*" names any.
bool ms_negotiate_unchanged(const char *if_none_match, const char *etag);

#endif

// SPDX-License-Identifier: MIT
//
// token: the secret that lets in whom the kernel does not vouch for.

#ifndef MS_SERVER_TOKEN_H
#define MS_SERVER_TOKEN_H

#include <stdbool.h>
#include <stddef.h>

#define MS_TOKEN_LEAST 16  // characters
#define MS_TOKEN_BYTES 129 // of the longest one, and the NUL behind it

// Unused bytes are 0.
struct ms_token {
    char text[MS_TOKEN_BYTES];
};

// ms_token_make draws 128 random bits, as 32 hex digits. False: the kernel
// gave none.
bool ms_token_make(struct ms_token *token);

// ms_token_read takes it from a file that nobody but its owner, this user or
// root, may read: one line of letters, digits and "-._~+/=". Returns NULL, or
// what is wrong with the file; static.
const char *ms_token_read(const char *path, struct ms_token *token);

// ms_token_equal takes the same steps for whatever is given, and whatever the
// token is: how long it takes tells nothing of how much was right.
bool ms_token_equal(const struct ms_token *token, const char *given,
                    size_t bytes);

#endif

// SPDX-License-Identifier: MIT
// See token.h for the contract.

#include "token.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define RANDOM_BYTES 16

bool ms_token_make(struct ms_token *token)
{
    unsigned char random[RANDOM_BYTES];

    *token = (struct ms_token){0};
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
        return false;
    for (size_t i = 0; i < sizeof random; i++)
        snprintf(token->text + 2 * i, 3, "%02x", random[i]);
    return true;
}

// Characters that a header, a cookie and a URL can hold as they are.
static bool is_token(const char *text, size_t bytes)
{
    static const char good[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                               "abcdefghijklmnopqrstuvwxyz"
                               "0123456789-._~+/=";

    return strspn(text, good) == bytes && text[bytes] == '\0';
}

static const char *read_open(int fd, struct ms_token *token)
{
    struct stat is;
    char line[MS_TOKEN_BYTES + 2];

    if (fstat(fd, &is) != 0 || !S_ISREG(is.st_mode))
        return "it is no file";
    if (is.st_uid != geteuid() && is.st_uid != 0)
        return "it belongs to another user";
    if ((is.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return "others may read or write it (chmod 600)";
    ssize_t n = read(fd, line, sizeof line - 1);
    if (n < 0)
        return strerror(errno);
    while (n > 0 && (line[n - 1] == '\n' || line[n - 1] == '\r'))
        n--;
    line[n] = '\0';
    if (n < MS_TOKEN_LEAST || n >= MS_TOKEN_BYTES)
        return "a token has 16 to 128 characters";
    if (!is_token(line, (size_t)n))
        return "a token is one line of letters, digits and -._~+/=";
    memcpy(token->text, line, (size_t)n);
    return NULL;
}

const char *ms_token_read(const char *path, struct ms_token *token)
{
    *token = (struct ms_token){0};
    // A pipe without a writer would not let open return.
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return strerror(errno);
    const char *why = read_open(fd, token);
    close(fd);
    return why;
}

bool ms_token_equal(const struct ms_token *token, const char *given,
                    size_t bytes)
{
    struct ms_token padded = {0};
    // volatile: else a compiler may leave the loop as soon as it knows.
    volatile unsigned char different = 0;

    if (bytes >= MS_TOKEN_BYTES)
        return false;
    memcpy(padded.text, given, bytes);
    for (size_t i = 0; i < MS_TOKEN_BYTES; i++)
        different |= (unsigned char)(token->text[i] ^ padded.text[i]);
    return different == 0;
}

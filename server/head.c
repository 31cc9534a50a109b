// SPDX-License-Identifier: MIT
// See head.h for the contract.

#include "head.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define VALUE_BYTES 512

enum found { MISSING, FOUND, BAD }; // BAD: too long, or there twice

// Finds a header and copies its value.
static enum found header(const char *head, size_t bytes, const char *name,
                         char value[VALUE_BYTES])
{
    size_t length = strlen(name);
    const char *end = head + bytes;
    enum found found = MISSING;

    for (const char *line = memchr(head, '\n', bytes); line != NULL;) {
        line++;
        const char *next = memchr(line, '\n', (size_t)(end - line));
        const char *stop = next != NULL ? next : end;
        if ((size_t)(stop - line) > length && line[length] == ':' &&
            strncasecmp(line, name, length) == 0) {
            const char *from = line + length + 1;
            while (from < stop && (*from == ' ' || *from == '\t'))
                from++;
            while (stop > from &&
                   (stop[-1] == '\r' || stop[-1] == ' ' || stop[-1] == '\t'))
                stop--;
            size_t n = (size_t)(stop - from);
            if (found == FOUND || n >= VALUE_BYTES ||
                memchr(from, '\0', n) != NULL)
                return BAD;
            memcpy(value, from, n);
            value[n] = '\0';
            found = FOUND;
        }
        line = next;
    }
    return found;
}

// Whether a comma-separated list has this token, by one of strncasecmp and
// strncmp.
static bool has_token(const char *list, const char *token,
                      int (*compare)(const char *, const char *, size_t))
{
    size_t length = strlen(token);

    for (const char *p = list; *p != '\0';) {
        p += strspn(p, ", \t");
        size_t n = strcspn(p, ", \t");
        if (n == length && compare(p, token, n) == 0)
            return true;
        p += n;
    }
    return false;
}

static bool is_upgrade(const struct ms_access *access, const char *head,
                       size_t bytes)
{
    static const char request[] = "GET /ws HTTP/1.1\r\n";
    char value[VALUE_BYTES];

    if (bytes < sizeof request - 1 ||
        memcmp(head, request, sizeof request - 1) != 0)
        return false;
    if (header(head, bytes, "Upgrade", value) != FOUND ||
        strcasecmp(value, "websocket") != 0)
        return false;
    if (header(head, bytes, "Connection", value) != FOUND ||
        !has_token(value, "upgrade", strncasecmp))
        return false;
    if (header(head, bytes, "Sec-WebSocket-Version", value) != FOUND ||
        strcmp(value, "13") != 0)
        return false;
    if (header(head, bytes, "Sec-WebSocket-Protocol", value) != FOUND ||
        !has_token(value, "memscope.v1", strncmp))
        return false;
    if (header(head, bytes, "Host", value) != FOUND ||
        !ms_access_host(access, value))
        return false;
    enum found origin = header(head, bytes, "Origin", value);
    return origin == MISSING ||
           (origin == FOUND && ms_access_origin(access, value));
}

enum ms_head_kind ms_head_classify(const struct ms_access *access,
                                   const char *head, size_t bytes, bool full)
{
    const char *end = memmem(head, bytes, "\r\n\r\n", 4);

    if (bytes == 0)
        return MS_HEAD_INCOMPLETE;
    // A method, or the empty line that some clients send before it. A NUL
    // would end a text for some of us and not for others.
    if ((!isalpha((unsigned char)head[0]) && head[0] != '\r') ||
        memchr(head, '\0', end != NULL ? (size_t)(end - head) : bytes) != NULL)
        return MS_HEAD_NONE;
    size_t most = bytes < MS_HEAD_LINE_BYTES ? bytes : MS_HEAD_LINE_BYTES;
    if (bytes > MS_HEAD_LINE_BYTES && memchr(head + 2, '\n', most - 2) == NULL)
        return MS_HEAD_LONG_LINE;
    if (end == NULL)
        return full ? MS_HEAD_TOO_LARGE : MS_HEAD_INCOMPLETE;
    return is_upgrade(access, head, (size_t)(end - head) + 4)
               ? MS_HEAD_WEBSOCKET
               : MS_HEAD_HTTP;
}

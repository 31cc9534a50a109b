// SPDX-License-Identifier: MIT
// See head.h for the contract.

#include "head.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define VALUE_BYTES 512
#define COOKIES_BYTES 16384 // those of all ports of this machine come

enum found { MISSING, FOUND, BAD }; // BAD: too long, or there twice

// Finds a header and copies its value.
static enum found header(const char *head, size_t bytes, const char *name,
                         char *value, size_t room)
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
            if (found == FOUND || n >= room || memchr(from, '\0', n) != NULL)
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

// The value of a header, or NULL: it is not there. *bad: it is, but not once.
static const char *one(const char *head, size_t bytes, const char *name,
                       char *value, size_t room, bool *bad)
{
    enum found found = header(head, bytes, name, value, room);

    *bad |= found == BAD;
    return found == FOUND ? value : NULL;
}

static bool may_come(struct ms_access *access, const struct ms_caller *caller,
                     const char *head, size_t bytes)
{
    char host[VALUE_BYTES], origin[VALUE_BYTES], right[VALUE_BYTES];
    static char cookies[COOKIES_BYTES];
    bool bad = false;
    const char *h = one(head, bytes, "Host", host, sizeof host, &bad);
    const char *o = one(head, bytes, "Origin", origin, sizeof origin, &bad);
    struct ms_credentials c = {
        .authorization =
            one(head, bytes, "Authorization", right, sizeof right, &bad),
        .cookies = one(head, bytes, "Cookie", cookies, sizeof cookies, &bad),
    };

    if (bad)
        return false;
    enum ms_host kind = ms_access_host(access, caller, h);
    return kind != MS_HOST_FOREIGN && ms_access_origin(access, caller, h, o) &&
           ms_access_entry(access, caller, kind, &c) >= MS_ENTRY_KNOWN;
}

static bool is_upgrade(struct ms_access *access, const struct ms_caller *caller,
                       const char *head, size_t bytes)
{
    static const char request[] = "GET /ws HTTP/1.1\r\n";
    char value[VALUE_BYTES];

    if (bytes < sizeof request - 1 ||
        memcmp(head, request, sizeof request - 1) != 0)
        return false;
    if (header(head, bytes, "Upgrade", value, sizeof value) != FOUND ||
        strcasecmp(value, "websocket") != 0)
        return false;
    if (header(head, bytes, "Connection", value, sizeof value) != FOUND ||
        !has_token(value, "upgrade", strncasecmp))
        return false;
    if (header(head, bytes, "Sec-WebSocket-Version", value, sizeof value) !=
            FOUND ||
        strcmp(value, "13") != 0)
        return false;
    if (header(head, bytes, "Sec-WebSocket-Protocol", value, sizeof value) !=
            FOUND ||
        !has_token(value, "memscope.v1", strncmp))
        return false;
    return may_come(access, caller, head, bytes);
}

// A length is digits, and one that a number can hold.
static bool is_length(const char *value, size_t bytes)
{
    for (; bytes != 0 && strchr(" \t", *value) != NULL; bytes--)
        value++;
    while (bytes != 0 && strchr(" \t", value[bytes - 1]) != NULL)
        bytes--;
    for (size_t i = 0; i < bytes; i++)
        if (!isdigit((unsigned char)value[i]))
            return false;
    return bytes != 0 && bytes < 19;
}

static bool is_name(const char *name, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        if (!isalnum((unsigned char)name[i]) &&
            strchr("!#$%&'*+-.^_`|~", name[i]) == NULL)
            return false;
    return bytes != 0;
}

static bool has_controls(const char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        unsigned char c = (unsigned char)text[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return true;
    }
    return false;
}

// A header by RFC 9112: a name with a colon right behind it, and no control
// characters.
static bool is_clean_header(const char *name, size_t name_bytes,
                            const char *value, size_t bytes)
{
    static const char length[] = "Content-Length";

    return is_name(name, name_bytes) && !has_controls(value, bytes) &&
           (name_bytes != sizeof length - 1 ||
            strncasecmp(name, length, name_bytes) != 0 ||
            is_length(value, bytes));
}

static bool is_clean_line(const char *line, size_t bytes, bool is_request)
{
    if (bytes == 0 || line[bytes - 1] != '\r')
        return false;
    bytes--;
    if (is_request || bytes == 0)
        return !has_controls(line, bytes);
    const char *colon = memchr(line, ':', bytes);
    return colon != NULL &&
           is_clean_header(line, (size_t)(colon - line), colon + 1,
                           (size_t)(line + bytes - colon) - 1);
}

// What two readers could take for different things: lines that end otherwise,
// or go on in the next one. The last one may be yet to come.
static bool is_clean(const char *head, size_t bytes)
{
    const char *end = head + bytes;
    bool is_request = true;

    // The empty line that some clients send before it.
    if (bytes >= 2 && memcmp(head, "\r\n", 2) == 0)
        head += 2;
    for (const char *line = head, *next; line < end; line = next + 1) {
        next = memchr(line, '\n', (size_t)(end - line));
        if (next == NULL)
            return true;
        if (!is_clean_line(line, (size_t)(next - line), is_request))
            return false;
        is_request = false;
    }
    return true;
}

enum ms_head_kind ms_head_classify(struct ms_access *access,
                                   const struct ms_caller *caller,
                                   const char *head, size_t bytes, bool full)
{
    const char *end = memmem(head, bytes, "\r\n\r\n", 4);
    size_t length = end != NULL ? (size_t)(end - head) + 4 : bytes;

    if (bytes == 0)
        return MS_HEAD_INCOMPLETE;
    // A method, or an empty line. A NUL would end a text for some of us and not
    // for others.
    if ((!isalpha((unsigned char)head[0]) && head[0] != '\r') ||
        memchr(head, '\0', length) != NULL || !is_clean(head, length))
        return MS_HEAD_NONE;
    size_t most = bytes < MS_HEAD_LINE_BYTES ? bytes : MS_HEAD_LINE_BYTES;
    if (bytes > MS_HEAD_LINE_BYTES && memchr(head + 2, '\n', most - 2) == NULL)
        return MS_HEAD_LONG_LINE;
    if (end == NULL)
        return full ? MS_HEAD_TOO_LARGE : MS_HEAD_INCOMPLETE;
    return is_upgrade(access, caller, head, length) ? MS_HEAD_WEBSOCKET
                                                    : MS_HEAD_HTTP;
}

// Whether NULs stand for CR LF here.
static bool is_line_end(const char *at, const char *end)
{
    return end - at >= 2 && at[0] == '\0' && at[1] == '\0';
}

bool ms_head_is_clean(const char *head, const char *version, size_t bytes)
{
    const char *end = head + bytes;
    const char *at = version + strlen(version);

    if (!is_name(head, strlen(head)) || !is_line_end(at, end))
        return false;
    for (at += 2; end - at > 2;) {
        const char *colon = memchr(at, '\0', (size_t)(end - at));
        if (colon == NULL || colon + 1 == end)
            return false;
        const char *value = colon + 1;
        const char *stop = memchr(value, '\0', (size_t)(end - value));
        if (stop == NULL || !is_line_end(stop, end) ||
            !is_clean_header(at, (size_t)(colon - at), value,
                             (size_t)(stop - value)))
            return false;
        at = stop + 2;
    }
    return end - at == 2 && is_line_end(at, end);
}

// SPDX-License-Identifier: MIT
// See negotiate.h for the contract.

#include "negotiate.h"

#include <string.h>
#include <strings.h>

#define BLANK " \t"

// One part of a list, up to `stop`, without the blanks around it.
struct part {
    const char *at;
    size_t bytes;
};

static struct part next_part(const char **p, const char *end, char stop)
{
    const char *from = *p;

    while (from < end && strchr(BLANK, *from) != NULL)
        from++;
    const char *to =
        from < end ? memchr(from, stop, (size_t)(end - from)) : NULL;
    if (to == NULL)
        to = end;
    *p = to < end ? to + 1 : end;
    while (to > from && strchr(BLANK, to[-1]) != NULL)
        to--;
    return (struct part){from, (size_t)(to - from)};
}

static bool is(struct part p, const char *text)
{
    return strlen(text) == p.bytes && strncasecmp(p.at, text, p.bytes) == 0;
}

// The value of a parameter `name=`; NULL: it is another one.
static const char *value_of(struct part p, const char *name)
{
    size_t n = strlen(name);

    return p.bytes >= n && strncasecmp(p.at, name, n) == 0 ? p.at + n : NULL;
}

// "0.25" is 250. What is no weight refuses.
static int parse_weight(const char *text, const char *end)
{
    int weight = 0, digit = 100;

    if (text == end || (*text != '0' && *text != '1'))
        return 0;
    weight = (*text++ - '0') * 1000;
    if (text < end && *text++ != '.')
        return 0;
    for (; text < end && digit > 0; text++, digit /= 10) {
        if (*text < '0' || *text > '9')
            return 0;
        weight += (*text - '0') * digit;
    }
    return weight > 1000 ? 1000 : weight;
}

int ms_negotiate_weight(const char *list, const char *token,
                        const char *version)
{
    const char *end = list + strlen(list);
    int best = -1;

    while (list < end) {
        struct part element = next_part(&list, end, ',');
        const char *p = element.at, *stop = element.at + element.bytes;
        if (!is(next_part(&p, stop, ';'), token))
            continue;
        int weight = 1000;
        bool other_version = false;
        while (p < stop) {
            struct part parameter = next_part(&p, stop, ';');
            const char *value = value_of(parameter, "q=");
            const char *said = value_of(parameter, "version=");
            if (value != NULL)
                weight = parse_weight(value, parameter.at + parameter.bytes);
            if (said != NULL && version != NULL)
                other_version = (size_t)(parameter.at + parameter.bytes -
                                         said) != strlen(version) ||
                                strncmp(said, version, strlen(version)) != 0;
        }
        if (!other_version && weight > best)
            best = weight;
    }
    return best;
}

enum ms_encoding ms_negotiate_encoding(const char *accept_encoding,
                                       bool has_gzip, bool has_brotli)
{
    static const char *const names[] = {
        [MS_ENCODING_PLAIN] = "identity",
        [MS_ENCODING_GZIP] = "gzip",
        [MS_ENCODING_BROTLI] = "br",
    };
    const bool has[] = {true, has_gzip, has_brotli};
    enum ms_encoding best = MS_ENCODING_PLAIN;
    int rest = ms_negotiate_weight(accept_encoding, "*", NULL);
    int best_weight = 0;

    for (int i = MS_ENCODING_PLAIN; i <= MS_ENCODING_BROTLI; i++) {
        int weight = ms_negotiate_weight(accept_encoding, names[i], NULL);
        if (weight < 0)
            weight = rest;
        // Not named, the plain form is what is taken least.
        if (weight < 0 && i == MS_ENCODING_PLAIN)
            weight = 0;
        if (has[i] && weight > 0 && weight >= best_weight) {
            best = (enum ms_encoding)i;
            best_weight = weight;
        }
    }
    return best;
}

static struct part opaque(struct part tag)
{
    if (tag.bytes > 2 && memcmp(tag.at, "W/", 2) == 0)
        return (struct part){tag.at + 2, tag.bytes - 2};
    return tag;
}

bool ms_negotiate_unchanged(const char *if_none_match, const char *etag)
{
    const char *end = if_none_match + strlen(if_none_match);
    struct part ours = opaque((struct part){etag, strlen(etag)});

    while (if_none_match < end) {
        struct part theirs = next_part(&if_none_match, end, ',');
        if (is(theirs, "*"))
            return true;
        theirs = opaque(theirs);
        if (theirs.bytes == ours.bytes &&
            memcmp(theirs.at, ours.at, ours.bytes) == 0)
            return true;
    }
    return false;
}

// SPDX-License-Identifier: MIT
// See writer.h for the contract.

#include "render/writer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool make_room(struct ms_writer_buffer *w, size_t more)
{
    size_t room = w->room != 0 ? w->room : 1024;

    if (w->failed || w->room - w->count >= more)
        return !w->failed;
    while (room - w->count < more)
        room *= 2;
    char *grown = realloc(w->bytes, room);
    w->failed = grown == NULL;
    if (grown == NULL)
        return false;
    w->bytes = grown;
    w->room = room;
    return true;
}

void ms_put_bytes(struct ms_writer_buffer *w, const void *bytes, size_t count)
{
    if (count == 0 || !make_room(w, count))
        return;
    memcpy(w->bytes + w->count, bytes, count);
    w->count += count;
}

void ms_put(struct ms_writer_buffer *w, const char *text)
{
    ms_put_bytes(w, text, strlen(text));
}

void ms_put_number(struct ms_writer_buffer *w, uint64_t number)
{
    char text[20];
    size_t at = sizeof text;

    if (number > INT64_MAX) { // a difference: only a damaged segment has one
        ms_put(w, "-");
        number = 0 - number;
    }
    do {
        text[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    ms_put_bytes(w, text + at, sizeof text - at);
}

void ms_put_json_double(struct ms_writer_buffer *w, double number)
{
    char text[40];

    if (!isfinite(number)) {
        ms_put(w, "null");
        return;
    }
    snprintf(text, sizeof text, "%.17g", number);
    ms_put(w, text);
}

void ms_put_hex(struct ms_writer_buffer *w, uint64_t number)
{
    static const char digits[] = "0123456789abcdef";
    char text[18];
    size_t at = sizeof text;

    do {
        text[--at] = digits[number & 15];
        number >>= 4;
    } while (number != 0);
    text[--at] = 'x';
    text[--at] = '0';
    ms_put_bytes(w, text + at, sizeof text - at);
}

static size_t sequence_length(unsigned char first)
{
    if (first < 0x80)
        return 1;
    if (first >= 0xc2 && first < 0xe0)
        return 2;
    if (first >= 0xe0 && first < 0xf0)
        return 3;
    return first >= 0xf0 && first < 0xf5 ? 4 : 0;
}

size_t ms_utf8_length(const char *text)
{
    const unsigned char *p = (const unsigned char *)text;
    size_t n = sequence_length(p[0]);

    for (size_t i = 1; i < n; i++)
        if ((p[i] & 0xc0) != 0x80) // the terminator is none, either
            return 0;
    // Overlong forms, surrogates, and what lies beyond Unicode.
    if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
        (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
        return 0;
    return n;
}

// What cannot stand in a JSON string as it is.
static size_t put_special(struct ms_writer_buffer *w, const char *text)
{
    unsigned char c = (unsigned char)*text;
    char escape[8];

    if (c == '"' || c == '\\')
        snprintf(escape, sizeof escape, "\\%c", c);
    else if (c < 0x20)
        snprintf(escape, sizeof escape, "\\u%04x", c);
    else
        snprintf(escape, sizeof escape, "\xef\xbf\xbd"); // U+FFFD
    ms_put(w, escape);
    return 1;
}

void ms_put_json_text(struct ms_writer_buffer *w, const char *text)
{
    ms_put(w, "\"");
    while (*text != '\0') {
        size_t plain = 0;
        for (;;) {
            unsigned char c = (unsigned char)text[plain];
            size_t n = c < 0x20 || c == '"' || c == '\\'
                           ? 0
                           : ms_utf8_length(text + plain);
            if (n == 0)
                break;
            plain += n;
        }
        ms_put_bytes(w, text, plain);
        text += plain;
        if (*text != '\0')
            text += put_special(w, text);
    }
    ms_put(w, "\"");
}

void ms_put_utf8(struct ms_writer_buffer *w, const char *text)
{
    while (*text != '\0') {
        size_t n = ms_utf8_length(text);
        if (n != 0)
            ms_put_bytes(w, text, n);
        else
            ms_put(w, "\xef\xbf\xbd");
        text += n != 0 ? n : 1;
    }
}

// SPDX-License-Identifier: MIT
//
// writer: text and bytes put together in a buffer that grows. What does not
// fit into memory is marked by `failed`, once for all. Pure.

#ifndef MS_ENGINE_RENDER_WRITER_H
#define MS_ENGINE_RENDER_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ms_writer_buffer {
    char *bytes;
    size_t count, room;
    bool failed;
};

void ms_put_bytes(struct ms_writer_buffer *w, const void *bytes, size_t count);
void ms_put(struct ms_writer_buffer *w, const char *text); // as it is
void ms_put_number(struct ms_writer_buffer *w, uint64_t number);
void ms_put_json_double(struct ms_writer_buffer *w, double number);
void ms_put_hex(struct ms_writer_buffer *w, uint64_t number); // 0x...

// ms_put_json_text puts a JSON string; what is no UTF-8 becomes U+FFFD.
void ms_put_json_text(struct ms_writer_buffer *w, const char *text);

// ms_put_utf8 puts text; what is no UTF-8 becomes U+FFFD.
void ms_put_utf8(struct ms_writer_buffer *w, const char *text);

// ms_utf8_length is the length of the UTF-8 sequence at a terminated text's
// beginning; 0: it is none.
size_t ms_utf8_length(const char *text);

#endif

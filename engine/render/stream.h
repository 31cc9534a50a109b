// SPDX-License-Identifier: MIT
//
// stream: what all streams have in common: pieces that are made one after the
// other. A stream of one kind begins with this struct.

#ifndef MS_ENGINE_RENDER_STREAM_H
#define MS_ENGINE_RENDER_STREAM_H

#include <jansson.h>

#include "engine/render.h"
#include "render/writer.h"

#define MS_PIECE_BYTES 32768u // a piece is full; it may be larger

struct ms_render_stream {
    struct ms_writer_buffer piece;
    size_t given;   // bytes of the piece
    bool hands_out; // each piece is given at once: the next takes a while
    // Puts the next piece into the empty buffer. False: that was the last one.
    bool (*next)(struct ms_render_stream *s);
    // Frees what the kind holds, but not itself.
    void (*close)(struct ms_render_stream *s);
};

// ms_put_object puts a JSON object, and drops it, `open`: without its last
// brace; NULL: memory ran out.
void ms_put_object(struct ms_writer_buffer *w, json_t *object, bool open);

#endif

// SPDX-License-Identifier: MIT
//
// stacks: frames and stacks as JSON, with the field names of docs/PROTOCOL.md.

#ifndef MS_ENGINE_RENDER_STACKS_H
#define MS_ENGINE_RENDER_STACKS_H

#include "engine/stacks.h"
#include "render/writer.h"

// The engine, where there is one, knows names that came later.
void ms_put_frame(struct ms_writer_buffer *w, struct ms_engine *engine,
                  const struct ms_frame *frame);
// The same with its module's name in place of the number.
void ms_put_frame_in(struct ms_writer_buffer *w, struct ms_engine *engine,
                     const struct ms_frame *frame, const char *module);
// ms_put_stack_sums leaves out the node, and the last brace: what belongs to
// the stack may follow. `site` 0: left out as well.
void ms_put_stack_sums(struct ms_writer_buffer *w,
                       const struct ms_stack_row *row, uint32_t site);
void ms_put_stack(struct ms_writer_buffer *w, const struct ms_stack_row *row);

#endif

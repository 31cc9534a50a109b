// SPDX-License-Identifier: MIT
//
// block_said: what the program has said of one live block, and of what it was
// doing when it allocated it. Any thread; reads the segment, trusting nothing.

#ifndef MS_ENGINE_BLOCK_SAID_H
#define MS_ENGINE_BLOCK_SAID_H

#include "engine/picture.h"
#include "reader.h"

// ms_block_read_said fills block->said; the block's address is known. `stack`:
// of its row, 0 when that is not known.
void ms_block_read_said(struct ms_reader *r, uint64_t cell, uint32_t stack,
                        struct ms_block *block);

#endif

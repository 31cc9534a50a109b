// SPDX-License-Identifier: MIT
//
// samples: the last ten minutes of a session as the text of a message, kept
// and added to, since every full has them. Service thread only.

#ifndef MS_SERVER_WIRE_SAMPLES_H
#define MS_SERVER_WIRE_SAMPLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/engine.h"
#include "wire/payload.h"

#define MS_SAMPLES_ROWS 6000u

struct ms_samples {
    char epoch[17];    // of the session that they are of
    uint64_t last_seq; // of the newest row
    size_t rows;
    char *text; // from `begin` to `end`: "[…],[…],"
    size_t begin, end, room;
};

void ms_samples_fini(struct ms_samples *s);

// ms_samples_add appends the rows after tick `since` and up to `seq` to a
// message, separated by commas. What is kept in `s` is used for all of them
// (`since` 0), and replaced when it is another session's.
void ms_samples_add(struct ms_samples *s, struct ms_engine *engine,
                    uint32_t session, const char *epoch, uint64_t since,
                    uint64_t seq, struct ms_payload *p);

#endif

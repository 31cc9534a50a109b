// SPDX-License-Identifier: MIT
//
// shown: what a viewer has been shown by the last message: the base of its
// next delta. One for all viewers that have been sent the same. Never changes.
// Service thread only.

#ifndef MS_SERVER_WIRE_SHOWN_H
#define MS_SERVER_WIRE_SHOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/window.h"
#include "wire/texts.h"

#define MS_SHOWN_SITE_TEXTS 4 // function, file, module, address

struct ms_shown {
    size_t holders;
    struct ms_texts *texts;
    uint32_t session;
    char epoch[17];
    uint64_t seq, uptime_ns;
    uint64_t trend_step, second; // of the message; UINT64_MAX: none yet
    uint32_t *ids;               // of threads, then of sites; each part sorted
    uint32_t *numbers;           // of texts of the rows, sorted; held
    size_t thread_count, site_count, number_count;
};

// ms_shown_create gives what a cut leaves a viewer with, held by the caller.
// The numbers of its texts, in the order of the rows, go to `texts`: one of
// each thread, then MS_SHOWN_SITE_TEXTS of each site. NULL: out of memory.
struct ms_shown *ms_shown_create(struct ms_texts *table,
                                 const struct ms_cut *cut, uint32_t *texts);

// ms_shown_blank is of one that has the samples up to a tick, and no row.
struct ms_shown *ms_shown_blank(struct ms_texts *table, uint32_t session,
                                const char *epoch, uint64_t seq);

bool ms_shown_is_blank(const struct ms_shown *s);

struct ms_shown *ms_shown_hold(struct ms_shown *s);
void ms_shown_let_go(struct ms_shown *s); // NULL is allowed

// Whether it has this row, this text.
bool ms_shown_thread(const struct ms_shown *s, uint32_t id);
bool ms_shown_site(const struct ms_shown *s, uint32_t id);
bool ms_shown_text(const struct ms_shown *s, uint32_t number);

#endif

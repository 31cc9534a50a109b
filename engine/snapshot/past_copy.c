// SPDX-License-Identifier: MIT
// See engine/snapshot.h for the contract of ms_snapshot_copy_past.

#include <stdio.h>
#include <stdlib.h>

#include "engine/moment.h"
#include "engine/snapshot.h"

// The rows of then in place of those of now.
static void go_back(struct ms_snapshot *s, struct ms_past_picture *past)
{
    free(s->sites);
    free(s->threads);
    free(s->site_frames); // was by the places of the sites of now
    s->sites = past->sites;
    s->site_count = past->site_count;
    s->threads = past->threads;
    s->thread_count = past->thread_count;
    s->site_frames = NULL;
    past->sites = NULL;
    past->threads = NULL;
    s->stacks.row_count = 0;
    s->parts.given = 0; // they are of now
    s->stats = past->stats;
    s->histograms = past->histograms;
    s->session.seq = past->stats.seq;
    s->time_ns = past->stats.time_ns;
    snprintf(s->name, sizeof s->name, "at %.1f s",
             (double)past->stats.uptime_ns / 1e9);
}

enum memscope_status ms_snapshot_copy_past(struct ms_engine *e,
                                           uint32_t session,
                                           const struct ms_when *when,
                                           const struct ms_snapshot **out)
{
    struct ms_past_picture past;
    enum memscope_status status = ms_engine_past(e, session, when, &past);

    *out = NULL;
    if (status != MEMSCOPE_OK) // a saved session's, too
        return status;
    status = ms_snapshot_copy(e, session, out);
    if (status == MEMSCOPE_OK)
        go_back((struct ms_snapshot *)*out, &past); // on no list: ours alone
    ms_past_picture_fini(&past);
    return status;
}

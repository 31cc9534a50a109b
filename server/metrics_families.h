// SPDX-License-Identifier: MIT
//
// metrics_families: what /metrics says of the sessions and of the server: the
// names, their types and units. Dispatcher thread.

#ifndef MS_SERVER_METRICS_FAMILIES_H
#define MS_SERVER_METRICS_FAMILIES_H

#include "engine/picture.h"
#include "metrics.h"
#include "server_private.h"

#define MS_METRICS_DETAILED 16u // running sessions of which there are rows

struct ms_metrics_session {
    struct ms_session_info info;
    struct ms_stats stats;
    struct ms_metrics_labels labels; // of every sample of it
    bool running;
    bool detailed; // the rest is there
    struct ms_site_row *sites;
    size_t site_count;
    struct ms_thread_row *threads;
    size_t thread_count;
    uint64_t suspects;
    uint64_t suspect_bytes;
};

void ms_metrics_of_sessions(struct ms_metrics *m,
                            const struct ms_metrics_session *sessions,
                            size_t count);
void ms_metrics_of_server(struct ms_metrics *m, const struct ms_server *s);

#endif

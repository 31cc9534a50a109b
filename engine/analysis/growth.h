// SPDX-License-Identifier: MIT
//
// growth: which sites keep growing. Of each site that holds much, the least
// live bytes of each step are kept, for a minute in steps of 3 s and for ten
// in steps of 30 s. A site is suspected when
//
//   - it has grown over the whole span by steps whose common direction chance
//     would hardly give (Student's t of the steps, or their signs; corrected
//     for the number of sites that are looked at),
//   - and still grows: the last third of the span has its part in it.
//
// So a cache that was filled once, one that is steady however busy, and one
// that has come to its bound are not suspected. Under the session's lock.

#ifndef MS_ENGINE_ANALYSIS_GROWTH_H
#define MS_ENGINE_ANALYSIS_GROWTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/model.h"

#define MS_GROWTH_POINTS 20u
#define MS_GROWTH_SITES 16384u // with a track; later ones have none
#define MS_SUSPECTS 32u        // published, the fastest

struct ms_growth_track {
    uint32_t site;                                        // index
    float fast[MS_GROWTH_POINTS], slow[MS_GROWTH_POINTS]; // rings
    uint32_t fast_count, slow_count;                      // ever added
    float slow_low;                                       // of this slow step
    uint64_t since_ns; // when it became a suspect; 0: it is none
};

struct ms_suspect {
    uint32_t site; // index
    double bytes_per_s;
    double growth_bytes; // over the span
    double span_s;
    double fit;        // R^2
    double confidence; // that it is no chance: 1 - chance * sites looked at
    uint32_t ups, downs;
    uint64_t since_ns; // uptime
};

struct ms_growth {
    struct ms_growth_track *tracks;
    size_t count, room;
    uint32_t *track_of_site; // 1 + number
    size_t site_room;
    uint32_t steps;
    struct ms_suspect suspects[MS_SUSPECTS]; // fastest first
    size_t suspect_count;
    size_t suspect_total;
    uint64_t looked_ns; // uptime of the last look
};

void ms_growth_fini(struct ms_growth *g);

// ms_growth_step takes one point of every site and looks again who is
// suspected.
void ms_growth_step(struct ms_growth *g, struct ms_model *m,
                    uint64_t uptime_ns);

uint64_t ms_growth_bytes(const struct ms_growth *g);

#endif

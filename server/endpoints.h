// SPDX-License-Identifier: MIT
//
// endpoints: how often each route was asked, with what result, and how long
// its answers took: from the end of the request's head to the moment that the
// answer began to be sent. Dispatcher thread.

#ifndef MS_SERVER_ENDPOINTS_H
#define MS_SERVER_ENDPOINTS_H

#include <stdint.h>

#define MS_ENDPOINTS_MOST 64u
#define MS_LATENCIES 8u // the last is of all that took longer

struct ms_endpoint {
    uint64_t answers[6]; // by the first digit of their status
    uint64_t took[MS_LATENCIES];
    uint64_t total_ns;
    uint64_t max_ns;
};

struct ms_endpoints {
    struct ms_endpoint items[MS_ENDPOINTS_MOST]; // by number of the route
    unsigned route;                              // of the request at hand
    uint64_t begin_ns;                           // when that came
    const char *method;                          // of it, while it is looked at
};

// ms_endpoints_edge_ns is the most that an answer of took[i] has taken;
// UINT64_MAX for the last.
uint64_t ms_endpoints_edge_ns(unsigned i);

// ms_endpoints_count books the answer to the request at hand.
void ms_endpoints_count(struct ms_endpoints *e, unsigned status,
                        uint64_t now_ns);

// ms_endpoint_answers sums up.
uint64_t ms_endpoint_answers(const struct ms_endpoint *e);

#endif

// SPDX-License-Identifier: MIT
// See endpoints.h for the contract.

#include "endpoints.h"

static const uint64_t edges_ns[MS_LATENCIES] = {
    1000000,   5000000,    25000000,    100000000,
    500000000, 2500000000, 10000000000, UINT64_MAX,
};

uint64_t ms_endpoints_edge_ns(unsigned i)
{
    return edges_ns[i];
}

void ms_endpoints_count(struct ms_endpoints *e, unsigned status,
                        uint64_t now_ns)
{
    struct ms_endpoint *at = &e->items[e->route];
    uint64_t took = now_ns - e->begin_ns;
    unsigned i = 0;

    while (took > edges_ns[i])
        i++;
    at->took[i]++;
    at->total_ns += took;
    if (took > at->max_ns)
        at->max_ns = took;
    at->answers[status / 100 < 6 ? status / 100 : 5]++;
}

uint64_t ms_endpoint_answers(const struct ms_endpoint *e)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < 6; i++)
        sum += e->answers[i];
    return sum;
}

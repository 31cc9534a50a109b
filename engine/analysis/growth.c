// SPDX-License-Identifier: MIT
// See growth.h for the contract.

#include "analysis/growth.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/significance.h"

#define LEAST_LIVE 16384.0   // bytes, from which on a site has a track
#define LEAST_GROWTH 16384.0 // bytes over a span
#define LEAST_POINTS 9u
#define MOST_CHANCE 1e-4
#define SLOW_STEPS 10u
#define STEP_S (MS_TREND_STEP_MS / 1000.0)

void ms_growth_fini(struct ms_growth *g)
{
    free(g->tracks);
    free(g->track_of_site);
    *g = (struct ms_growth){0};
}

uint64_t ms_growth_bytes(const struct ms_growth *g)
{
    return g->room * sizeof *g->tracks +
           g->site_room * sizeof *g->track_of_site;
}

static bool reserve_sites(struct ms_growth *g, size_t sites)
{
    if (sites <= g->site_room)
        return true;
    size_t room = g->site_room == 0 ? 256 : g->site_room;
    while (room < sites)
        room *= 2;
    uint32_t *moved = realloc(g->track_of_site, room * sizeof *moved);
    if (moved == NULL)
        return false;
    memset(moved + g->site_room, 0, (room - g->site_room) * sizeof *moved);
    g->track_of_site = moved;
    g->site_room = room;
    return true;
}

static void begin_track(struct ms_growth *g, uint32_t site)
{
    if (g->count == MS_GROWTH_SITES)
        return;
    if (g->count == g->room) {
        size_t room = g->room == 0 ? 32 : g->room * 2;
        void *moved = realloc(g->tracks, room * sizeof *g->tracks);
        if (moved == NULL)
            return;
        g->tracks = moved;
        g->room = room;
    }
    g->tracks[g->count++] =
        (struct ms_growth_track){.site = site, .slow_low = INFINITY};
    g->track_of_site[site] = (uint32_t)g->count;
}

static void add_points(struct ms_growth *g, struct ms_growth_track *t,
                       const struct ms_site *site)
{
    float low = (float)site->low_bytes;

    t->fast[t->fast_count++ % MS_GROWTH_POINTS] = low;
    if (low < t->slow_low)
        t->slow_low = low;
    if (g->steps % SLOW_STEPS != 0)
        return;
    t->slow[t->slow_count++ % MS_GROWTH_POINTS] = t->slow_low;
    t->slow_low = INFINITY;
}

// Whether a ring's points are a growth that goes on. `looked` sites share the
// risk of being taken for one by chance.
static bool judge(const float *ring, uint32_t added, double step_s,
                  size_t looked, struct ms_suspect *out)
{
    float points[MS_GROWTH_POINTS];
    uint32_t n = added < MS_GROWTH_POINTS ? added : MS_GROWTH_POINTS;

    if (n < LEAST_POINTS)
        return false;
    for (uint32_t i = 0; i < n; i++)
        points[i] = ring[(added - n + i) % MS_GROWTH_POINTS];
    double grown = (double)points[n - 1] - (double)points[0];
    double lately = (double)points[n - 1] - (double)points[n - 1 - n / 3];
    if (grown < LEAST_GROWTH || lately < grown / 6)
        return false;
    struct ms_growth_fit fit = ms_growth_fit(points, n);
    double chance = fit.chance * (double)looked;
    if (chance > MOST_CHANCE)
        return false;
    *out = (struct ms_suspect){
        .bytes_per_s = fit.mean / step_s,
        .growth_bytes = grown,
        .span_s = (n - 1) * step_s,
        .fit = fit.fit,
        .confidence = 1 - chance,
        .ups = fit.ups,
        .downs = fit.downs,
    };
    return true;
}

// Keeps the fastest ones, in order.
static void publish(struct ms_growth *g, const struct ms_suspect *s)
{
    size_t at = g->suspect_count;

    g->suspect_total++;
    while (at > 0 && g->suspects[at - 1].bytes_per_s < s->bytes_per_s)
        at--;
    if (at == MS_SUSPECTS)
        return;
    if (g->suspect_count < MS_SUSPECTS)
        g->suspect_count++;
    memmove(&g->suspects[at + 1], &g->suspects[at],
            (g->suspect_count - 1 - at) * sizeof g->suspects[0]);
    g->suspects[at] = *s;
}

static void look(struct ms_growth *g, uint64_t uptime_ns)
{
    g->suspect_count = 0;
    g->suspect_total = 0;
    for (size_t i = 0; i < g->count; i++) {
        struct ms_growth_track *t = &g->tracks[i];
        struct ms_suspect s;
        if (!judge(t->fast, t->fast_count, STEP_S, g->count, &s) &&
            !judge(t->slow, t->slow_count, STEP_S * SLOW_STEPS, g->count, &s)) {
            t->since_ns = 0;
            continue;
        }
        if (t->since_ns == 0)
            t->since_ns = uptime_ns;
        s.site = t->site;
        s.since_ns = t->since_ns;
        publish(g, &s);
    }
    g->looked_ns = uptime_ns;
}

void ms_growth_step(struct ms_growth *g, struct ms_model *m, uint64_t uptime_ns)
{
    if (!reserve_sites(g, m->site_count))
        return; // no memory: no point this time
    g->steps++;
    for (size_t i = 0; i < m->site_count; i++) {
        struct ms_site *site = &m->sites[i];
        uint64_t live = site->alloc_bytes - site->free_bytes;
        // A site that has not moved has not noted its low.
        if (site->low_bytes > live)
            site->low_bytes = live;
        if (g->track_of_site[i] == 0 && (double)live >= LEAST_LIVE)
            begin_track(g, (uint32_t)i);
        else if (g->track_of_site[i] != 0)
            add_points(g, &g->tracks[g->track_of_site[i] - 1], site);
        site->low_bytes = live;
    }
    look(g, uptime_ns);
}

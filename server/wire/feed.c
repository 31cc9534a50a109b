// SPDX-License-Identifier: MIT
// See feed.h for the contract.

#include "wire/feed.h"

#include <stdlib.h>
#include <string.h>

#include "wire/message.h"

struct ms_feed *ms_feed_hold(struct ms_hub *hub, const struct ms_wanted *wanted)
{
    struct ms_feed *f = hub->feeds;

    // Padding is zero in all of them.
    // NOLINTNEXTLINE(bugprone-suspicious-memory-comparison)
    while (f != NULL && memcmp(&f->wanted, wanted, sizeof *wanted) != 0)
        f = f->next;
    if (f == NULL) {
        f = calloc(1, sizeof *f);
        if (f == NULL)
            return NULL;
        f->hub = hub;
        memcpy(&f->wanted, wanted, sizeof *wanted);
        f->next = hub->feeds;
        hub->feeds = f;
    }
    f->holders++;
    return f;
}

static void forget_messages(struct ms_feed *f)
{
    while (f->made_count > 0) {
        struct ms_feed_message *m = &f->made[--f->made_count];
        ms_shown_let_go(m->base);
        ms_payload_let_go(m->payload);
    }
}

static void forget_cut(struct ms_feed *f)
{
    forget_messages(f);
    ms_shown_let_go(f->shown);
    f->shown = NULL;
    free(f->texts);
    f->texts = NULL;
    if (f->has_cut)
        ms_cut_fini(&f->cut);
    f->has_cut = false;
}

void ms_feed_let_go(struct ms_feed *f)
{
    if (f == NULL || --f->holders != 0)
        return;
    struct ms_feed **at = &f->hub->feeds;
    while (*at != f)
        at = &(*at)->next;
    *at = f->next;
    forget_cut(f);
    free(f);
}

// False: it cannot be had; the next tick may do.
static bool make_cut(struct ms_feed *f)
{
    struct ms_engine *engine = f->hub->server->options.engine;
    const struct ms_wanted *w = &f->wanted;

    if (ms_engine_cut(
            engine, w->session, w->threads.wanted ? &w->threads.window : NULL,
            w->sites.wanted ? &w->sites.window : NULL, &f->cut) != MEMSCOPE_OK)
        return false;
    f->has_cut = true;
    f->has_histograms =
        w->histograms && ms_engine_histograms(engine, f->cut.stats.session,
                                              &f->histograms) == MEMSCOPE_OK;
    f->texts = malloc(
        (f->cut.thread_count + MS_SHOWN_SITE_TEXTS * f->cut.site_count + 1) *
        sizeof *f->texts);
    if (f->texts != NULL)
        f->shown = ms_shown_create(&f->hub->texts, &f->cut, f->texts);
    return f->shown != NULL;
}

static void look_at_tick(struct ms_feed *f)
{
    if (f->tick == f->hub->tick)
        return;
    f->tick = f->hub->tick;
    f->is_known =
        ms_engine_session(f->hub->server->options.engine, f->wanted.session,
                          &f->session) == MEMSCOPE_OK;
    struct ms_shown *before = f->shown;
    f->shown = NULL;
    forget_cut(f);
    if (!make_cut(f))
        forget_cut(f);
    ms_shown_let_go(before); // last, so that texts keep their numbers
}

const struct ms_session_info *ms_feed_session(struct ms_feed *f)
{
    look_at_tick(f);
    return f->is_known ? &f->session : NULL;
}

static struct ms_payload *message_from(struct ms_feed *f, struct ms_shown *base)
{
    for (size_t i = 0; i < f->made_count; i++)
        if (f->made[i].base == base)
            return ms_payload_hold(f->made[i].payload);
    struct ms_payload *p = ms_message_picture(f, base);
    if (p != NULL && f->made_count < MS_FEED_MADE)
        f->made[f->made_count++] = (struct ms_feed_message){
            .base = base != NULL ? ms_shown_hold(base) : NULL,
            .payload = ms_payload_hold(p),
        };
    return p;
}

struct ms_payload *ms_feed_next(struct ms_feed *f, struct ms_shown **shown,
                                bool *failed)
{
    struct ms_shown *base = *shown;

    *failed = false;
    look_at_tick(f);
    if (!f->has_cut)
        return NULL;
    // Another process than before: the viewer begins anew.
    if (base != NULL && strcmp(base->epoch, f->cut.stats.epoch) != 0)
        base = NULL;
    // To a blank one there are rows to be sent of the same tick as well.
    if (base != NULL &&
        (base->seq > f->cut.stats.seq ||
         (base->seq == f->cut.stats.seq && !ms_shown_is_blank(base))))
        return NULL;
    struct ms_payload *p = message_from(f, base);
    *failed = p == NULL;
    if (p == NULL)
        return NULL;
    ms_shown_let_go(*shown);
    *shown = ms_shown_hold(f->shown);
    return p;
}

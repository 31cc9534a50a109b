// SPDX-License-Identifier: MIT
// See hub.h for the contract.

#include "wire/hub.h"

#include <stdlib.h>

#include "platform/clock.h"

#define SECOND_NS UINT64_C(1000000000)

void ms_hub_init(struct ms_hub *hub, struct ms_server *server)
{
    *hub = (struct ms_hub){
        .server = server, .tick = 1, .tick_ns = ms_clock_monotonic_ns()};
}

void ms_hub_fini(struct ms_hub *hub)
{
    ms_texts_fini(&hub->texts);
    ms_samples_fini(&hub->samples);
}

void ms_hub_tick(struct ms_hub *hub)
{
    hub->tick++;
    hub->tick_ns = ms_clock_monotonic_ns();
}

// NULL: there is no room for one more.
static struct ms_hub_session *place_of(struct ms_hub *hub, uint32_t id)
{
    struct ms_hub_session *place = NULL;

    for (size_t i = 0; i < hub->session_count; i++) {
        struct ms_hub_session *s = &hub->sessions[i];
        if (s->id == id)
            return s;
        // That which has been told of for longest.
        if (s->gone && (place == NULL || s->event < place->event))
            place = s;
    }
    if (hub->session_count < MS_HUB_SESSIONS)
        place = &hub->sessions[hub->session_count++];
    if (place != NULL)
        *place = (struct ms_hub_session){.id = id};
    return place;
}

static bool is_among(uint32_t id, const struct ms_session_info *list,
                     size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (list[i].id == id)
            return true;
    return false;
}

void ms_hub_look(struct ms_hub *hub, bool now)
{
    struct ms_session_info *list;
    size_t count;
    uint64_t time = ms_clock_monotonic_ns();

    if (!now && time - hub->looked_ns < SECOND_NS)
        return;
    hub->looked_ns = time;
    if (ms_engine_sessions(hub->server->options.engine, &list, &count) !=
        MEMSCOPE_OK)
        return;
    for (size_t i = 0; i < count; i++) {
        struct ms_hub_session *s = place_of(hub, list[i].id);
        bool ended = list[i].state != MS_SESSION_RUNNING;
        if (s == NULL || (s->event != 0 && s->ended == ended))
            continue;
        s->ended = ended;
        s->event = ++hub->events;
    }
    for (size_t i = 0; i < hub->session_count; i++) {
        struct ms_hub_session *s = &hub->sessions[i];
        if (s->gone || is_among(s->id, list, count))
            continue;
        s->gone = true;
        s->event = ++hub->events;
    }
    free(list);
}

const struct ms_hub_session *ms_hub_change(const struct ms_hub *hub,
                                           uint64_t event)
{
    const struct ms_hub_session *first = NULL;

    for (size_t i = 0; event < hub->events && i < hub->session_count; i++) {
        const struct ms_hub_session *s = &hub->sessions[i];
        if (s->event > event && (first == NULL || s->event < first->event))
            first = s;
    }
    return first;
}

// SPDX-License-Identifier: MIT
// See samples.h for the contract.

#include "wire/samples.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/render.h"

#define ROW_BYTES 512 // at most, of one

void ms_samples_fini(struct ms_samples *s)
{
    free(s->text);
    *s = (struct ms_samples){0};
}

static size_t render(const struct ms_sample *sample, char text[ROW_BYTES])
{
    json_t *row = ms_render_sample(sample);
    size_t n = row != NULL ? json_dumpb(row, text, ROW_BYTES, JSON_COMPACT) : 0;

    json_decref(row);
    return n <= ROW_BYTES ? n : 0;
}

static bool make_room(struct ms_samples *s, size_t bytes)
{
    if (s->end + bytes <= s->room)
        return true;
    // Old rows leave a gap before the others, now and then.
    if (s->begin > s->room / 2) {
        memmove(s->text, s->text + s->begin, s->end - s->begin);
        s->end -= s->begin;
        s->begin = 0;
        return true;
    }
    size_t room = s->room == 0 ? 65536 : s->room * 2;
    char *grown = realloc(s->text, room);
    if (grown == NULL)
        return false;
    s->text = grown;
    s->room = room;
    return true;
}

static void forget_oldest(struct ms_samples *s)
{
    const char *end = memchr(s->text + s->begin, ']', s->end - s->begin);

    s->begin = (size_t)(end - s->text) + 2;
    s->rows--;
}

static bool keep(struct ms_samples *s, const struct ms_sample *sample)
{
    char text[ROW_BYTES];
    size_t n = render(sample, text);

    if (n == 0 || !make_room(s, n + 1))
        return false;
    memcpy(s->text + s->end, text, n);
    s->text[s->end + n] = ',';
    s->end += n + 1;
    s->last_seq = sample->seq;
    if (++s->rows > MS_SAMPLES_ROWS)
        forget_oldest(s);
    return true;
}

// Brings what is kept up to a tick. False: it cannot be had, or is past it.
static bool bring_up_to(struct ms_samples *s, struct ms_engine *engine,
                        uint32_t session, const char *epoch, uint64_t seq)
{
    struct ms_sample *new;
    size_t count;
    bool good = true;

    if (strcmp(s->epoch, epoch) != 0) {
        ms_samples_fini(s);
        snprintf(s->epoch, sizeof s->epoch, "%s", epoch);
    }
    if (s->last_seq >= seq)
        return s->last_seq == seq;
    if (ms_engine_history(engine, session, MS_STEP_100MS, s->last_seq, &new,
                          &count) != MEMSCOPE_OK)
        return false;
    // Nobody has asked for so long that some are not kept any more.
    if (s->rows != 0 && count != 0 && new[0].seq != s->last_seq + 1)
        s->begin = s->end = s->rows = 0;
    for (size_t i = 0; good && i < count && new[i].seq <= seq; i++)
        good = keep(s, &new[i]);
    free(new);
    if (!good)
        ms_samples_fini(s);
    return good;
}

void ms_samples_add(struct ms_samples *s, struct ms_engine *engine,
                    uint32_t session, const char *epoch, uint64_t since,
                    uint64_t seq, struct ms_payload *p)
{
    struct ms_sample *samples;
    size_t count;

    if (since == 0 && bring_up_to(s, engine, session, epoch, seq)) {
        if (s->rows != 0)
            ms_payload_add(p, s->text + s->begin, s->end - s->begin - 1);
        return;
    }
    if (ms_engine_history(engine, session, MS_STEP_100MS, since, &samples,
                          &count) != MEMSCOPE_OK)
        return;
    // What came after the cut belongs to the next message.
    for (size_t i = 0; i < count && samples[i].seq <= seq; i++) {
        char text[ROW_BYTES];
        size_t n = render(&samples[i], text);
        if (n == 0)
            p->failed = true;
        if (i != 0)
            ms_payload_add(p, ",", 1);
        ms_payload_add(p, text, n);
    }
    free(samples);
}

// SPDX-License-Identifier: MIT
// See asides.h and aside.h for the contracts: one answer that is made aside.

#include "aside.h"

#include <stdlib.h>
#include <string.h>

#include "gzip.h"
#include "reply_text.h"

#define PIECE_BYTES 65536u
#define FULL_BYTES ((size_t)2 * PIECE_BYTES) // then it is put down
#define LOW_BYTES PIECE_BYTES                // then it is taken up again

// {lock}
static void wake_up(struct ms_aside *a)
{
    if (!a->asleep)
        return;
    a->asleep = false;
    a->sleeper.wake(a->sleeper.arg);
}

// {lock}, so that nobody wakes it before it sleeps
static void fall_asleep(struct ms_aside *a)
{
    a->sleeper.sleep(a->sleeper.arg);
    a->asleep = true;
}

static bool is_cancelled(struct ms_aside *a)
{
    pthread_mutex_lock(&a->lock);
    bool cancelled = a->cancelled;
    pthread_mutex_unlock(&a->lock);
    return cancelled;
}

// Asks for the reply. False: it is not ready yet.
static bool ask(struct ms_aside *a)
{
    struct ms_reply *r = &a->reply;

    if (a->later == NULL) {
        a->handler(a->request, r);
        a->later = r->later;
        r->later = NULL;
        return a->later == NULL;
    }
    if (!a->later->again(a->later, r))
        return false;
    a->later->drop(a->later);
    a->later = NULL;
    return true;
}

// Makes of the reply what can be sent as it is, and what flows.
static void finish_reply(struct ms_aside *a)
{
    a->flows = ms_reply_text(a->server, &a->reply, a->request->accept_encoding,
                             &a->flow);
    a->reply.aside = a->flows ? a : NULL;
    if (a->flows && a->reply.head_only) {
        a->flow.close(a->flow.arg);
        a->flows = false;
        a->ended = true;
    }
}

// The reply is there, or never will be.
static void say_ready(struct ms_aside *a)
{
    a->answered = true;
    pthread_mutex_lock(&a->lock);
    a->ready = true;
    wake_up(a);
    pthread_mutex_unlock(&a->lock);
}

// Adds a piece of the text. False: there is no more to come.
static bool fill(struct ms_aside *a)
{
    char *piece = malloc(PIECE_BYTES);
    bool end = false;
    size_t n = piece != NULL
                   ? a->flow.read(a->flow.arg, piece, PIECE_BYTES, &end)
                   : SIZE_MAX;

    pthread_mutex_lock(&a->lock);
    if (n == SIZE_MAX) {
        a->failed = true;
    } else if (n != 0 && !a->left) {
        char *grown = realloc(a->text, a->bytes + n);
        if (grown != NULL) {
            memcpy(grown + a->bytes, piece, n);
            a->text = grown;
            a->bytes += n;
        } else {
            a->failed = true;
        }
    }
    a->ended |= end || a->failed;
    bool more = !a->ended && !a->cancelled;
    wake_up(a);
    pthread_mutex_unlock(&a->lock);
    free(piece);
    return more;
}

// Whether there is room for more. False: the reader will say.
static bool has_room(struct ms_aside *a)
{
    pthread_mutex_lock(&a->lock);
    a->full = a->bytes >= FULL_BYTES && !a->cancelled;
    bool room = !a->full;
    pthread_mutex_unlock(&a->lock);
    return room;
}

static enum ms_aside_step end(struct ms_aside *a)
{
    if (a->flows)
        a->flow.close(a->flow.arg);
    a->flows = false;
    if (a->later != NULL)
        a->later->drop(a->later);
    a->later = NULL;
    pthread_mutex_lock(&a->lock);
    a->failed |= !a->ended;
    a->ended = true;
    wake_up(a);
    pthread_mutex_unlock(&a->lock);
    return MS_ASIDE_DONE;
}

enum ms_aside_step ms_aside_step(struct ms_aside *a, uint64_t *due_ns)
{
    *due_ns = 0;
    if (!a->answered) {
        if (!is_cancelled(a) && !ask(a)) {
            *due_ns = a->later->due_ns;
            return MS_ASIDE_LATER;
        }
        if (!is_cancelled(a))
            finish_reply(a);
        say_ready(a);
    }
    while (a->flows && !is_cancelled(a)) {
        if (!has_room(a))
            return MS_ASIDE_WAITS;
        if (!fill(a))
            break;
    }
    return end(a);
}

void ms_aside_give_up(struct ms_aside *a)
{
    pthread_mutex_lock(&a->lock);
    a->cancelled = true;
    pthread_mutex_unlock(&a->lock);
}

void ms_aside_drop(struct ms_aside *a)
{
    pthread_mutex_lock(&a->lock);
    bool last = --a->refs == 0;
    pthread_mutex_unlock(&a->lock);
    if (!last)
        return;
    pthread_mutex_destroy(&a->lock);
    ms_reply_drop(a->server, &a->reply);
    free(a->text);
    free(a);
}

struct ms_aside *ms_aside_start(struct ms_asides *all,
                                struct ms_request *request, ms_handler *handler,
                                const struct ms_sleeper *sleeper)
{
    struct ms_aside *a = calloc(1, sizeof *a);

    if (a == NULL)
        return NULL;
    a->all = all;
    a->request = request;
    a->server = request->server;
    a->handler = handler;
    a->reply.status = 200;
    a->reply.head_only = strcmp(request->method, "HEAD") == 0;
    a->refs = 2;
    a->sleeper = *sleeper;
    pthread_mutex_init(&a->lock, NULL);
    pthread_mutex_lock(&a->lock);
    fall_asleep(a);
    pthread_mutex_unlock(&a->lock);
    if (ms_asides_add(all, a))
        return a;
    pthread_mutex_lock(&a->lock);
    wake_up(a);
    pthread_mutex_unlock(&a->lock);
    a->refs = 1;
    ms_aside_drop(a);
    return NULL;
}

enum ms_aside_state ms_aside_reply(struct ms_aside *a, struct ms_reply *reply)
{
    enum ms_aside_state state = MS_ASIDE_AGAIN;

    pthread_mutex_lock(&a->lock);
    if (!a->ready) {
        fall_asleep(a);
    } else if (a->cancelled) {
        state = MS_ASIDE_CANCELLED;
    } else {
        state = MS_ASIDE_READY;
        *reply = a->reply;
        a->reply = (struct ms_reply){0};
    }
    pthread_mutex_unlock(&a->lock);
    return state;
}

size_t ms_aside_read(void *aside, char *to, size_t bytes, bool *end)
{
    struct ms_aside *a = aside;

    pthread_mutex_lock(&a->lock);
    size_t n = a->bytes < bytes ? a->bytes : bytes;
    if (n != 0) {
        memcpy(to, a->text, n);
        memmove(a->text, a->text + n, a->bytes - n);
        a->bytes -= n;
    }
    bool call = a->full && a->bytes <= LOW_BYTES;
    if (call)
        a->full = false;
    *end = n == 0 && a->ended;
    bool failed = *end && a->failed;
    if (n == 0 && !a->ended)
        fall_asleep(a);
    pthread_mutex_unlock(&a->lock);
    if (call)
        ms_asides_call(a->all, a);
    return failed ? SIZE_MAX : n;
}

void ms_aside_cancel(struct ms_aside *a)
{
    ms_aside_give_up(a);
    ms_asides_call(a->all, a);
}

void ms_aside_leave(void *aside)
{
    struct ms_aside *a = aside;

    pthread_mutex_lock(&a->lock);
    a->cancelled = a->left = true;
    a->asleep = false;
    pthread_mutex_unlock(&a->lock);
    ms_asides_call(a->all, a);
    ms_aside_drop(a);
}

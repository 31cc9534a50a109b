// SPDX-License-Identifier: MIT
// See http_later.h for the contract.

#include "http_later.h"

#include "platform/clock.h"

static void sleep_on(struct ms_http_waiter *w)
{
    w->asleep = true;
    MHD_suspend_connection(w->connection);
}

static void unlink_waiter(struct ms_http_waiter *w)
{
    *w->link = w->next;
    if (w->next != NULL)
        w->next->link = w->link;
    w->later = NULL;
}

void ms_http_wait(struct ms_http_waiter **list, struct ms_http_waiter *w,
                  struct MHD_Connection *connection, struct ms_later *later)
{
    *w = (struct ms_http_waiter){
        .connection = connection,
        .later = later,
        .next = *list,
        .link = list,
    };
    if (w->next != NULL)
        w->next->link = &w->next;
    *list = w;
    sleep_on(w);
}

enum MHD_Result ms_http_ask_again(struct ms_http_waiter *w,
                                  struct ms_server *server, bool head_only)
{
    struct ms_reply r = {.status = 200, .head_only = head_only};
    struct ms_later *later = w->later;

    if (w->ended) {
        ms_http_give_up(w);
        return MHD_NO;
    }
    if (!later->again(later, &r)) {
        sleep_on(w);
        return MHD_YES;
    }
    ms_http_give_up(w);
    return ms_http_reply(server, w->connection, &r);
}

void ms_http_give_up(struct ms_http_waiter *w)
{
    struct ms_later *later = w->later;

    if (later == NULL)
        return;
    unlink_waiter(w);
    later->drop(later);
}

static void wake(struct ms_http_waiter *w)
{
    w->asleep = false;
    MHD_resume_connection(w->connection);
}

void ms_http_wake(struct ms_http_waiter *list)
{
    uint64_t now = list != NULL ? ms_clock_monotonic_ns() : 0;

    for (struct ms_http_waiter *w = list; w != NULL; w = w->next)
        if (w->asleep && w->later->due_ns <= now)
            wake(w);
}

void ms_http_end_waiting(struct ms_http_waiter *w)
{
    w->ended = true;
    if (w->asleep)
        wake(w);
}

void ms_http_end_all(struct ms_http_waiter *list)
{
    for (; list != NULL; list = list->next)
        ms_http_end_waiting(list);
}

int ms_http_due_ms(const struct ms_http_waiter *list, int timeout)
{
    uint64_t now = list != NULL ? ms_clock_monotonic_ns() : 0;
    uint64_t left = UINT64_MAX;

    for (const struct ms_http_waiter *w = list; w != NULL; w = w->next) {
        uint64_t due = w->later->due_ns;
        if (!w->asleep || due <= now)
            return 0;
        left = due - now < left ? due - now : left;
    }
    // Rounded up, and within what an int holds.
    left = left / 1000000 + 1 < 60000 ? left / 1000000 + 1 : 60000;
    return list != NULL && (timeout < 0 || left < (uint64_t)timeout) ? (int)left
                                                                     : timeout;
}

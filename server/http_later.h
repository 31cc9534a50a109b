// SPDX-License-Identifier: MIT
//
// http_later: answers that are not ready yet. Their connections sleep until
// they are due, and are then asked again. Dispatcher thread.

#ifndef MS_SERVER_HTTP_LATER_H
#define MS_SERVER_HTTP_LATER_H

#include "http_reply.h"

// Part of an exchange.
struct ms_http_waiter {
    struct MHD_Connection *connection;
    struct ms_later *later; // NULL: it waits for nothing
    bool asleep;
    bool ended;                          // it is to be answered no more
    struct ms_http_waiter *next, **link; // in the list, while it waits
};

// ms_http_wait takes an answer over; the connection sleeps from now on.
void ms_http_wait(struct ms_http_waiter **list, struct ms_http_waiter *w,
                  struct MHD_Connection *connection, struct ms_later *later);

// ms_http_ask_again answers, or lets the connection sleep once more. MHD_NO: it
// is to be closed.
enum MHD_Result ms_http_ask_again(struct ms_http_waiter *w,
                                  struct ms_server *server, bool head_only);

// ms_http_give_up ends the waiting, if there is any.
void ms_http_give_up(struct ms_http_waiter *w);

// ms_http_wake wakes those that are due.
void ms_http_wake(struct ms_http_waiter *list);

// ms_http_end_waiting wakes one, if it waits, to be closed; ms_http_end_all all
// of them.
void ms_http_end_waiting(struct ms_http_waiter *w);
void ms_http_end_all(struct ms_http_waiter *list);

// ms_http_due_ms is when the next one is due, if that is before `timeout` (-1:
// never).
int ms_http_due_ms(const struct ms_http_waiter *list, int timeout);

#endif

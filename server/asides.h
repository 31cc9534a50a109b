// SPDX-License-Identifier: MIT
//
// asides: answers that are made aside, by threads of their own, so that they
// keep no other request waiting. An aside has two sides: a worker that runs the
// handler and fills a bounded buffer, and the dispatcher, which sends what is
// in it. A worker never waits for a reader: with the buffer full it puts the
// aside down, and somebody takes it up again when there is room. A connection
// with nothing to send sleeps, suspended.
//
//   function           thread      waits for
//   ms_asides_create   any         nothing
//   ms_asides_stop     dispatcher  answers under way, milliseconds
//   ms_asides_destroy  dispatcher  nothing
//   ms_aside_...       dispatcher  nothing

#ifndef MS_SERVER_ASIDES_H
#define MS_SERVER_ASIDES_H

#include "routes.h"
#include "sleeper.h"

struct ms_asides;
struct ms_aside;

enum memscope_status
ms_asides_create(struct ms_server *server,
                 struct ms_asides **out) MEMSCOPE_MUST_CHECK;

// ms_asides_stop cancels all and ends the threads; connections that sleep are
// woken. ms_asides_destroy is for when all have been let go.
void ms_asides_stop(struct ms_asides *all);
void ms_asides_destroy(struct ms_asides *all);

// ms_aside_start has a request answered by a handler; the connection sleeps
// from now on. The request must live until ms_aside_reply gave the answer.
// NULL: out of memory or threads.
struct ms_aside *ms_aside_start(struct ms_asides *all,
                                struct ms_request *request, ms_handler *handler,
                                const struct ms_sleeper *sleeper);

enum ms_aside_state {
    MS_ASIDE_AGAIN, // there is none yet; the connection sleeps
    MS_ASIDE_READY,
    MS_ASIDE_CANCELLED, // there will be none
};

// ms_aside_reply gives the answer, of which the reply owns what it says. Where
// reply.aside is set, its text is read from there, and the aside is let go of
// with it.
enum ms_aside_state ms_aside_reply(struct ms_aside *aside,
                                   struct ms_reply *reply);

// ms_aside_read is a flow's. 0 without an end: the connection sleeps.
size_t ms_aside_read(void *aside, char *to, size_t bytes, bool *end);

// ms_aside_cancel makes an end of one whose connection sleeps: it is woken.
void ms_aside_cancel(struct ms_aside *aside);

// ms_aside_leave ends the dispatcher's part; what is under way is given up.
void ms_aside_leave(void *aside);

#endif

// SPDX-License-Identifier: MIT
//
// aside: one answer that is made aside, for asides.c (who works on it, and
// when) and aside.c (what is done). Order of locks: the workers', then its own.

#ifndef MS_SERVER_ASIDE_H
#define MS_SERVER_ASIDE_H

#include <pthread.h>

#include "asides.h"
#include "flow.h"

#define MS_ASIDE_WORKERS 2

struct ms_aside {
    struct ms_asides *all;      // constant
    struct ms_server *server;   // constant
    struct ms_request *request; // [worker]
    ms_handler *handler;        // constant
    struct ms_later *later;     // [worker] owned: to be asked again
    bool answered;              // [worker]
    struct ms_flow flow;        // [worker] of what is still to be made
    bool flows;                 // [worker] that there is something

    // {the workers' lock}
    struct ms_aside *next;       // in the queue
    struct ms_aside *next_alive; // among all
    uint64_t due_ns;             // not to be taken up before
    bool queued, running;
    bool called; // while it ran: it is to be taken up again
    bool done;

    pthread_mutex_t lock;
    // {lock} from here on
    unsigned refs;
    struct ms_sleeper sleeper;
    bool asleep; // the connection
    bool left;   // the dispatcher's part is over
    bool cancelled;
    bool ready; // the reply is there
    struct ms_reply reply;
    bool ended, failed; // the text
    bool full;          // a worker has put it down for want of room
    char *text;         // of the answer, not yet sent
    size_t bytes;
};

enum ms_aside_step {
    MS_ASIDE_DONE,  // there is nothing left to do
    MS_ASIDE_LATER, // it is to be taken up again when it is due
    MS_ASIDE_WAITS, // until there is room: it is called then
};

// ms_aside_step does what can be done now. [worker]
enum ms_aside_step ms_aside_step(struct ms_aside *a, uint64_t *due_ns);

// ms_aside_give_up has it end at the next step.
void ms_aside_give_up(struct ms_aside *a);

// ms_aside_drop lets go of it; the last one frees it.
void ms_aside_drop(struct ms_aside *a);

// ms_asides_add has the workers take it up. False: there are none. Then, or
// until it is done, they hold a reference.
bool ms_asides_add(struct ms_asides *all, struct ms_aside *a);

// ms_asides_call has it taken up at once, whatever it waits for.
void ms_asides_call(struct ms_asides *all, struct ms_aside *a);

#endif

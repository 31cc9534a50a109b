// SPDX-License-Identifier: MIT
//
// handlers_source: lines of source. A file may lie on a disk that does not
// answer: a thread of its own reads it, and nobody waits but who has asked.

#include <stdlib.h>

#include "engine/source_text.h"
#include "handlers.h"
#include "platform/clock.h"
#include "platform/thread.h"

#define STEP_NS UINT64_C(5000000)
#define READERS_MOST 4u // threads; one may be stuck

static _Atomic unsigned readers;

struct reading {
    struct ms_later later; // first
    void (*thread_start)(void);
    struct ms_source_file file;
    uint64_t line, context;
    _Atomic unsigned refs; // the connection's and the thread's
    _Atomic bool done;     // [A] the following is there
    enum memscope_status status;
    struct ms_source_text text;
};

static void let_go(struct reading *r)
{
    // acq_rel: whoever is last has seen all of the other
    if (atomic_fetch_sub_explicit(&r->refs, 1, memory_order_acq_rel) != 1)
        return;
    ms_source_text_fini(&r->text);
    free(r);
}

static void *read_file(void *arg)
{
    struct reading *r = arg;

    if (r->thread_start != NULL)
        r->thread_start();
    r->status = ms_source_read(&r->file, (uint32_t)r->line,
                               (uint32_t)r->context, &r->text);
    // [A] release: pairs with again
    atomic_store_explicit(&r->done, true, memory_order_release);
    let_go(r);
    atomic_fetch_sub(&readers, 1);
    return NULL;
}

static void reply_text(struct reading *r, struct ms_reply *reply)
{
    json_t *lines = json_array();

    for (size_t i = 0; i < r->text.count; i++)
        json_array_append_new(lines, ms_render_text(r->text.lines[i]));
    ms_reply_json(reply, json_pack("{s:o,s:I,s:I,s:I,s:b,s:o}", "file",
                                   ms_render_text(r->file.path), "line",
                                   (json_int_t)r->line, "first",
                                   (json_int_t)r->text.first, "total",
                                   (json_int_t)r->text.total, "newer",
                                   r->text.newer, "lines", lines));
}

static bool again(struct ms_later *later, struct ms_reply *reply)
{
    struct reading *r = (struct reading *)later;

    // [A] acquire: pairs with read_file
    if (!atomic_load_explicit(&r->done, memory_order_acquire)) {
        later->due_ns = ms_clock_monotonic_ns() + STEP_NS;
        return false;
    }
    if (r->status == MEMSCOPE_OK)
        reply_text(r, reply);
    else if (r->status == MEMSCOPE_ERROR_LIMIT)
        ms_reply_error(reply, 413, "the source file is longer than 8 MiB");
    else if (r->status == MEMSCOPE_ERROR_MEMORY)
        ms_reply_status(reply, r->status);
    else
        ms_reply_error(reply, 404,
                       r->status == MEMSCOPE_ERROR_FORMAT
                           ? "the source file is no text"
                           : "the source file is not there, or not so long");
    return true;
}

static void drop(struct ms_later *later)
{
    let_go((struct reading *)later);
}

static void begin(struct ms_request *q, struct ms_reply *reply,
                  const struct reading *wanted)
{
    struct reading *r = malloc(sizeof *r);
    pthread_t thread;

    if (r == NULL) {
        ms_reply_status(reply, MEMSCOPE_ERROR_MEMORY);
        return;
    }
    *r = *wanted;
    r->later.again = again;
    r->later.drop = drop;
    r->later.due_ns = ms_clock_monotonic_ns() + STEP_NS;
    r->thread_start = q->server->options.thread_start;
    atomic_init(&r->refs, 2);
    if (atomic_fetch_add(&readers, 1) >= READERS_MOST ||
        ms_thread_start(&thread, "ms-source", read_file, r) != 0) {
        atomic_fetch_sub(&readers, 1);
        free(r);
        ms_reply_error(reply, 503, "as many files are being read as may be");
        return;
    }
    pthread_detach(thread);
    reply->later = &r->later;
}

void ms_handle_source(struct ms_request *q, struct ms_reply *reply)
{
    const char *module = ms_query_text(&q->query, "module", "");
    const char *file = ms_query_text(&q->query, "file", "");
    struct reading r = {.status = MEMSCOPE_OK};
    uint32_t session;

    if (!ms_get_session(q, reply, &session))
        return;
    if (!ms_query_number(&q->query, "line", 1, UINT32_MAX, &r.line) ||
        !ms_query_number(&q->query, "context", 5, MS_SOURCE_CONTEXT,
                         &r.context) ||
        r.line == 0) {
        ms_reply_error(reply, 400,
                       "line is a number from 1; context at most 100");
        return;
    }
    if (ms_engine_source_file(q->server->options.engine, session, module, file,
                              &r.file) != MEMSCOPE_OK)
        ms_reply_error(reply, 404,
                       "no call that is known lies in this module and file");
    else
        begin(q, reply, &r);
}

// SPDX-License-Identifier: MIT
//
// answering: the symbol thread. It takes questions in batches of one module,
// has them answered without the lock, and keeps the answers.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "platform/process_stats.h"
#include "symbols/symbols_private.h"

#define FETCH_STEP_NS 50000000L

// The next addresses, all of one module and question. {lock}
static size_t next_batch(struct ms_symbols *s)
{
    size_t count = 0;

    while (count < MS_NAMER_BATCH &&
           s->answers.next + count < s->answers.count) {
        const struct ms_answer *a = s->answers.queue[s->answers.next + count];
        const struct ms_answer *first = s->answers.queue[s->answers.next];
        if (a->module != first->module || a->question != first->question)
            break;
        // The call lies before the address that it returns to.
        s->batch[count++] = a->address - (a->address > 0);
    }
    return count;
}

// Has a batch looked up, without the lock.
static void look_up(struct ms_symbols *s, enum ms_question question,
                    uint32_t number, struct ms_symbols_file *m, size_t count)
{
    struct ms_namer_module module = {
        .number = number,
        .path = m->path,
        .pid = m->pid,
        .build_id_bytes = m->build_id_bytes,
    };

    if (!m->tried)
        m->separate = !atomic_load(&s->hurry);
    m->tried = true;
    module.separate = m->separate;
    module.fetched = m->fetched;
    memcpy(module.build_id, m->build_id, m->build_id_bytes);
    if (question == MS_QUESTION_TYPE)
        ms_namer_types(s->namer, &module, s->batch, count, s->types);
    else
        ms_namer_names(s->namer, &module, s->batch, count, &s->names);
}

static struct ms_symbol kept(struct ms_symbols *s,
                             const struct ms_dwarf_frame *f, const char *plain)
{
    return (struct ms_symbol){
        .function = f->function[0] != '\0'
                        ? ms_strings_keep(&s->strings, f->function)
                        : plain,
        .file = ms_strings_keep(&s->strings, f->file),
        .line = f->line,
    };
}

// Keeps the frames of one answer. {lock}
static void keep_answer(struct ms_symbols *s, struct ms_answer *a,
                        const struct ms_dwarf_frame *frames, size_t count)
{
    const char *plain = a->symbol.function;

    if (count > 1)
        a->more = malloc((count - 1) * sizeof *a->more);
    if (a->more != NULL) {
        a->more_count = (uint8_t)(count - 1);
        s->answers.more_bytes += (count - 1) * sizeof *a->more;
        for (size_t i = 0; i < a->more_count; i++)
            a->more[i] = kept(s, &frames[i + 1], plain);
    }
    if (count != 0)
        a->symbol = kept(s, &frames[0], plain);
    a->known = true;
}

// {lock}
static void keep_type(struct ms_symbols *s, struct ms_answer *a,
                      const struct ms_declared *from)
{
    char array[600];

    a->known = true;
    a->type.handed_on = from->handed_on;
    if (from->type[0] == '\0')
        return;
    a->type.type = ms_strings_keep(&s->strings, from->type);
    a->type.bytes = from->bytes;
    if (!from->many)
        return;
    snprintf(array, sizeof array, "%s[]", from->type);
    a->type.array = ms_strings_keep(&s->strings, array);
}

// Keeps what has been found out about a batch. {lock}
static void keep_batch(struct ms_symbols *s, enum ms_question question,
                       size_t count)
{
    for (size_t i = 0, frame = 0; i < count; i++) {
        struct ms_answer *a = s->answers.queue[s->answers.next++];
        if (question == MS_QUESTION_TYPE) {
            keep_type(s, a, &s->types[i]);
            continue;
        }
        keep_answer(s, a, s->names.frames + frame, s->names.counts[i]);
        frame += s->names.counts[i];
    }
}

// Names without debug information: whether to ask for that first.
static bool ask_afar(struct ms_symbols *s, uint32_t number,
                     struct ms_symbols_file *m)
{
    if (s->names.source != MS_NAMES_SYMBOLS || m->asked || !m->separate ||
        m->build_id_bytes == 0 || !atomic_load(&s->fetching))
        return false;
    if (s->fetch == NULL)
        s->fetch = ms_fetch_create(s->thread_start);
    m->asked = true;
    m->away = s->fetch != NULL &&
              ms_fetch_ask(s->fetch, number, m->build_id, m->build_id_bytes);
    if (m->away)
        ms_namer_forget(s->namer, number);
    return m->away;
}

// Takes over what has come from afar. {lock}
static void take_fetched(struct ms_symbols *s)
{
    uint32_t number;
    char *path;

    while (s->fetch != NULL && ms_fetch_take(s->fetch, &number, &path)) {
        struct ms_symbols_file *m = s->modules[number - 1];
        m->away = false;
        if (path != NULL)
            m->fetched = ms_strings_keep(&s->strings, path);
        free(path);
    }
}

// Puts a question first that does not wait for anything from afar. The order
// of questions means nothing. {lock}
static bool bring_forward(struct ms_symbols *s)
{
    struct ms_answer **queue = s->answers.queue;

    for (size_t i = s->answers.next; i < s->answers.count; i++) {
        struct ms_answer *a = queue[i];
        if (s->modules[a->module - 1]->away)
            continue;
        queue[i] = queue[s->answers.next];
        queue[s->answers.next] = a;
        return true;
    }
    return false;
}

// {lock}
static void wait_for_questions(struct ms_symbols *s)
{
    struct timespec soon;

    s->cpu_ns = ms_thread_cpu_ns();
    if (s->fetch == NULL || ms_fetch_pending(s->fetch) == 0) {
        pthread_cond_wait(&s->wake, &s->lock);
        return;
    }
    clock_gettime(CLOCK_REALTIME, &soon);
    soon.tv_nsec += FETCH_STEP_NS;
    soon.tv_sec += soon.tv_nsec / 1000000000;
    soon.tv_nsec %= 1000000000;
    pthread_cond_timedwait(&s->wake, &s->lock, &soon);
}

void *ms_symbols_answer(void *arg)
{
    struct ms_symbols *s = arg;

    // First of all: from here on nothing that it allocates is counted.
    if (s->thread_start != NULL)
        s->thread_start();
    s->namer = ms_namer_create(NULL);
    pthread_mutex_lock(&s->lock);
    while (!s->stopping && s->namer != NULL) {
        take_fetched(s);
        if (!bring_forward(s)) {
            wait_for_questions(s);
            continue;
        }
        const struct ms_answer *first = s->answers.queue[s->answers.next];
        enum ms_question question = (enum ms_question)first->question;
        uint32_t number = first->module;
        struct ms_symbols_file *m = s->modules[number - 1];
        size_t count = next_batch(s);
        pthread_mutex_unlock(&s->lock);
        look_up(s, question, number, m, count);
        bool away = question == MS_QUESTION_NAME && ask_afar(s, number, m);
        pthread_mutex_lock(&s->lock);
        if (away)
            continue; // asked once more when it is there, or nowhere
        if (question == MS_QUESTION_NAME)
            m->source = s->names.source;
        keep_batch(s, question, count);
    }
    pthread_mutex_unlock(&s->lock);
    ms_fetch_destroy(s->fetch);
    if (s->namer != NULL)
        ms_namer_destroy(s->namer);
    return NULL;
}

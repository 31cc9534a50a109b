// SPDX-License-Identifier: MIT
// See symbols.h for the contract.

#include "symbols/symbols.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/thread.h"
#include "symbols/symbols_private.h"

static const char *plain_name(struct ms_symbols *s,
                              const struct ms_symbols_file *m, uint64_t address)
{
    char text[600];

    snprintf(text, sizeof text, "%s+0x%llx", m->name[0] != '\0' ? m->name : "?",
             (unsigned long long)address);
    return ms_strings_keep(&s->strings, text);
}

enum memscope_status ms_symbols_create(void (*thread_start)(void),
                                       struct ms_symbols **out)
{
    struct ms_symbols *s = calloc(1, sizeof *s);

    *out = NULL;
    if (s == NULL)
        return MEMSCOPE_ERROR_MEMORY;
    s->thread_start = thread_start;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->wake, NULL);
    if (ms_thread_start(&s->thread, "ms-symbols", ms_symbols_answer, s) != 0) {
        pthread_cond_destroy(&s->wake);
        pthread_mutex_destroy(&s->lock);
        free(s);
        return MEMSCOPE_ERROR_SYSTEM;
    }
    *out = s;
    return MEMSCOPE_OK;
}

void ms_symbols_destroy(struct ms_symbols *s)
{
    pthread_mutex_lock(&s->lock);
    s->stopping = true;
    pthread_cond_signal(&s->wake);
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->thread, NULL);
    for (size_t i = 0; i < s->module_count; i++)
        free(s->modules[i]);
    ms_answers_fini(&s->answers);
    free(s->modules);
    ms_strings_fini(&s->strings);
    pthread_cond_destroy(&s->wake);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

static uint32_t find_module(struct ms_symbols *s,
                            const struct ms_symbol_module *wanted)
{
    for (size_t i = 0; i < s->module_count; i++) {
        const struct ms_symbols_file *m = s->modules[i];
        if (m->build_id_bytes == wanted->build_id_bytes &&
            (m->build_id_bytes == 0 ||
             memcmp(m->build_id, wanted->build_id, m->build_id_bytes) == 0) &&
            strcmp(m->path, wanted->path) == 0)
            return (uint32_t)i + 1;
    }
    return 0;
}

static uint32_t add_module(struct ms_symbols *s,
                           const struct ms_symbol_module *wanted)
{
    const char *slash = strrchr(wanted->path, '/');
    struct ms_symbols_file *m = calloc(1, sizeof *m);

    if (m == NULL)
        return 0;
    if (s->module_count == s->module_room) {
        size_t room = s->module_room == 0 ? 32 : s->module_room * 2;
        struct ms_symbols_file **moved =
            realloc(s->modules, room * sizeof *s->modules);
        if (moved == NULL) {
            free(m);
            return 0;
        }
        s->modules = moved;
        s->module_room = room;
    }
    m->path = ms_strings_keep(&s->strings, wanted->path);
    m->name =
        ms_strings_keep(&s->strings, slash != NULL ? slash + 1 : wanted->path);
    m->pid = wanted->pid;
    m->build_id_bytes = wanted->build_id_bytes;
    if (m->build_id_bytes != 0)
        memcpy(m->build_id, wanted->build_id, m->build_id_bytes);
    s->modules[s->module_count++] = m;
    return (uint32_t)s->module_count;
}

uint32_t ms_symbols_module(struct ms_symbols *s,
                           const struct ms_symbol_module *module)
{
    struct ms_symbol_module wanted = *module;

    if (wanted.build_id == NULL ||
        wanted.build_id_bytes > sizeof((struct ms_symbols_file *)0)->build_id)
        wanted.build_id_bytes = 0;
    pthread_mutex_lock(&s->lock);
    uint32_t number = find_module(s, &wanted);
    if (number == 0)
        number = add_module(s, &wanted);
    pthread_mutex_unlock(&s->lock);
    return number;
}

// The answer to a question, known or not; NULL: there can be none. {lock}
static struct ms_answer *answer_of(struct ms_symbols *s,
                                   enum ms_question question, uint32_t module,
                                   uint64_t address)
{
    if (module == 0 || module > s->module_count)
        return NULL;
    struct ms_answer *a =
        ms_answers_find(&s->answers, question, module, address);
    if (a != NULL)
        return a;
    a = ms_answers_add(&s->answers, question, module, address);
    if (a == NULL)
        return NULL;
    if (question == MS_QUESTION_TYPE) {
        a->type = (struct ms_symbol_type){.type = "", .array = ""};
    } else {
        a->symbol.function = plain_name(s, s->modules[module - 1], address);
        a->symbol.file = "";
    }
    pthread_cond_signal(&s->wake);
    return a;
}

bool ms_symbols_frames(struct ms_symbols *s, uint32_t module, uint64_t address,
                       struct ms_symbol *frames, size_t room, size_t *count)
{
    bool known = false;

    frames[0] = (struct ms_symbol){.function = "?", .file = ""};
    *count = 1;
    pthread_mutex_lock(&s->lock);
    const struct ms_answer *a = answer_of(s, MS_QUESTION_NAME, module, address);
    if (a != NULL) {
        frames[0] = a->symbol;
        for (; *count < room && *count <= a->more_count; ++*count)
            frames[*count] = a->more[*count - 1];
        known = a->known;
    }
    pthread_mutex_unlock(&s->lock);
    return known;
}

bool ms_symbols_lookup(struct ms_symbols *s, uint32_t module, uint64_t address,
                       struct ms_symbol *out)
{
    size_t count;

    return ms_symbols_frames(s, module, address, out, 1, &count);
}

const struct ms_symbol_type *ms_symbols_type(struct ms_symbols *s,
                                             uint32_t module, uint64_t address)
{
    static const struct ms_symbol_type nothing = {.type = "", .array = ""};

    pthread_mutex_lock(&s->lock);
    const struct ms_answer *a = answer_of(s, MS_QUESTION_TYPE, module, address);
    // One that is known never changes again.
    const struct ms_symbol_type *type = a == NULL  ? &nothing
                                        : a->known ? &a->type
                                                   : NULL;
    pthread_mutex_unlock(&s->lock);
    return type;
}

const char *ms_symbol_type_of(const struct ms_symbol_type *t, uint64_t bytes)
{
    if (t == NULL || t->bytes == 0 || bytes == 0 || bytes % t->bytes != 0)
        return "";
    return bytes == t->bytes ? t->type : t->array;
}

const char *ms_symbol_type_of_sum(const struct ms_symbol_type *t,
                                  uint64_t blocks, uint64_t bytes)
{
    if (t == NULL || blocks == 0 || bytes < blocks * t->bytes)
        return "";
    return ms_symbol_type_of(t, bytes == blocks * t->bytes ? t->bytes : bytes);
}

bool ms_symbols_names_file(struct ms_symbols *s, uint32_t module,
                           const char *file)
{
    const char *same = NULL, *other = NULL; // each text is kept once
    bool found = false;

    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < s->answers.next && !found; i++) {
        const struct ms_answer *a = s->answers.queue[i];
        if (a->question != MS_QUESTION_NAME)
            continue;
        for (size_t k = 0; k <= a->more_count && a->module == module; k++) {
            const char *named = k == 0 ? a->symbol.file : a->more[k - 1].file;
            if (named != same && named != other)
                *(strcmp(named, file) == 0 ? &same : &other) = named;
            found |= named == same;
        }
    }
    pthread_mutex_unlock(&s->lock);
    return found && file[0] != '\0';
}

const char *ms_symbols_source(struct ms_symbols *s, uint32_t module)
{
    static const char *const names[] = {
        [MS_NAMES_UNKNOWN] = "unknown", [MS_NAMES_DEBUG] = "debug",
        [MS_NAMES_SYMBOLS] = "symbols", [MS_NAMES_MISSING] = "missing",
        [MS_NAMES_FAILED] = "failed",
    };
    enum ms_names_source source = MS_NAMES_UNKNOWN;

    pthread_mutex_lock(&s->lock);
    if (module != 0 && module <= s->module_count)
        source = s->modules[module - 1]->source;
    pthread_mutex_unlock(&s->lock);
    return names[source];
}

void ms_symbols_fetch(struct ms_symbols *s)
{
    atomic_store(&s->fetching, true);
}

void ms_symbols_hurry(struct ms_symbols *s)
{
    atomic_store(&s->hurry, true);
}

const char *ms_symbols_intern(struct ms_symbols *s, const char *text)
{
    pthread_mutex_lock(&s->lock);
    const char *kept = ms_strings_keep(&s->strings, text);
    pthread_mutex_unlock(&s->lock);
    return kept;
}

void ms_symbols_counts(struct ms_symbols *s, struct ms_symbols_counts *out)
{
    pthread_mutex_lock(&s->lock);
    *out = (struct ms_symbols_counts){
        .pending = s->answers.count - s->answers.next,
        .done = s->answers.next,
        .memory_bytes = s->strings.bytes + ms_answers_bytes(&s->answers),
        .cpu_ns = s->cpu_ns,
    };
    pthread_mutex_unlock(&s->lock);
}

// SPDX-License-Identifier: MIT
// See symbols.h for the contract.

#include "symbols/symbols.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/process_stats.h"
#include "platform/thread.h"
#include "symbols/dwarf.h"
#include "symbols/strings.h"

#define ANSWERS_LIMIT (1u << 24) // more keep their "module+0x..."

struct module {
    const char *path; // kept
    const char *name; // kept: its last part
    pid_t pid;
    uint8_t build_id[64];
    uint32_t build_id_bytes;
    struct ms_dwarf *dwarf; // [symbol thread]
    bool tried;             // [symbol thread]
};

struct answer {
    uint64_t address;
    uint32_t module; // 0: empty
    bool known;
    struct ms_symbol symbol;
};

struct ms_symbols {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    pthread_t thread;
    void (*thread_start)(void);
    _Atomic bool hurry;
    // {lock} from here on
    bool stopping;
    struct module **modules;
    size_t module_count, module_room;
    struct answer **slots; // open addressing, at most half full
    size_t room, count;
    struct answer **queue; // all answers, in the order in which they were asked
    size_t queue_room, next; // [next, count) wait
    struct ms_strings strings;
    uint64_t cpu_ns;
};

static size_t hash_of(uint32_t module, uint64_t address)
{
    uint64_t h =
        (address ^ (uint64_t)module << 48) * UINT64_C(0x9E3779B97F4A7C15);

    return (size_t)(h ^ h >> 29);
}

static struct answer **find_slot(struct answer **slots, size_t room,
                                 uint32_t module, uint64_t address)
{
    size_t i = hash_of(module, address) & (room - 1);

    while (slots[i] != NULL &&
           (slots[i]->module != module || slots[i]->address != address))
        i = (i + 1) & (room - 1);
    return &slots[i];
}

static bool grow(struct ms_symbols *s)
{
    size_t room = s->room == 0 ? 1024 : s->room * 2;
    struct answer **slots = calloc(room, sizeof *slots);
    struct answer **queue = realloc(s->queue, room * sizeof *queue);

    if (queue != NULL)
        s->queue = queue;
    if (slots == NULL || queue == NULL) {
        free(slots);
        return false;
    }
    for (size_t i = 0; i < s->count; i++)
        *find_slot(slots, room, s->queue[i]->module, s->queue[i]->address) =
            s->queue[i];
    free(s->slots);
    s->slots = slots;
    s->room = room;
    return true;
}

static const char *plain_name(struct ms_symbols *s, const struct module *m,
                              uint64_t address)
{
    char text[600];

    snprintf(text, sizeof text, "%s+0x%llx", m->name[0] != '\0' ? m->name : "?",
             (unsigned long long)address);
    return ms_strings_keep(&s->strings, text);
}

// Asks elfutils for one answer, without the lock.
static void look_up(struct module *m, uint64_t address, bool hurry,
                    struct ms_dwarf_name *out)
{
    out->function[0] = out->file[0] = '\0';
    out->line = 0;
    if (!m->tried) {
        m->dwarf = ms_dwarf_open(m->path, m->pid,
                                 m->build_id_bytes != 0 ? m->build_id : NULL,
                                 m->build_id_bytes, !hurry);
        m->tried = true;
    }
    // The call lies before the address that it returns to.
    if (m->dwarf != NULL && address > 0)
        ms_dwarf_name(m->dwarf, address - 1, out);
}

static void *serve(void *arg)
{
    struct ms_symbols *s = arg;

    // First of all: from here on nothing that it allocates is counted.
    if (s->thread_start != NULL)
        s->thread_start();
    struct ms_dwarf_name *name = malloc(sizeof *name);
    pthread_mutex_lock(&s->lock);
    while (!s->stopping && name != NULL) {
        if (s->next == s->count) {
            s->cpu_ns = ms_thread_cpu_ns();
            pthread_cond_wait(&s->wake, &s->lock);
            continue;
        }
        struct answer *a = s->queue[s->next];
        struct module *m = s->modules[a->module - 1];
        pthread_mutex_unlock(&s->lock);
        look_up(m, a->address, atomic_load(&s->hurry), name);
        pthread_mutex_lock(&s->lock);
        if (name->function[0] != '\0')
            a->symbol.function = ms_strings_keep(&s->strings, name->function);
        a->symbol.file = ms_strings_keep(&s->strings, name->file);
        a->symbol.line = name->line;
        a->known = true;
        s->next++;
    }
    pthread_mutex_unlock(&s->lock);
    free(name);
    return NULL;
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
    if (ms_thread_start(&s->thread, "ms-symbols", serve, s) != 0) {
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
    for (size_t i = 0; i < s->module_count; i++) {
        ms_dwarf_close(s->modules[i]->dwarf);
        free(s->modules[i]);
    }
    for (size_t i = 0; i < s->count; i++)
        free(s->queue[i]);
    free(s->modules);
    free(s->slots);
    free(s->queue);
    ms_strings_fini(&s->strings);
    pthread_cond_destroy(&s->wake);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

static uint32_t find_module(struct ms_symbols *s,
                            const struct ms_symbol_module *wanted)
{
    for (size_t i = 0; i < s->module_count; i++) {
        const struct module *m = s->modules[i];
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
    struct module *m = calloc(1, sizeof *m);

    if (m == NULL)
        return 0;
    if (s->module_count == s->module_room) {
        size_t room = s->module_room == 0 ? 32 : s->module_room * 2;
        struct module **moved = realloc(s->modules, room * sizeof *s->modules);
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
        wanted.build_id_bytes > sizeof((struct module *)0)->build_id)
        wanted.build_id_bytes = 0;
    pthread_mutex_lock(&s->lock);
    uint32_t number = find_module(s, &wanted);
    if (number == 0)
        number = add_module(s, &wanted);
    pthread_mutex_unlock(&s->lock);
    return number;
}

// A new answer on the queue; NULL: no room. {lock}
static struct answer *ask(struct ms_symbols *s, uint32_t module,
                          uint64_t address)
{
    if (s->count >= ANSWERS_LIMIT || (s->count * 2 >= s->room && !grow(s)))
        return NULL;
    struct answer *a = calloc(1, sizeof *a);
    if (a == NULL)
        return NULL;
    a->module = module;
    a->address = address;
    a->symbol.function = plain_name(s, s->modules[module - 1], address);
    a->symbol.file = "";
    *find_slot(s->slots, s->room, module, address) = a;
    s->queue[s->count++] = a;
    pthread_cond_signal(&s->wake);
    return a;
}

bool ms_symbols_lookup(struct ms_symbols *s, uint32_t module, uint64_t address,
                       struct ms_symbol *out)
{
    struct answer *a = NULL;
    bool known = false;

    *out = (struct ms_symbol){.function = "?", .file = ""};
    pthread_mutex_lock(&s->lock);
    if (module != 0 && module <= s->module_count) {
        if (s->room != 0)
            a = *find_slot(s->slots, s->room, module, address);
        if (a == NULL)
            a = ask(s, module, address);
    }
    if (a != NULL) {
        *out = a->symbol;
        known = a->known;
    }
    pthread_mutex_unlock(&s->lock);
    return known;
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
        .pending = s->count - s->next,
        .done = s->next,
        .memory_bytes = s->strings.bytes + s->count * sizeof(struct answer) +
                        s->room * 2 * sizeof *s->slots,
        .cpu_ns = s->cpu_ns,
    };
    pthread_mutex_unlock(&s->lock);
}

// SPDX-License-Identifier: MIT
// See custom.h and memscope_backend.h for the contract.

#include "capture/backends/custom.h"

#include <string.h>

#include <memscope.h>

#include "annotate/contexts.h"
#include "annotate/strings.h"
#include "capture/guard.h"
#include "platform/environment.h"
#include "runtime/announce.h"
#include "runtime/control.h"

#define FRAMES 128u
#define PREFIX "custom"

enum slot_state { FREE = 0, FILLING, READY };

static struct slot {
    _Atomic uint32_t state; // enum slot_state
    struct memscope_backend table;
    char name[MEMSCOPE_BACKEND_NAME + 1];
} slots[MEMSCOPE_BACKENDS];

static const struct slot *_Atomic in_use; // NULL: a built-in one

static bool is_name(const char *name)
{
    size_t n = 0;

    for (; name[n] != '\0'; n++) {
        char c = name[n];
        bool fits = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                    (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
        if (!fits || n == MEMSCOPE_BACKEND_NAME)
            return false;
    }
    return n > 0;
}

static bool is_builtin(const char *name)
{
    static const char *const builtin[] = {"core", "lockfree", "async",
                                          "unified", PREFIX};

    for (size_t i = 0; i < sizeof builtin / sizeof *builtin; i++)
        if (strcmp(builtin[i], name) == 0)
            return true;
    return false;
}

const char *memscope_backend_check(const struct memscope_backend *table)
{
    if (table == NULL)
        return "there is no table";
    if (table->version == 0 || table->version > MEMSCOPE_BACKEND_VERSION)
        return "the table's version is not one that this library knows";
    if (table->size != sizeof *table)
        return "the table's size is not sizeof(struct memscope_backend)";
    if (table->name == NULL || !is_name(table->name))
        return "the name is not 1 to 31 letters, digits, '_', '-' or '.'";
    if (is_builtin(table->name))
        return "the name is a built-in backend's";
    if (table->capture_alloc == NULL)
        return "capture_alloc is missing";
    for (size_t i = 0; i < sizeof table->reserved / sizeof(uint64_t); i++)
        if (table->reserved[i] != 0)
            return "a reserved field is not zero";
    return NULL;
}

static struct slot *find(const char *name)
{
    for (size_t i = 0; i < MEMSCOPE_BACKENDS; i++)
        // acquire: pairs with the slot's publication [Q]
        if (ms_load_acquire(&slots[i].state) == READY &&
            strcmp(slots[i].name, name) == 0)
            return &slots[i];
    return NULL;
}

bool ms_custom_wanted(const char *name)
{
    const char *asked = ms_environment(MS_ENV_BACKEND);
    size_t n = sizeof PREFIX - 1;

    if (asked == NULL || strncmp(asked, PREFIX, n) != 0)
        return false;
    return asked[n] == '\0' ||
           (asked[n] == ':' && !strcmp(asked + n + 1, name));
}

enum memscope_status
memscope_backend_register(const struct memscope_backend *table)
{
    if (table != NULL && table->version > MEMSCOPE_BACKEND_VERSION)
        return MEMSCOPE_ERROR_UNSUPPORTED;
    if (memscope_backend_check(table) != NULL)
        return MEMSCOPE_ERROR_ARGUMENT;
    if (find(table->name) != NULL)
        return MEMSCOPE_ERROR_STATE;
    for (size_t i = 0; i < MEMSCOPE_BACKENDS; i++) {
        struct slot *slot = &slots[i];
        uint32_t is_free = FREE;
        // relaxed: one of those that want it gets it
        if (!ms_claim_relaxed(&slot->state, &is_free, (uint32_t)FILLING))
            continue;
        slot->table = *table;
        memcpy(slot->name, table->name, strlen(table->name) + 1);
        slot->table.name = slot->name;
        // [Q] release: publishes the table
        ms_store_release(&slot->state, (uint32_t)READY);
        // relaxed: whoever uses another one later has the last word
        if (ms_load_relaxed(&in_use) == NULL && ms_custom_wanted(slot->name))
            return memscope_backend_use(slot->name);
        return MEMSCOPE_OK;
    }
    return MEMSCOPE_ERROR_LIMIT;
}

// Has the threads of a store ask us, from their next event on.
static void show(struct ms_store *s, const struct slot *slot)
{
    _Static_assert(sizeof s->header->custom_name == sizeof slot->name, "one");
    for (size_t i = 0; i < sizeof slot->name / sizeof(uint64_t); i++) {
        uint64_t word;
        memcpy(&word, slot->name + i * sizeof word, sizeof word);
        ms_store_relaxed(&s->header->custom_name[i], word);
    }
    ms_control_tell(s->header, MS_CONTROL_CUSTOM);
}

enum memscope_status memscope_backend_use(const char *name)
{
    const struct slot *slot = name != NULL ? find(name) : NULL;
    struct ms_store *s = ms_guard_store();

    if (slot == NULL)
        return MEMSCOPE_ERROR_NOT_FOUND;
    // [Q] release: publishes the table to whoever finds it in use
    ms_store_release(&in_use, slot);
    // relaxed: a thread that sees it late asks the built-in one until then
    ms_store_relaxed(&ms_runtime_backend, &ms_backend_custom);
    if (s != NULL)
        show(s, slot);
    return MEMSCOPE_OK;
}

void ms_custom_resume(struct ms_store *s)
{
    const struct slot *slot = ms_load_acquire(&in_use); // pairs with [Q]

    if (slot == NULL)
        return;
    ms_store_relaxed(&ms_runtime_backend, &ms_backend_custom);
    show(s, slot);
}

void ms_custom_place(struct ms_writer *w, struct ms_event *e)
{
    if (w->unwinder != NULL)
        ms_backend_whole_stack(w, e);
    else
        ms_backend_core.capture_alloc(w, e);
}

static struct memscope_event describe(const struct ms_writer *w,
                                      const struct ms_event *e)
{
    return (struct memscope_event){
        .size = sizeof(struct memscope_event),
        .operation = e->operation,
        .block = (const void *)(uintptr_t)e->address,
        .bytes = e->size,
        .caller = (const void *)(uintptr_t)e->caller,
        .time_ns = w->now << MS_BIRTH_SHIFT,
        .thread = w->slot->tid,
    };
}

// The node of the frames that were filled in; the caller's, where there are
// none.
static uint32_t stack_of_frames(struct ms_writer *w,
                                const struct memscope_event *event)
{
    uint32_t node = 0;

    for (uint32_t i = event->depth < FRAMES ? event->depth : FRAMES; i > 0;
         i--) {
        uint64_t address = (uintptr_t)event->frames[i - 1];
        if (address == 0 || ms_is_pseudo(address))
            continue;
        uint32_t inner = ms_store_stack(w->store, address, node);
        if (inner == 0)
            return MS_NODE_UNKNOWN; // the table is full
        node = inner;
    }
    return node;
}

// One more link of a context; what cannot be is left out.
static uint32_t add_link(struct ms_writer *w, uint32_t context,
                         enum ms_pseudo_kind kind, uint32_t value)
{
    uint32_t inner =
        value != 0 ? ms_store_stack(w->store, ms_pseudo(kind, value), context)
                   : 0;

    return inner != 0 ? inner : context;
}

// The stack in the task and scope that were filled in, as ms_context_wrap
// puts it into the thread's own; that lets it be then.
static uint32_t put_into_context(struct ms_writer *w, uint32_t stack,
                                 const struct memscope_event *event)
{
    const struct ms_annotations *a = w->store->annotations;
    uint32_t context = w->context;

    if (a == NULL || context == MS_CONTEXT_PAUSED)
        return stack;
    // relaxed: the program has handed the handle on
    if (event->task < MS_TASK_CAPACITY &&
        ms_load_relaxed(&a->tasks[event->task].state) == MS_NAMED_READY)
        context = add_link(w, context, MS_PSEUDO_TASK, event->task);
    context = add_link(w, context, MS_PSEUDO_SCOPE,
                       ms_string_intern(w->store, event->scope));
    if (context == w->context)
        return stack;
    uint32_t node =
        ms_store_stack(w->store, ms_pseudo(MS_PSEUDO_CONTEXT, context), stack);
    return node != 0 ? node : stack;
}

static void fill(struct ms_writer *w, struct ms_event *e)
{
    const struct slot *slot = ms_load_acquire(&in_use); // pairs with [Q]
    const void *frames[FRAMES];
    struct memscope_event event = describe(w, e);
    bool by_realloc = e->operation == MS_OPERATION_REALLOCATION;

    if (ms_unlikely(slot == NULL)) {
        ms_custom_place(w, e);
        return;
    }
    event.frames = frames;
    event.frame_room = FRAMES;
    const struct memscope_backend *table = &slot->table;
    (by_realloc && table->capture_realloc != NULL
         ? table->capture_realloc
         : table->capture_alloc)(table->context, &event);
    event.frames = frames;
    e->stack = 0;
    e->hint = NULL;
    if (event.stack == MEMSCOPE_STACK_NONE)
        return;
    if (event.stack == MEMSCOPE_STACK_FRAMES)
        e->stack = stack_of_frames(w, &event);
    else if (event.stack == MEMSCOPE_STACK_WHOLE)
        ms_custom_place(w, e);
    if (e->stack == 0)
        ms_backend_core.capture_alloc(w, e);
    if (event.task != 0 || event.scope != NULL) {
        uint32_t inside = put_into_context(w, e->stack, &event);
        e->hint = inside == e->stack ? e->hint : NULL;
        e->stack = inside;
    }
}

static void tell(struct ms_writer *w, struct ms_event *e)
{
    const struct slot *slot = ms_load_acquire(&in_use); // pairs with [Q]

    if (slot == NULL || slot->table.capture_dealloc == NULL)
        return;
    const struct memscope_event event = describe(w, e);
    slot->table.capture_dealloc(slot->table.context, &event);
}

const struct ms_backend ms_backend_custom = {
    .name = PREFIX,
    .id = MS_BACKEND_CUSTOM,
    .needs_unwinder = true,
    .has_contexts = true,
    .capture_alloc = fill,
    .capture_dealloc = tell,
    .capture_realloc = fill,
    .capture_move = fill,
};

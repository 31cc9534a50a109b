// SPDX-License-Identifier: MIT
//
// own_backend: a program with capture backends of its own. `own_backend MODE`:
// frames books under frames that the table makes up, from four threads; skip
// books no small block; bad tries tables that must be refused; linked uses
// its table by memscope_backend_use. Each prints what it knows as one line of
// JSON, and waits for the end of its input.

#include <memscope.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BLOCKS 1000
#define THREADS 4
#define BYTES 48
#define WHERE 3 // so many bytes into a function

static atomic_ulong allocs, reallocs, frees, freed_bytes, nested, wrong;
static memscope_task job;
static char the_context;

void first_place(void);
void second_place(void);

// Never called: addresses to book under.
void first_place(void)
{
    wrong++;
}

void second_place(void)
{
    wrong++;
}

static const void *inside(void (*function)(void))
{
    const char *code;

    memcpy(&code, &function, sizeof code);
    return code + WHERE;
}

static void check(const void *context, const struct memscope_event *event)
{
    if (context != &the_context || event->size != sizeof *event ||
        event->thread == 0 || event->time_ns == 0 || event->caller == NULL)
        wrong++;
}

static void two_frames(void *context, struct memscope_event *event)
{
    check(context, event);
    allocs++;
    if (event->operation != MEMSCOPE_ALLOCATION || event->frame_room < 2)
        wrong++;
    if (event->bytes != BYTES)
        return; // not ours
    event->stack = MEMSCOPE_STACK_FRAMES;
    event->frames[0] = inside(first_place);
    event->frames[1] = inside(second_place);
    event->depth = 2;
    event->task = job;
    event->scope = "made up";
    free(malloc(1)); // given, and not booked: we are inside an event
    nested++;
}

static void on_realloc(void *context, struct memscope_event *event)
{
    check(context, event);
    reallocs++;
    if (event->operation != MEMSCOPE_REALLOCATION)
        wrong++;
    event->stack = MEMSCOPE_STACK_WHOLE;
}

static void on_free(void *context, const struct memscope_event *event)
{
    check(context, event);
    if (event->bytes != BYTES)
        return;
    frees++;
    freed_bytes += event->bytes;
}

static void no_small_ones(void *context, struct memscope_event *event)
{
    check(context, event);
    event->stack =
        event->bytes == BYTES ? MEMSCOPE_STACK_NONE : MEMSCOPE_STACK_WHOLE;
}

static struct memscope_backend made_up = {
    .version = MEMSCOPE_BACKEND_VERSION,
    .size = sizeof made_up,
    .name = "made_up",
    .context = &the_context,
    .capture_alloc = two_frames,
    .capture_dealloc = on_free,
    .capture_realloc = on_realloc,
};

static void *allocate(void *arg)
{
    void **blocks = arg;

    for (int i = 0; i < BLOCKS; i++)
        blocks[i] = malloc(BYTES);
    for (int i = 0; i < BLOCKS; i += 2)
        free(blocks[i]);
    return NULL;
}

static void frames(void)
{
    static void *blocks[THREADS][BLOCKS];
    pthread_t threads[THREADS];

    job = memscope_task_create("job");
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, allocate, blocks[i]);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    blocks[0][1] = realloc(blocks[0][1], 12345);
}

static int refused(const struct memscope_backend *table)
{
    printf("%s\"%s\": %d", table == NULL ? "" : ", ",
           memscope_backend_check(table),
           (int)memscope_backend_register(table));
    return 0;
}

static void bad(void)
{
    struct memscope_backend t;

    printf("{");
    refused(NULL);
    t = made_up, t.version = 0, refused(&t);
    t = made_up, t.size = 8, refused(&t);
    t = made_up, t.name = "no good", refused(&t);
    t = made_up, t.name = "unified", refused(&t);
    t = made_up, t.capture_alloc = NULL, refused(&t);
    t = made_up, t.reserved[7] = 1, refused(&t);
    t = made_up, t.version = MEMSCOPE_BACKEND_VERSION + 1;
    printf(", \"later\": %d", (int)memscope_backend_register(&t));
    printf(", \"nowhere\": %d", (int)memscope_backend_use("made_up"));
    printf(", \"good\": %d", (int)memscope_backend_register(&made_up));
    printf(", \"again\": %d", (int)memscope_backend_register(&made_up));
    for (int i = 1; i < (int)MEMSCOPE_BACKENDS; i++) {
        char name[8];
        snprintf(name, sizeof name, "b%d", i);
        t = made_up, t.name = name;
        if (memscope_backend_register(&t) != MEMSCOPE_OK)
            wrong++;
    }
    t = made_up, t.name = "one more";
    t.name = "one-more";
    printf(", \"full\": %d, \"wrong\": %lu}\n",
           (int)memscope_backend_register(&t), (unsigned long)wrong);
}

int main(int argc, char **argv)
{
    const char *mode = argc > 1 ? argv[1] : "frames";
    char rest[64];

    if (strcmp(mode, "bad") == 0) {
        bad();
        return 0;
    }
    if (strcmp(mode, "skip") == 0)
        made_up.capture_alloc = no_small_ones;
    if (memscope_backend_register(&made_up) != MEMSCOPE_OK)
        return 1;
    if (strcmp(mode, "linked") == 0 &&
        memscope_backend_use("made_up") != MEMSCOPE_OK)
        return 1;
    frames();
    printf("{\"allocs\": %lu, \"reallocs\": %lu, \"frees\": %lu, "
           "\"freed_bytes\": %lu, \"nested\": %lu, \"wrong\": %lu}\n",
           (unsigned long)allocs, (unsigned long)reallocs, (unsigned long)frees,
           (unsigned long)freed_bytes, (unsigned long)nested,
           (unsigned long)wrong);
    fflush(stdout);
    while (read(STDIN_FILENO, rest, sizeof rest) > 0)
        continue;
    return 0;
}

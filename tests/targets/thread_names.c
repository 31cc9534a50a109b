// SPDX-License-Identifier: MIT
//
// thread_names: threads with plain, long, foreign and hostile names, one that
// changes its name and one that has ended. Each holds a block of its own size.

#include "victim.h"

#include <pthread.h>

static const char *const names[] = {
    "render",
    "io worker",
    "fifteen-chars-x",
    "gr\xc3\xb6\xc3\x9f"
    "e",
    "<b>x</b>",
    "a) R 1 (\"\\ \n'",
    "renamed later",
    "has ended",
};
#define NAMES (sizeof names / sizeof *names)
#define RENAMED 6u
#define ENDED 7u

static void *blocks[NAMES];
static pthread_barrier_t named, done;

static void *named_main(void *argument)
{
    size_t i = (size_t)(uintptr_t)argument;

    if (i != RENAMED)
        pthread_setname_np(pthread_self(), names[i]);
    blocks[i] = malloc(2001 + 2 * i);
    if (i == ENDED)
        return NULL;
    if (i == RENAMED)
        pthread_setname_np(pthread_self(), names[i]);
    pthread_barrier_wait(&named);
    pthread_barrier_wait(&done);
    return NULL;
}

static void say_json_name(const char *name)
{
    victim_say("\"");
    for (; *name != '\0'; name++) {
        if ((unsigned char)*name < 0x20)
            victim_say("\\u%04x", (unsigned)*name);
        else
            victim_say("%s%c", *name == '"' || *name == '\\' ? "\\" : "",
                       *name);
    }
    victim_say("\"");
}

int main(void)
{
    pthread_t threads[NAMES];

    pthread_barrier_init(&named, NULL, NAMES);
    pthread_barrier_init(&done, NULL, NAMES);
    for (size_t i = 0; i < NAMES; i++)
        victim_check(pthread_create(&threads[i], NULL, named_main,
                                    (void *)(uintptr_t)i) == 0,
                     "a thread starts");
    pthread_join(threads[ENDED], NULL);
    pthread_barrier_wait(&named);
    victim_say("{\"ended\":\"%s\",\"threads\":{", names[ENDED]);
    for (size_t i = 0; i < NAMES; i++) {
        say_json_name(names[i]);
        victim_say(":%zu%s", 2001 + 2 * i, i + 1 < NAMES ? "," : "}}\n");
    }
    victim_hold();
    pthread_barrier_wait(&done);
    for (size_t i = 0; i < NAMES; i++) {
        if (i != ENDED)
            pthread_join(threads[i], NULL);
        free(blocks[i]);
    }
    return 0;
}

// SPDX-License-Identifier: MIT
//
// wrong_frees CASE: after a line of stdin, what must not be freed is freed:
// glibc then ends the program, most of the time.

#include "victim.h"

#include <pthread.h>

static void *make_block(size_t size)
{
    return malloc(size);
}

static void first_free(void *block)
{
    free(block);
}

static void second_free(void *block)
{
    free(block);
}

static void inner_free(char *block)
{
    free(block + 512);
}

static void stack_free(void *place)
{
    free(place);
}

static void *free_it(void *block)
{
    first_free(block);
    return NULL;
}

static void resize_freed(void *block)
{
    if (realloc(block, 100) == NULL)
        victim_say("none\n");
}

int main(int argc, char **argv)
{
    const char *wanted = argc > 1 ? argv[1] : "";
    char place[64] = "";
    char *volatile block = make_block(3000);
    pthread_t thread;

    victim_hold();
    if (strcmp(wanted, "twice") == 0) {
        first_free(block);
        second_free(block);
    } else if (strcmp(wanted, "threads") == 0) {
        victim_check(pthread_create(&thread, NULL, free_it, block) == 0, "a");
        victim_check(pthread_join(thread, NULL) == 0, "b");
        second_free(block);
    } else if (strcmp(wanted, "realloc") == 0) {
        first_free(block);
        resize_freed(block);
    } else if (strcmp(wanted, "again") == 0) {
        // The address is the same, but another block: nothing is wrong.
        for (int i = 0; i < 100; i++) {
            first_free(block);
            block = make_block(3000);
        }
        second_free(block);
    } else if (strcmp(wanted, "inside") == 0) {
        inner_free(block);
    } else if (strcmp(wanted, "stack") == 0) {
        stack_free(place + 16);
    }
    victim_say("done\n");
    victim_hold();
    return 0;
}

// SPDX-License-Identifier: MIT
//
// births: 40 threads, one after the other, each on the stack of the one before,
// with one and the same block each.

#include "victim.h"

#include <pthread.h>

static void *run(void *arg)
{
    void *volatile block = malloc(123);

    free(block);
    return arg;
}

int main(void)
{
    pthread_t thread;

    for (int i = 0; i < 40; i++) {
        victim_check(pthread_create(&thread, NULL, run, NULL) == 0, "birth");
        victim_check(pthread_join(thread, NULL) == 0, "end");
    }
    return 0;
}

// SPDX-License-Identifier: MIT
//
// guest: a thread of this name holds a block, and ends when a line comes; what
// it has allocated stays. The program ends with its input.

#include "victim.h"

#include <pthread.h>

#define HELD_BYTES 300000u

static void *kept;

static void *guest_main(void *unused)
{
    char c;

    pthread_setname_np(pthread_self(), "guest");
    kept = malloc(HELD_BYTES);
    victim_check(kept != NULL, "malloc gives memory");
    victim_say("{\"bytes\":%u}\n", HELD_BYTES);
    while (read(STDIN_FILENO, &c, 1) == 1 && c != '\n')
        continue;
    return unused;
}

int main(void)
{
    pthread_t guest;

    victim_check(pthread_create(&guest, NULL, guest_main, NULL) == 0,
                 "a thread starts");
    pthread_join(guest, NULL);
    victim_hold();
    return 0;
}

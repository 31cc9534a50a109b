// SPDX-License-Identifier: MIT
//
// exit_codes return|exit|_exit N, abort, segv, kill N: ends in that way. Also
// linked statically, as a program that cannot be watched.

#include "victim.h"

#include <signal.h>

static volatile int *volatile nowhere;

int main(int argc, char **argv)
{
    const char *how = argc > 1 ? argv[1] : "";
    int number = argc > 2 ? atoi(argv[2]) : 0;

    victim_check(malloc(1234) != NULL, "malloc gives memory");
    if (strcmp(how, "return") == 0)
        return number;
    if (strcmp(how, "exit") == 0)
        exit(number);
    if (strcmp(how, "_exit") == 0)
        _exit(number);
    if (strcmp(how, "abort") == 0)
        abort();
    if (strcmp(how, "segv") == 0)
        *nowhere = 1;
    if (strcmp(how, "kill") == 0)
        raise(number);
    victim_say("usage: exit_codes return|exit|_exit|kill N | abort | segv\n");
    return 2;
}

// SPDX-License-Identifier: MIT
//
// signals: says "ready", then the name of each signal that it receives, and
// ends with 40 on SIGTERM and 41 on SIGINT.

#include "victim.h"

#include <signal.h>

int main(void)
{
    static const int numbers[] = {SIGHUP,  SIGINT,   SIGUSR1, SIGUSR2,
                                  SIGTERM, SIGWINCH, SIGCONT, SIGQUIT};
    sigset_t set;
    int number;

    sigemptyset(&set);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        sigaddset(&set, numbers[i]);
    sigprocmask(SIG_BLOCK, &set, NULL);
    victim_say("ready\n");
    for (;;) {
        if (sigwait(&set, &number) != 0)
            continue;
        victim_say("got %s\n", sigabbrev_np(number));
        if (number == SIGTERM)
            return 40;
        if (number == SIGINT)
            return 41;
    }
}

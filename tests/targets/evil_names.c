// SPDX-License-Identifier: MIT
//
// evil_names: functions, a thread and leaks whose names are HTML, SQL and what
// steers a terminal. Linked without debug information, so that the symbols are
// what names come from. Says that it is there, and waits.

#include <pthread.h>
#include <sys/prctl.h>

#include "victim.h"

// The assembler takes a quoted name as it is.
#define NAMED(function, name)                                                  \
    __attribute__((noinline)) void *function(size_t bytes) __asm__("\"" name   \
                                                                   "\"");      \
    void *function(size_t bytes)                                               \
    {                                                                          \
        return malloc(bytes);                                                  \
    }

NAMED(html, "<img src=x onerror=harmed=1><script>harmed=1</script>")
NAMED(sql, "x'); DROP TABLE sites;--")
NAMED(terminal, "\033[2J\033]0;harmed\007\302\233"
                "31m\177\342\200\256end")
NAMED(formula, "=HYPERLINK(1,2)")

static void *volatile kept[4];

static void *work(void *arg)
{
    prctl(PR_SET_NAME, "\033[31m<b>'%n\302\233");
    kept[0] = html(1111);
    kept[1] = sql(2222);
    kept[2] = terminal(3333);
    kept[3] = formula(4444);
    return arg;
}

int main(void)
{
    pthread_t thread;

    victim_check(pthread_create(&thread, NULL, work, NULL) == 0, "a thread");
    pthread_join(thread, NULL);
    for (size_t i = 0; i < 4; i++)
        kept[i] = NULL; // lost: the leak check names them
    victim_say("ready\n");
    victim_hold();
    return 0;
}

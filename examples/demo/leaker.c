// SPDX-License-Identifier: MIT
//
// leaker: forgets one session every 100 ms. Nothing ever frees it: that is
// the leak to be found.

#include "demo.h"

#include <stdlib.h>
#include <string.h>

#define SESSION_BYTES 10000u
#define STEPS 50u

static struct demo_counts counts;
const struct demo_purpose demo_leaker = {"leaker", "session_leak", &counts};

static void session_leak(void)
{
    char *session = malloc(SESSION_BYTES);

    demo_allocated(&counts, session, SESSION_BYTES);
    memset(session, 's', SESSION_BYTES);
}

void *leaker_main(void *unused)
{
    for (unsigned step = 0; demo_step(step, STEPS, 100); step++)
        session_leak();
    demo_finish();
    return unused;
}

// SPDX-License-Identifier: MIT
//
// linked: a program that opens its own page.

#include <memscope.h>

#include <stdio.h>
#include <stdlib.h>

static void *ledger[321];

static void ledger_grow(void)
{
    for (int i = 0; i < 321; i++)
        if ((ledger[i] = malloc(1234)) == NULL)
            exit(1);
}

int main(void)
{
    enum memscope_status status = memscope_start(NULL);

    if (status != MEMSCOPE_OK)
        fprintf(stderr, "linked: no page: %s\n", memscope_strerror(status));
    ledger_grow();
    printf("321 blocks of 1234 bytes at %s; Enter ends\n", memscope_url());
    fflush(stdout);
    (void)getchar();
    for (int i = 0; i < 321; i++)
        free(ledger[i]);
    memscope_stop();
    return 0;
}

// SPDX-License-Identifier: MIT
//
// orders: allocates and frees as it is told, one order per line of stdin, each
// answered by "ok": "take N" allocates N blocks of 100 bytes, "take N BYTES" of
// so many; "drop" frees them all, the last one first, so that the next ones
// come from the same places.

#include "victim.h"

#define MOST 100000u
#define SIZE 100u

static void *blocks[MOST];
static size_t count;

static void orders_take(size_t n, size_t bytes)
{
    while (n-- > 0 && count < MOST)
        blocks[count++] = malloc(bytes);
}

static void orders_drop(void)
{
    while (count > 0)
        free(blocks[--count]);
}

int main(void)
{
    char line[64];
    size_t n = 0;

    victim_say("ready\n");
    // One byte at a time: stdio would put its buffer on the heap.
    while (n < sizeof line - 1 && read(STDIN_FILENO, line + n, 1) == 1) {
        if (line[n++] != '\n')
            continue;
        line[n] = '\0';
        n = 0;
        if (strncmp(line, "take ", 5) == 0) {
            char *rest;
            size_t many = strtoul(line + 5, &rest, 10);
            size_t bytes = strtoul(rest, NULL, 10);
            orders_take(many, bytes != 0 ? bytes : SIZE);
        } else {
            orders_drop();
        }
        victim_say("ok\n");
    }
    return 0;
}

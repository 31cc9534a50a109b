// SPDX-License-Identifier: MIT
//
// steady: for each line of stdin, two threads make the same number of pairs of
// malloc and free by many call paths, and a line says so; at the end of stdin
// the program ends with 23. It needs as much memory at the end as after the
// first line.

#include "victim.h"

#include <pthread.h>

#define ROUNDS 60000u
#define HELD 128u

static void *held[2][HELD];

static void *steady_leaf(unsigned i)
{
    return malloc(32 + i % 7 * 100);
}

static void *steady_path(unsigned way, unsigned left, unsigned i)
{
    if (left == 0)
        return steady_leaf(i);
    if (way & 1)
        return steady_path(way >> 1, left - 1, i);
    return steady_path(way >> 1, left - 1, i);
}

static void *work(void *argument)
{
    void **mine = argument;

    for (unsigned i = 0; i < ROUNDS; i++) {
        void **slot = &mine[i % HELD];
        free(*slot);
        *slot = steady_path(i / 16, 4, i % HELD);
        victim_check(*slot != NULL, "malloc gives memory");
    }
    return NULL;
}

static int next_line(void)
{
    char byte;

    do {
        ssize_t n = read(STDIN_FILENO, &byte, 1);
        if (n == 0 || (n < 0 && errno != EINTR))
            return 0;
    } while (byte != '\n');
    return 1;
}

int main(void)
{
    unsigned done = 0;

    while (next_line()) {
        pthread_t other;
        victim_check(pthread_create(&other, NULL, work, held[1]) == 0,
                     "a thread starts");
        work(held[0]);
        pthread_join(other, NULL);
        victim_say("%u done\n", ++done);
    }
    return 23;
}

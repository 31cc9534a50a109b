// SPDX-License-Identifier: MIT
//
// frames: allocations from frames of every shape that C has: recursion,
// variable length, callbacks out of libc, signal handlers on the thread's
// stack and on their own, longjmp, threads. For machines that the other
// victims are not built for; prints a sum of what it did.

#include <alloca.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOINLINE __attribute__((noinline))

static void *volatile sink;

NOINLINE static void touch(size_t bytes)
{
    void *block = malloc(bytes);

    sink = block; // several threads are here
    free(block);
}

NOINLINE static int recurse(int depth)
{
    volatile char room[72];

    room[depth % 72] = 1;
    touch(16 + (size_t)depth);
    return depth == 0 ? room[0] : recurse(depth - 1) + room[depth % 72];
}

// Its frame is as long as it is told.
NOINLINE static int recurse_in_room(int depth)
{
    volatile char *room = alloca(16 + (size_t)(depth * 24 % 200));

    room[0] = 1;
    touch(40);
    return depth == 0 ? room[0] : recurse_in_room(depth - 1) + room[0];
}

static int compare(const void *a, const void *b)
{
    touch(24);
    return *(const int *)a - *(const int *)b;
}

NOINLINE static int by_callback(void)
{
    int numbers[64];

    for (int i = 0; i < 64; i++)
        numbers[i] = i * 37 % 64;
    qsort(numbers, 64, sizeof numbers[0], compare);
    return numbers[63];
}

static volatile int handled;

static void handle(int number)
{
    (void)number;
    handled += recurse(4);
}

NOINLINE static int by_signal(int flags)
{
    struct sigaction action = {.sa_handler = handle, .sa_flags = flags};

    sigaction(SIGUSR1, &action, NULL);
    for (int i = 0; i < 20; i++) {
        recurse(i % 5);
        raise(SIGUSR1);
    }
    return handled;
}

static jmp_buf way_back;

NOINLINE static void jump(int depth)
{
    touch(30);
    if (depth == 0)
        longjmp(way_back, 1);
    if (depth > 0)
        jump(depth - 1);
    touch(31);
}

NOINLINE static int by_jump(void)
{
    volatile int jumps = 0;

    for (volatile int i = 0; i < 50; i++)
        if (setjmp(way_back) == 0)
            jump(i % 20);
        else
            jumps++;
    return jumps;
}

static void *thread_main(void *argument)
{
    for (int i = 0; i < 30; i++)
        (void)recurse(i);
    return argument;
}

int main(void)
{
    static char alternate[65536];
    stack_t stack = {.ss_sp = alternate, .ss_size = sizeof alternate};
    pthread_t threads[3];
    int sum = 0;

    sigaltstack(&stack, NULL);
    for (int i = 0; i < 60; i++)
        sum += recurse(i) + recurse_in_room(i);
    sum += by_callback();
    sum += by_signal(0);
    sum += by_signal(SA_ONSTACK);
    sum += by_jump();
    for (int i = 0; i < 3; i++)
        if (pthread_create(&threads[i], NULL, thread_main, NULL) != 0)
            return 1;
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    printf("%d\n", sum);
    return 0;
}

// SPDX-License-Identifier: MIT
//
// waits: threads that wait in system calls of all kinds, and count how often
// one of them came back for no reason: with EINTR, though there was no signal.
// At the end it says how often, as a line of JSON.

#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/msg.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <time.h>

#include "victim.h"

static _Atomic unsigned broken, ready;
static _Atomic int leave;
static int quiet[2], queue, semaphores, sockets[2];
static sem_t never;

static void count(long result)
{
    broken += result < 0 && errno == EINTR;
}

static void *in_epoll(void *arg)
{
    struct epoll_event e;
    int fd = epoll_create1(EPOLL_CLOEXEC);

    epoll_ctl(fd, EPOLL_CTL_ADD, quiet[0],
              &(struct epoll_event){.events = EPOLLIN});
    ready++;
    while (!leave)
        count(epoll_wait(fd, &e, 1, arg != NULL ? 1 : 200));
    return NULL;
}

static void *in_read(void *arg)
{
    char byte;

    (void)arg;
    ready++;
    while (!leave)
        count(read(quiet[0], &byte, 1));
    return NULL;
}

static void *in_recv(void *arg)
{
    struct timeval limit = {.tv_usec = 200000};
    char byte;

    (void)arg;
    setsockopt(sockets[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ready++;
    while (!leave)
        count(recv(sockets[0], &byte, 1, 0));
    return NULL;
}

static void *in_sleep(void *arg)
{
    (void)arg;
    ready++;
    while (!leave)
        count(nanosleep(&(struct timespec){.tv_nsec = 200000000}, NULL));
    return NULL;
}

static void *in_select(void *arg)
{
    (void)arg;
    ready++;
    while (!leave) {
        struct timeval limit = {.tv_usec = 200000};
        struct pollfd p = {quiet[0], POLLIN, 0};
        count(select(0, NULL, NULL, NULL, &limit));
        count(poll(&p, 1, 100));
    }
    return NULL;
}

static void *in_signals(void *arg)
{
    sigset_t set;

    (void)arg;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    ready++;
    while (!leave)
        count(
            sigtimedwait(&set, NULL, &(struct timespec){.tv_nsec = 200000000}));
    return NULL;
}

static void *in_semaphores(void *arg)
{
    struct sembuf take = {.sem_op = -1};

    (void)arg;
    ready++;
    while (!leave) {
        struct timespec at;
        clock_gettime(CLOCK_REALTIME, &at);
        at.tv_sec++;
        count(sem_timedwait(&never, &at));
        count(semtimedop(semaphores, &take, 1,
                         &(struct timespec){.tv_nsec = 200000000}));
    }
    return NULL;
}

static void *in_messages(void *arg)
{
    struct {
        long type;
        char text[8];
    } m;

    (void)arg;
    ready++;
    while (!leave)
        count(msgrcv(queue, &m, sizeof m.text, 0, 0));
    return NULL;
}

static void *computes(void *arg)
{
    volatile double x = 1;

    (void)arg;
    ready++;
    while (!leave)
        x = x * 1.0000001 + 1e-9;
    return NULL;
}

int main(void)
{
    static void *(*const all[])(void *) = {
        in_epoll,  in_epoll,      in_read,     in_recv,  in_sleep,
        in_select, in_semaphores, in_messages, computes, in_signals,
    };
    enum { N = sizeof all / sizeof *all };
    pthread_t threads[N];
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    victim_check(pipe(quiet) == 0 &&
                     socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) == 0,
                 "descriptors");
    queue = msgget(IPC_PRIVATE, 0600);
    semaphores = semget(IPC_PRIVATE, 1, 0600);
    sem_init(&never, 0, 0);
    for (size_t i = 0; i < N; i++)
        victim_check(pthread_create(&threads[i], NULL, all[i],
                                    i == 1 ? &threads : NULL) == 0,
                     "thread");
    while (ready < N)
        usleep(1000);
    victim_say("{\"threads\":%u}\n", N + 1u);
    victim_hold();
    leave = 1;
    // Whoever waits for ever is given what it waits for.
    victim_check(write(quiet[1], "xxxx", 4) == 4, "woken");
    msgctl(queue, IPC_RMID, NULL);
    for (size_t i = 0; i < N; i++)
        pthread_join(threads[i], NULL);
    semctl(semaphores, 0, IPC_RMID);
    victim_say("{\"broken\":%u}\n", broken);
    return 0;
}

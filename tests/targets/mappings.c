// SPDX-License-Identifier: MIT
//
// mappings: maps memory in every way, with each thread on its own, and says
// what must be there. `--threads N`; `--fork`: forks in between, and the child
// maps and unmaps, too.

#include "victim.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define PAGE 4096u
#define ROUNDS 50u

static const char *program;

static char *map_pages(size_t pages)
{
    char *p = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    victim_check(p != MAP_FAILED, "mmap gives memory");
    return p;
}

// Leaves 10 + 20 pages in two regions, 30 of them resident.
static void holes(void)
{
    char *p = map_pages(40);

    victim_check(munmap(p + 10 * PAGE, 10 * PAGE) == 0, "a hole");
    memset(p, 1, 10 * PAGE);
    memset(p + 20 * PAGE, 1, 20 * PAGE);
}

// Leaves 100 pages in three regions; 10 of them resident.
static void fixed(void)
{
    char *p = map_pages(100);
    void *over = mmap(p + 40 * PAGE, 10 * PAGE, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

    victim_check(over == p + 40 * PAGE, "MAP_FIXED");
    memset(over, 1, 10 * PAGE);
}

// Leaves 700 pages in one region, 7 of them resident.
static void grown(void)
{
    char *p = map_pages(7);

    memset(p, 1, 7 * PAGE);
    p = mremap(p, 7 * PAGE, 900 * PAGE, MREMAP_MAYMOVE);
    victim_check(p != MAP_FAILED, "mremap grows");
    p = mremap(p, 900 * PAGE, 700 * PAGE, 0);
    victim_check(p != MAP_FAILED, "mremap shrinks");
}

// Leaves 1 page of a file, not touched.
static void of_file(void)
{
    int fd = open(program, O_RDONLY);
    void *p = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0);

    victim_check(p != MAP_FAILED, "a file is mapped");
    close(fd);
}

// Leaves nothing; refused calls leave what was there.
static void gone_and_refused(void)
{
    char *p = map_pages(5);

    victim_check(munmap(p + 1, PAGE) != 0, "not at a page");
    victim_check(munmap(p, 0) != 0, "nothing");
    victim_check(mremap(p, 5 * PAGE, (size_t)1 << 60, MREMAP_MAYMOVE) ==
                     MAP_FAILED,
                 "too large");
    victim_check(mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
                     MAP_FAILED,
                 "an empty map");
    memset(p, 1, 5 * PAGE);
    victim_check(munmap(p, 5 * PAGE) == 0, "munmap");
}

static void child(void)
{
    char *p = map_pages(3);

    free(malloc(1));
    munmap(p, 3 * PAGE);
    map_pages(11);
    victim_hold();
    _exit(0);
}

static void *work(void *forks)
{
    for (unsigned i = 0; i < ROUNDS; i++) {
        holes();
        fixed();
        grown();
        of_file();
        gone_and_refused();
        if (forks != NULL && i % 10 == 0) {
            pid_t pid = fork();
            if (pid == 0) {
                map_pages(11);
                _exit(0);
            }
            victim_check(waitpid(pid, NULL, 0) == pid, "the child ends");
        }
    }
    return NULL;
}

int main(int argc, char **argv)
{
    unsigned threads = 1;
    bool forks = false;
    pthread_t ids[64];

    program = argv[0];
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--fork") == 0)
            forks = true;
        else if (strcmp(argv[i], "--threads") == 0 && i + 1 < argc)
            threads = (unsigned)atoi(argv[++i]);
        else if (strcmp(argv[i], "--child") == 0)
            child();
    }
    for (unsigned i = 0; i < threads; i++)
        victim_check(
            pthread_create(&ids[i], NULL, work, forks ? &threads : NULL) == 0,
            "a thread starts");
    for (unsigned i = 0; i < threads; i++)
        pthread_join(ids[i], NULL);
    // sbrk: libc's malloc takes part in the break, so it is done once, at last.
    victim_check(sbrk(64 * PAGE) != (void *)-1, "sbrk");
    unsigned n = threads * ROUNDS;
    victim_say("{\"regions\":{\"holes\":%u,\"fixed\":%u,\"grown\":%u,"
               "\"of_file\":%u,\"main\":1},"
               "\"pages\":{\"holes\":%u,\"fixed\":%u,\"grown\":%u,"
               "\"of_file\":%u,\"main\":64},"
               "\"resident\":{\"holes\":%u,\"fixed\":%u,\"grown\":%u}}\n",
               2 * n, 3 * n, n, n, 30 * n, 100 * n, 700 * n, n, 30 * n, 10 * n,
               7 * n);
    victim_hold();
    return 0;
}

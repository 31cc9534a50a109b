// SPDX-License-Identifier: MIT
//
// demo: a small program with several threads that use memory in different
// ways, to be watched. It runs until SIGINT or SIGTERM (or --seconds), frees
// what it owns and ends with 0; only what the leaker forgot stays behind.
// With --steps it does a fixed amount of work, says as JSON exactly what it
// holds, and waits for a line or the end of its standard input.

#include "demo.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct options {
    long seconds; // 0: until a signal
    bool quiet;
    bool steps;
};

struct thread {
    const char *name;
    void *(*main)(void *);
    pthread_t id;
};

static struct thread threads[] = {
    {"cache", cache_main, 0},       {"leaker", leaker_main, 0},
    {"burst", burst_main, 0},       {"producer", producer_main, 0},
    {"consumer", consumer_main, 0}, {"recursion", tree_main, 0},
};
#define THREADS (sizeof threads / sizeof *threads)

static const struct demo_purpose *const purposes[] = {
    &demo_cache, &demo_leaker, &demo_burst, &demo_queue, &demo_tree,
};
#define PURPOSES (sizeof purposes / sizeof *purposes)

static int usage(FILE *out, int code)
{
    fputs("usage: demo [--seconds N] [--quiet] [--steps]\n", out);
    return code;
}

static bool parse_seconds(const char *text, long *seconds)
{
    char *end;

    errno = 0;
    *seconds = strtol(text, &end, 10);
    return errno == 0 && end != text && *end == '\0' && *seconds > 0;
}

static bool parse(int argc, char **argv, struct options *options)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--quiet") == 0)
            options->quiet = true;
        else if (strcmp(argv[i], "--steps") == 0)
            options->steps = true;
        else if (strcmp(argv[i], "--seconds") != 0 || i + 1 == argc ||
                 !parse_seconds(argv[++i], &options->seconds))
            return false;
    }
    return true;
}

static bool start_threads(void)
{
    for (size_t i = 0; i < THREADS; i++) {
        struct thread *t = &threads[i];
        int error = pthread_create(&t->id, NULL, t->main, NULL);
        if (error != 0) {
            fprintf(stderr, "demo: no thread: %s\n", strerror(error));
            return false;
        }
        pthread_setname_np(t->id, t->name);
    }
    return true;
}

static void join_threads(void)
{
    demo_stop();
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i].id, NULL);
}

static void print_counts(const char *name, const char *function, uint64_t ac,
                         uint64_t ab, uint64_t fc, uint64_t fb)
{
    printf("\"%s\":{\"function\":\"%s\",\"live_blocks\":%llu,"
           "\"live_bytes\":%llu,\"alloc_count\":%llu,\"alloc_bytes\":%llu,"
           "\"free_count\":%llu,\"free_bytes\":%llu}",
           name, function, (unsigned long long)(ac - fc),
           (unsigned long long)(ab - fb), (unsigned long long)ac,
           (unsigned long long)ab, (unsigned long long)fc,
           (unsigned long long)fb);
}

// One JSON object: each purpose under its name, and the sums under "total".
static void print_all_counts(void)
{
    uint64_t ac = 0, ab = 0, fc = 0, fb = 0;

    putchar('{');
    for (size_t i = 0; i < PURPOSES; i++) {
        const struct demo_purpose *p = purposes[i];
        const struct demo_counts *c = p->counts;
        print_counts(p->name, p->function, c->alloc_count, c->alloc_bytes,
                     c->free_count, c->free_bytes);
        putchar(',');
        ac += c->alloc_count;
        ab += c->alloc_bytes;
        fc += c->free_count;
        fb += c->free_bytes;
    }
    print_counts("total", "", ac, ab, fc, fb);
    puts("}");
    fflush(stdout);
}

static void wait_for_line(void)
{
    char byte = 0;

    while (byte != '\n' && read(STDIN_FILENO, &byte, 1) == 1)
        ;
}

static void wait_for_end(const struct options *options, const sigset_t *signals)
{
    struct timespec limit = {.tv_sec = options->seconds};
    int result;

    do {
        result = options->seconds > 0 ? sigtimedwait(signals, NULL, &limit)
                                      : sigwaitinfo(signals, NULL);
    } while (result < 0 && errno == EINTR);
}

int main(int argc, char **argv)
{
    struct options options = {0};
    sigset_t signals;

    if (argc == 2 && strcmp(argv[1], "--help") == 0)
        return usage(stdout, 0);
    if (!parse(argc, argv, &options))
        return usage(stderr, 2);
    // Blocked in every thread: only main waits for them.
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    demo_init(options.steps);
    if (!start_threads())
        return 1;
    if (options.steps) {
        demo_wait_finished(THREADS);
        print_all_counts();
        wait_for_line();
    } else {
        if (!options.quiet)
            puts("demo: cache, leaker, burst, producer, consumer and "
                 "recursion are at work; Ctrl-C ends them");
        fflush(stdout);
        wait_for_end(&options, &signals);
    }
    join_threads();
    return 0;
}

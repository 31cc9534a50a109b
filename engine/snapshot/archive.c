// SPDX-License-Identifier: MIT
// See archive.h for the contract.

#include "snapshot/archive.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "engine/import.h"
#include "engine/render.h"
#include "engine_private.h"
#include "platform/clock.h"
#include "platform/thread.h"

#define READ_IN 32u // of those that are there
#define NAMES_WAIT_NS UINT64_C(5000000000)
#define LOOK_NS 100000000 // how often names are looked for
#define PIECE 65536u
#define SUFFIX ".json"

struct ms_archive {
    struct ms_engine *engine;
    int directory;
    char path[PATH_MAX];
    void (*warn)(const char *what);
    pthread_t thread;
    pthread_cond_t wake; // {engine lock}
    bool stopping;       // {engine lock}
    uint64_t stop_ns;    // {engine lock} since when
};

static void warn(const struct ms_archive *a, const char *file, const char *why)
{
    char text[PATH_MAX + 600];

    if (a->warn == NULL)
        return;
    snprintf(text, sizeof text, "%s/%s: %s", a->path, file, why);
    a->warn(text);
}

static bool is_ours(const char *name)
{
    size_t n = strlen(name), suffix = sizeof SUFFIX - 1;

    return strncmp(name, "memscope-", 9) == 0 && n > suffix + 9 &&
           n < MS_ARCHIVE_FILE && strcmp(name + n - suffix, SUFFIX) == 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

// The names of the files that are ours, in order; the time is in them.
static char **list_files(const struct ms_archive *a, size_t *count)
{
    int fd = dup(a->directory);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    char **names = NULL;
    struct dirent *e;

    *count = 0;
    if (dir == NULL) {
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    rewinddir(dir);
    while ((e = readdir(dir)) != NULL) {
        if (!is_ours(e->d_name))
            continue;
        char **grown = realloc(names, (*count + 1) * sizeof *names);
        char *name = grown != NULL ? strdup(e->d_name) : NULL;
        names = grown != NULL ? grown : names;
        if (name == NULL)
            break;
        names[(*count)++] = name;
    }
    closedir(dir);
    if (names != NULL)
        qsort(names, *count, sizeof *names, by_name);
    return names;
}

static void read_file(struct ms_archive *a, const char *name)
{
    char path[PATH_MAX + MS_ARCHIVE_FILE + 2];
    const struct ms_snapshot *snapshot;
    struct ms_import *import;

    snprintf(path, sizeof path, "%s/%s", a->path, name);
    enum memscope_status status = ms_import_file(path, &import);
    if (status == MEMSCOPE_OK)
        status = ms_import_adopt_file(import, a->engine, name, &snapshot);
    if (status == MEMSCOPE_OK)
        ms_snapshot_release(a->engine, snapshot);
    else
        warn(a, name,
             import != NULL && ms_import_error(import)[0] != '\0'
                 ? ms_import_error(import)
                 : memscope_strerror(status));
    ms_import_destroy(import);
}

static void read_directory(struct ms_archive *a)
{
    size_t count;
    char **names = list_files(a, &count), why[80];
    size_t first = count > READ_IN ? count - READ_IN : 0;

    if (first != 0) {
        snprintf(why, sizeof why, "%zu older snapshots are not read in", first);
        warn(a, ".", why);
    }
    for (size_t i = 0; i < count; i++) {
        if (i >= first)
            read_file(a, names[i]);
        free(names[i]);
    }
    free(names);
}

static bool write_all(int fd, const char *text, size_t bytes)
{
    while (bytes != 0) {
        ssize_t n = write(fd, text, bytes);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        text += n;
        bytes -= (size_t)n;
    }
    return true;
}

static bool write_text(int fd, const struct ms_snapshot *snapshot)
{
    struct ms_render_stream *stream = ms_render_snapshot(snapshot);
    static char text[PIECE]; // of this thread alone
    bool good = stream != NULL;
    size_t n;

    errno = ENOMEM;
    while (good && (n = ms_render_read(stream, text, sizeof text)) != 0)
        good = n != SIZE_MAX && write_all(fd, text, n);
    ms_render_close(stream);
    return good && fsync(fd) == 0;
}

// Writes a snapshot under its name. False: errno says why.
static bool write_file(const struct ms_archive *a,
                       const struct ms_snapshot *snapshot, const char *name)
{
    char temporary[MS_ARCHIVE_FILE + 16];
    int why;

    snprintf(temporary, sizeof temporary, ".%s.part", name);
    int fd =
        openat(a->directory, temporary,
               O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return false;
    bool good = write_text(fd, snapshot);
    why = errno;
    good = close(fd) == 0 && good;
    if (good && renameat(a->directory, temporary, a->directory, name) == 0) {
        (void)fsync(a->directory); // not all systems can
        return true;
    }
    if (good)
        why = errno;
    (void)unlinkat(a->directory, temporary, 0);
    errno = why;
    return false;
}

static void make_name(const struct ms_snapshot *s, char name[MS_ARCHIVE_FILE])
{
    time_t second = (time_t)(s->time_ns / 1000000000);
    struct tm t;
    char when[32];

    gmtime_r(&second, &t);
    strftime(when, sizeof when, "%Y%m%dT%H%M%SZ", &t);
    snprintf(name, MS_ARCHIVE_FILE, "memscope-%s-%s-%u" SUFFIX, when,
             s->session.epoch, s->id);
}

// The oldest one that is not saved, held; NULL: there is none. {engine lock}
static struct ms_snapshot_entry *next_unsaved(struct ms_engine *e)
{
    for (size_t i = 0; i < e->snapshot_count; i++)
        if (!e->snapshots[i]->saved) {
            e->snapshots[i]->refs++;
            return e->snapshots[i];
        }
    return NULL;
}

// At the end all of them together have as long as one.
static bool may_wait(struct ms_archive *a, uint64_t end)
{
    pthread_mutex_lock(&a->engine->lock);
    if (a->stopping && end > a->stop_ns + NAMES_WAIT_NS)
        end = a->stop_ns + NAMES_WAIT_NS;
    pthread_mutex_unlock(&a->engine->lock);
    return ms_clock_monotonic_ns() < end;
}

// Lets names be found, for some seconds.
static void wait_for_names(struct ms_archive *a, const struct ms_snapshot *s)
{
    uint64_t end = ms_clock_monotonic_ns() + NAMES_WAIT_NS;

    while (ms_snapshot_unnamed(s) != 0 && may_wait(a, end))
        nanosleep(&(struct timespec){.tv_nsec = LOOK_NS}, NULL);
}

static void save(struct ms_archive *a, struct ms_snapshot_entry *entry)
{
    struct ms_engine *e = a->engine;
    char name[MS_ARCHIVE_FILE];

    wait_for_names(a, &entry->snapshot);
    make_name(&entry->snapshot, name);
    bool written = write_file(a, &entry->snapshot, name);
    if (!written)
        warn(a, name, strerror(errno));
    pthread_mutex_lock(&e->lock);
    entry->saved = true; // or will never be
    bool deleted = entry->deleted;
    if (written && !deleted)
        memcpy(entry->file, name, sizeof name);
    pthread_mutex_unlock(&e->lock);
    if (written && deleted)
        (void)unlinkat(a->directory, name, 0);
    ms_snapshot_release(e, &entry->snapshot);
}

static void *run(void *arg)
{
    struct ms_archive *a = arg;
    struct ms_engine *e = a->engine;

    if (e->thread_start != NULL)
        e->thread_start();
    read_directory(a);
    pthread_mutex_lock(&e->lock);
    for (;;) {
        struct ms_snapshot_entry *entry = next_unsaved(e);
        if (entry != NULL) {
            pthread_mutex_unlock(&e->lock);
            save(a, entry);
            pthread_mutex_lock(&e->lock);
        } else if (a->stopping) {
            break;
        } else {
            pthread_cond_wait(&a->wake, &e->lock);
        }
    }
    pthread_mutex_unlock(&e->lock);
    return NULL;
}

enum memscope_status ms_archive_start(struct ms_engine *e,
                                      const char *directory,
                                      void (*warned)(const char *what),
                                      struct ms_archive **out)
{
    struct ms_archive *a = calloc(1, sizeof *a);
    int why;

    *out = NULL;
    if (a == NULL)
        return MEMSCOPE_ERROR_MEMORY;
    a->engine = e;
    a->warn = warned;
    if (mkdir(directory, 0700) != 0 && errno != EEXIST)
        goto fail;
    // The program may change our directory, in a linked one.
    if (realpath(directory, a->path) == NULL)
        goto fail;
    a->directory = open(a->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (a->directory < 0)
        goto fail;
    if (faccessat(a->directory, ".", W_OK, AT_EACCESS) != 0)
        goto fail_directory;
    pthread_cond_init(&a->wake, NULL);
    errno = EAGAIN;
    if (ms_thread_start(&a->thread, "ms-archive", run, a) != 0)
        goto fail_directory;
    *out = a;
    return MEMSCOPE_OK;

fail_directory:
    why = errno;
    close(a->directory);
    errno = why;
fail:
    free(a);
    return MEMSCOPE_ERROR_SYSTEM;
}

void ms_archive_wake(struct ms_archive *a)
{
    pthread_cond_signal(&a->wake);
}

void ms_archive_forget(struct ms_archive *a,
                       const struct ms_snapshot_entry *entry)
{
    if (entry->file[0] != '\0')
        (void)unlinkat(a->directory, entry->file, 0);
}

void ms_archive_stop(struct ms_archive *a)
{
    if (a == NULL)
        return;
    pthread_mutex_lock(&a->engine->lock);
    a->stopping = true;
    a->stop_ns = ms_clock_monotonic_ns();
    pthread_cond_signal(&a->wake);
    pthread_mutex_unlock(&a->engine->lock);
    pthread_join(a->thread, NULL);
    pthread_cond_destroy(&a->wake);
    close(a->directory);
    free(a);
}

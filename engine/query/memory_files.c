// SPDX-License-Identifier: MIT
// See query/query.h for the contract. SQLite puts into temporary files what it
// sorts and what does not fit its caches: here they are memory, counted, so
// that a query can fill neither a disk nor the machine.

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "query/query.h"

struct file {
    sqlite3_file base; // first: SQLite's own
    struct ms_sql *query;
    char *data;
    uint64_t size, room;
};

static _Thread_local struct ms_sql *current;

void ms_sql_memory_files_of(struct ms_sql *q)
{
    current = q;
}

static int close_file(sqlite3_file *base)
{
    struct file *f = (struct file *)base;

    f->query->memory_left += f->room;
    free(f->data);
    return SQLITE_OK;
}

static int read_file(sqlite3_file *base, void *to, int count,
                     sqlite3_int64 offset)
{
    struct file *f = (struct file *)base;
    uint64_t at = (uint64_t)offset, bytes = (uint64_t)count;
    uint64_t have = at < f->size ? f->size - at : 0;

    if (have > bytes)
        have = bytes;
    if (have != 0)
        memcpy(to, f->data + at, have);
    memset((char *)to + have, 0, bytes - have);
    return have == bytes ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

static bool grow(struct file *f, uint64_t needed)
{
    uint64_t room = f->room < 65536 ? 65536 : f->room;

    while (room < needed)
        room += room / 2;
    if (room - f->room > f->query->memory_left) {
        f->query->memory_ended = true;
        return false;
    }
    char *grown = realloc(f->data, room);
    if (grown == NULL)
        return false;
    f->query->memory_left -= room - f->room;
    f->data = grown;
    f->room = room;
    return true;
}

static int write_file(sqlite3_file *base, const void *from, int count,
                      sqlite3_int64 offset)
{
    struct file *f = (struct file *)base;
    uint64_t at = (uint64_t)offset, end = at + (uint64_t)count;

    if (end > f->room && !grow(f, end))
        return SQLITE_FULL;
    if (at > f->size)
        memset(f->data + f->size, 0, at - f->size);
    memcpy(f->data + at, from, (size_t)count);
    if (end > f->size)
        f->size = end;
    return SQLITE_OK;
}

static int truncate_file(sqlite3_file *base, sqlite3_int64 size)
{
    struct file *f = (struct file *)base;

    if ((uint64_t)size < f->size)
        f->size = (uint64_t)size;
    return SQLITE_OK;
}

static int sync_file(sqlite3_file *base, int flags)
{
    (void)base;
    (void)flags;
    return SQLITE_OK;
}

static int file_size(sqlite3_file *base, sqlite3_int64 *out)
{
    *out = (sqlite3_int64)((struct file *)base)->size;
    return SQLITE_OK;
}

static int lock_file(sqlite3_file *base, int level)
{
    (void)base;
    (void)level;
    return SQLITE_OK;
}

static int is_reserved(sqlite3_file *base, int *out)
{
    (void)base;
    *out = 0;
    return SQLITE_OK;
}

static int control_file(sqlite3_file *base, int what, void *arg)
{
    (void)base;
    (void)what;
    (void)arg;
    return SQLITE_NOTFOUND;
}

static int sector_size(sqlite3_file *base)
{
    (void)base;
    return 4096;
}

static int characteristics(sqlite3_file *base)
{
    (void)base;
    return 0;
}

static int open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *base,
                     int flags, int *out_flags)
{
    static const sqlite3_io_methods methods = {
        .iVersion = 1,
        .xClose = close_file,
        .xRead = read_file,
        .xWrite = write_file,
        .xTruncate = truncate_file,
        .xSync = sync_file,
        .xFileSize = file_size,
        .xLock = lock_file,
        .xUnlock = lock_file,
        .xCheckReservedLock = is_reserved,
        .xFileControl = control_file,
        .xSectorSize = sector_size,
        .xDeviceCharacteristics = characteristics,
    };
    struct file *f = (struct file *)base;

    (void)vfs;
    base->pMethods = NULL;
    if (name != NULL || current == NULL)
        return SQLITE_CANTOPEN;
    *f = (struct file){.base = {&methods}, .query = current};
    if (out_flags != NULL)
        *out_flags = flags;
    return SQLITE_OK;
}

static int delete_file(sqlite3_vfs *vfs, const char *name, int sync)
{
    (void)vfs;
    (void)name;
    (void)sync;
    return SQLITE_IOERR_DELETE_NOENT;
}

static int access_file(sqlite3_vfs *vfs, const char *name, int flags, int *out)
{
    (void)vfs;
    (void)name;
    (void)flags;
    *out = 0;
    return SQLITE_OK;
}

static int full_name(sqlite3_vfs *vfs, const char *name, int room, char *out)
{
    (void)vfs;
    sqlite3_snprintf(room, out, "%s", name);
    return SQLITE_OK;
}

static int sleep_now(sqlite3_vfs *vfs, int microseconds)
{
    (void)vfs;
    return microseconds; // nobody else has these files: there is no waiting
}

// Time and chance are the system's.
static sqlite3_vfs *usual(void)
{
    return sqlite3_vfs_find(NULL);
}

static int randomness(sqlite3_vfs *vfs, int bytes, char *out)
{
    (void)vfs;
    return usual()->xRandomness(usual(), bytes, out);
}

static int current_time(sqlite3_vfs *vfs, double *out)
{
    (void)vfs;
    return usual()->xCurrentTime(usual(), out);
}

static sqlite3_vfs memory_files = {
    .iVersion = 1,
    .szOsFile = sizeof(struct file),
    .mxPathname = 64,
    .zName = "memscope-query",
    .xOpen = open_file,
    .xDelete = delete_file,
    .xAccess = access_file,
    .xFullPathname = full_name,
    .xRandomness = randomness,
    .xSleep = sleep_now,
    .xCurrentTime = current_time,
};
static bool registered;

static void register_once(void)
{
    registered = sqlite3_vfs_register(&memory_files, 0) == SQLITE_OK;
}

const char *ms_sql_memory_files(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, register_once);
    return registered ? memory_files.zName : NULL;
}

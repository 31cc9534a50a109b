// SPDX-License-Identifier: MIT
// See engine/source_text.h for the contract.

#include "engine/source_text.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "engine_private.h"

enum memscope_status ms_engine_source_file(struct ms_engine *e,
                                           uint32_t session, const char *module,
                                           const char *file,
                                           struct ms_source_file *out)
{
    struct ms_session *s = ms_engine_hold(e, session);
    bool found = false;

    if (s == NULL)
        return MEMSCOPE_ERROR_NOT_FOUND;
    *out = (struct ms_source_file){0};
    pthread_mutex_lock(&s->lock);
    for (size_t i = s->module_count; i > 0 && !found && s->symbols; i--) {
        const struct ms_session_module *m = &s->modules[i - 1];
        if (strcmp(m->name, module) != 0 ||
            !ms_symbols_names_file(s->symbols, m->symbols, file))
            continue;
        found = strlen(file) < sizeof out->path &&
                strlen(m->path) < sizeof out->module;
        snprintf(out->path, sizeof out->path, "%s", file);
        snprintf(out->module, sizeof out->module, "%s", m->path);
        out->pid = s->state == MS_SESSION_RUNNING ? s->pid : 0;
    }
    pthread_mutex_unlock(&s->lock);
    ms_engine_let_go(e, s);
    return found ? MEMSCOPE_OK : MEMSCOPE_ERROR_NOT_FOUND;
}

// Below the root of the process, whatever links and dots are in the path. A
// device or a pipe would keep us waiting.
static int open_in_root(pid_t pid, const char *path)
{
    struct open_how how = {
        .flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
        .resolve = RESOLVE_IN_ROOT,
    };
    char root[64] = "/";

    if (pid != 0)
        snprintf(root, sizeof root, "/proc/%d/root", (int)pid);
    int dir = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return -1;
    int fd = (int)syscall(SYS_openat2, dir, path, &how, sizeof how);
    close(dir);
    return fd;
}

static int open_source(const struct ms_source_file *f, const char *path,
                       struct stat *st)
{
    int fd = path[0] == '/' ? open_in_root(f->pid, path) : -1;

    if (fd < 0 && f->pid != 0 && path[0] == '/')
        fd = open_in_root(0, path); // it was copied, or has ended
    if (fd >= 0 && (fstat(fd, st) != 0 || !S_ISREG(st->st_mode))) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static bool is_newer(const struct ms_source_file *f, const struct stat *source)
{
    struct stat module;
    int fd = open_source(f, f->module, &module);

    if (fd < 0)
        return false;
    close(fd);
    return source->st_mtime > module.st_mtime;
}

// The whole file, terminated. NULL: it could not be read.
static char *read_all(int fd, size_t bytes)
{
    char *text = malloc(bytes + 1);
    size_t done = 0;

    while (text != NULL && done < bytes) {
        ssize_t n = read(fd, text + done, bytes - done);
        if (n <= 0)
            break; // it has become shorter
        done += (size_t)n;
    }
    if (text != NULL)
        text[done] = '\0';
    if (text != NULL && strlen(text) != done) {
        free(text);
        text = NULL;
    }
    return text;
}

static bool keep_line(struct ms_source_text *out, const char *line, size_t n)
{
    if (n > 0 && line[n - 1] == '\r')
        n--;
    out->lines[out->count] =
        strndup(line, n < MS_SOURCE_LINE ? n : MS_SOURCE_LINE);
    return out->lines[out->count] != NULL && ++out->count != 0;
}

static enum memscope_status cut(const char *text, uint32_t line,
                                uint32_t context, struct ms_source_text *out)
{
    uint32_t first = line > context ? line - context : 1, number = 1;

    out->first = first;
    out->lines = calloc(2 * (size_t)context + 2, sizeof *out->lines);
    if (out->lines == NULL)
        return MEMSCOPE_ERROR_MEMORY;
    for (; *text != '\0'; number++) {
        size_t n = strcspn(text, "\n");
        if (number >= first && number - first <= line - first + context &&
            !keep_line(out, text, n))
            return MEMSCOPE_ERROR_MEMORY;
        text += n + (text[n] == '\n');
    }
    out->total = number - 1;
    return line <= out->total ? MEMSCOPE_OK : MEMSCOPE_ERROR_NOT_FOUND;
}

enum memscope_status ms_source_read(const struct ms_source_file *file,
                                    uint32_t line, uint32_t context,
                                    struct ms_source_text *out)
{
    enum memscope_status status = MEMSCOPE_ERROR_FORMAT;
    struct stat st;
    int fd = open_source(file, file->path, &st);

    *out = (struct ms_source_text){0};
    if (fd < 0)
        return MEMSCOPE_ERROR_NOT_FOUND;
    if ((uint64_t)st.st_size > MS_SOURCE_BYTES) {
        close(fd);
        return MEMSCOPE_ERROR_LIMIT;
    }
    char *text = read_all(fd, (size_t)st.st_size);
    close(fd);
    if (text != NULL)
        status = cut(text, line, context, out);
    free(text);
    if (status == MEMSCOPE_OK)
        out->newer = is_newer(file, &st);
    else
        ms_source_text_fini(out);
    return status;
}

void ms_source_text_fini(struct ms_source_text *text)
{
    for (size_t i = 0; i < text->count; i++)
        free(text->lines[i]);
    free(text->lines);
    *text = (struct ms_source_text){0};
}

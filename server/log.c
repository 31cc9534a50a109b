// SPDX-License-Identifier: MIT
// See server/log.h for the contract.

#include "server/log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINES_PER_SECOND 200
#define ROOM_AT_END 16 // for what closes a text, and the newline

static const char *const names[] = {"error", "warning", "info", "debug"};
static int out = -1; // constant once it is open
static enum ms_log_level most;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static time_t second;     // {lock}
static unsigned lines;    // {lock} in that second
static uint64_t left_out; // {lock} since the last line

bool ms_log_level_of(const char *name, enum ms_log_level *level)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], name) == 0) {
            *level = (enum ms_log_level)i;
            return true;
        }
    return false;
}

int ms_log_open(const char *path, enum ms_log_level level)
{
    int fd = STDERR_FILENO;

    // A pipe without a reader is an error, not something to wait for.
    if (path != NULL)
        fd = open(path,
                  O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK |
                      O_NOCTTY,
                  0600);
    if (fd < 0)
        return errno;
    most = level;
    out = fd;
    return 0;
}

__attribute__((format(printf, 2, 3))) static void add(struct ms_log_line *line,
                                                      const char *format, ...)
{
    size_t room = sizeof line->text - ROOM_AT_END - line->bytes;
    va_list arguments;

    va_start(arguments, format);
    int n = vsnprintf(line->text + line->bytes, room, format, arguments);
    va_end(arguments);
    if (n > 0 && (size_t)n < room)
        line->bytes += (size_t)n; // else it is left out
}

bool ms_log_begin(struct ms_log_line *line, enum ms_log_level level,
                  const char *event)
{
    struct timespec now;
    struct tm utc;
    char date[32];

    if (out < 0 || level > most)
        return false;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &utc);
    line->bytes = 0;
    add(line, "time=%s.%03ldZ level=%s event=%s", date, now.tv_nsec / 1000000,
        names[level], event);
    return true;
}

void ms_log_text(struct ms_log_line *line, const char *key, const char *value)
{
    add(line, " %s=\"", key);
    for (const char *p = value; *p != '\0'; p++) {
        if (line->bytes + (size_t)2 * ROOM_AT_END > sizeof line->text)
            break;
        if (*p < ' ' || *p > '~')
            add(line, "\\x%02x", (unsigned char)*p);
        else
            add(line, *p == '"' || *p == '\\' ? "\\%c" : "%c", *p);
    }
    line->text[line->bytes++] = '"'; // there is always room for it
}

void ms_log_number(struct ms_log_line *line, const char *key, uint64_t value)
{
    add(line, " %s=%" PRIu64, key, value);
}

// A reader that does not read is not waited for. {lock}
static bool put(const char *text, size_t bytes)
{
    struct pollfd ready = {.fd = out, .events = POLLOUT};

    return poll(&ready, 1, 0) == 1 && (ready.revents & POLLOUT) != 0 &&
           write(out, text, bytes) == (ssize_t)bytes;
}

void ms_log_end(struct ms_log_line *line)
{
    time_t now = time(NULL);

    line->text[line->bytes] = '\n';
    pthread_mutex_lock(&lock);
    if (now != second) {
        second = now;
        lines = 0;
    }
    if (lines < LINES_PER_SECOND && left_out != 0) {
        char text[64];
        int n = snprintf(text, sizeof text,
                         "level=warning event=log.left_out lines=%" PRIu64 "\n",
                         left_out);
        if (put(text, (size_t)n))
            left_out = 0;
    }
    if (lines++ >= LINES_PER_SECOND || !put(line->text, line->bytes + 1))
        left_out++;
    pthread_mutex_unlock(&lock);
}

void ms_log_warning(const char *format, ...)
{
    char text[512] = "memscope: ";
    struct ms_log_line line;
    va_list arguments;

    va_start(arguments, format);
    int n = vsnprintf(text + 10, sizeof text - 11, format, arguments);
    va_end(arguments);
    if (n < 0)
        return;
    size_t length = strlen(text);
    if (ms_log_begin(&line, MS_LOG_WARNING, "warning")) {
        ms_log_text(&line, "message", text + 10);
        ms_log_end(&line);
    }
    if (out == STDERR_FILENO)
        return; // it has been said
    text[length++] = '\n';
    ssize_t ignore = write(STDERR_FILENO, text, length);
    (void)ignore;
}

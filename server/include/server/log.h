// SPDX-License-Identifier: MIT
//
// log: what the server does, one line each, for who operates it:
//
//   time=2026-11-26T12:00:00.123Z level=info event=answer route="/" status=200
//
// Keys are ours, texts are always quoted, and what in them is no printable
// ASCII is written \xNN, a quote or backslash with a backslash before it; so
// nothing that a client or a program is called can end a line, begin another
// one or move a terminal's cursor. A line has at most 1,024 bytes; longer texts
// are cut. There are at most 200 lines in a second, and none waits for who
// reads them: those left out are counted, and the next line says how many.
//
// Any thread; no function allocates. Until it is opened nothing is written but
// what ms_log_warning says.

#ifndef MS_SERVER_LOG_H
#define MS_SERVER_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ms_log_level {
    MS_LOG_ERROR,
    MS_LOG_WARNING,
    MS_LOG_INFO,
    MS_LOG_DEBUG,
};

// ms_log_level_of knows "error", "warning", "info" and "debug".
bool ms_log_level_of(const char *name, enum ms_log_level *level);

// ms_log_open has lines of this level and those before it written to the end
// of a file, readable by its owner alone; NULL: to stderr. Once, before there
// are threads. Returns 0 or an errno value.
int ms_log_open(const char *path, enum ms_log_level level);

struct ms_log_line {
    size_t bytes;
    char text[1024];
};

// ms_log_begin begins a line; false: it is not wanted. `event` and the keys are
// static words. ms_log_end writes it.
bool ms_log_begin(struct ms_log_line *line, enum ms_log_level level,
                  const char *event);
void ms_log_text(struct ms_log_line *line, const char *key, const char *value);
void ms_log_number(struct ms_log_line *line, const char *key, uint64_t value);
void ms_log_end(struct ms_log_line *line);

// ms_log_warning tells the user: "memscope: ..." and a newline on stderr, in
// one write. It is a line of the log as well.
__attribute__((format(printf, 1, 2))) void ms_log_warning(const char *format,
                                                          ...);

#endif

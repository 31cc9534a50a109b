// SPDX-License-Identifier: MIT
//
// suppressions: leaks that are known and shall not be reported, in the syntax
// of LeakSanitizer: lines of `leak:PATTERN`, empty lines, and comments that
// begin with '#'. A pattern matches a part of a function's name, a file's path
// or a module's path of any frame; '*' stands for any text, '^' and '$' for
// the beginning and the end.

#ifndef MS_ENGINE_ANALYSIS_SUPPRESSIONS_H
#define MS_ENGINE_ANALYSIS_SUPPRESSIONS_H

#include <stdbool.h>
#include <stddef.h>

#include <memscope.h>

struct ms_suppressions;

// ms_suppressions_parse reads a text; *line is the first bad one. NULL: bad
// syntax (*line > 0), or no memory (0).
struct ms_suppressions *ms_suppressions_parse(const char *text, size_t bytes,
                                              unsigned *line);
void ms_suppressions_free(struct ms_suppressions *s);

// ms_suppressions_match gives the number (1, ...) of the first pattern that
// matches the text; 0: none. NULL suppressions have none.
size_t ms_suppressions_match(const struct ms_suppressions *s, const char *text);

const char *ms_suppressions_pattern(const struct ms_suppressions *s,
                                    size_t number);

#endif

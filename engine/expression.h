// SPDX-License-Identifier: MIT
//
// expression: a filter of names between two slashes, "/^Session|cache$/": a
// POSIX extended regular expression, in any case. It comes from a viewer, so it
// may not cost what it likes: back references and long repetitions are refused,
// the automaton is thrown away before it grows large, and a table is looked
// through for so long only. What was found of a name that lasts is remembered,
// so that the next tick costs a look for each name. One thread at a time.

#ifndef MS_ENGINE_EXPRESSION_H
#define MS_ENGINE_EXPRESSION_H

#include <stdbool.h>

#define MS_EXPRESSIONS_KEPT 4u // of a session
#define MS_EXPRESSION_TROUBLE 112u

struct ms_expression;

// Whether a filter is one.
bool ms_is_expression(const char *filter);

// ms_expression_create reads one. One that cannot be used has `trouble`, and
// matches nothing. NULL: out of memory.
struct ms_expression *ms_expression_create(const char *filter);
void ms_expression_destroy(struct ms_expression *x);

// ms_expression_begin gives it time for another table.
void ms_expression_begin(struct ms_expression *x);

// ms_expression_matches looks at the first 1024 bytes of a name. `lasting`: the
// text stays where it is, and as it is, for as long as the expression.
bool ms_expression_matches(struct ms_expression *x, const char *text,
                           bool lasting);

// A sentence about what is wrong with it, or that it had no time for some of
// the names; "": nothing.
const char *ms_expression_trouble(const struct ms_expression *x);

// Those that were looked for last.
struct ms_expressions {
    struct ms_expression *kept[MS_EXPRESSIONS_KEPT]; // latest first
};

// ms_expressions_find gives the one that is kept, or a new one, begun anew; it
// stays theirs. NULL: out of memory.
struct ms_expression *ms_expressions_find(struct ms_expressions *all,
                                          const char *filter);
void ms_expressions_fini(struct ms_expressions *all);

#endif

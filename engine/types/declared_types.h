// SPDX-License-Identifier: MIT
//
// declared_types: of what types a session's stacks allocate, as debug
// information declares it of the innermost frame, or of its callers as long as
// a function only hands on what it was asked for by size (operator new,
// a program's own malloc). See symbols/declared.h for what is declared.

#ifndef MS_ENGINE_TYPES_DECLARED_TYPES_H
#define MS_ENGINE_TYPES_DECLARED_TYPES_H

#include <stdbool.h>

#include "session.h"

// ms_session_declared_types asks for what is wanted and takes over what has
// become known: of a bounded number of stacks. True when there was any.
// {session lock}
bool ms_session_declared_types(struct ms_session *s);

// ms_session_type_of gives the type of a block from a stack (a node, in its
// context or without); "" when it is unknown. {session lock}
const char *ms_session_type_of(const struct ms_session *s, uint32_t stack,
                               uint64_t bytes);

#endif

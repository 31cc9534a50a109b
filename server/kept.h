// SPDX-License-Identifier: MIT
//
// kept: what a saved session can answer, which has no program behind it.

#ifndef MS_SERVER_KEPT_H
#define MS_SERVER_KEPT_H

#include "routes.h"

// ms_kept_why_not says why the session that is asked for cannot answer a GET;
// NULL: it can, or there is none. Takes the engine's lock for a moment.
const char *ms_kept_why_not(struct ms_request *q);

#endif

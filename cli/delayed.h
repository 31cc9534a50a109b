// SPDX-License-Identifier: MIT
//
// delayed: the libraries of HTTP and WebSocket, with the fifteen that they
// need: most of what the loader would do at the start of `memscope run`. They
// are loaded when somebody opens the page. Calls of theirs go through stubs
// that cmake/delay_load.cmake makes; before they are loaded there must be none.

#ifndef MS_CLI_DELAYED_H
#define MS_CLI_DELAYED_H

#include <stdbool.h>
#include <stddef.h>

// ms_delayed_load loads them, or says in `why` what is missing. One thread;
// reads files. True from then on: they stay.
bool ms_delayed_load(char *why, size_t room);

#endif

// SPDX-License-Identifier: MIT
//
// terminal: texts of the program's, on a terminal. A name can hold anything;
// nothing of it may steer the terminal.

#ifndef MS_CLI_TERMINAL_H
#define MS_CLI_TERMINAL_H

#include <stddef.h>
#include <stdio.h>

// ms_terminal_put writes a text with a '?' for each control character (ASCII's,
// those of C1, and what turns the direction of writing), and for each byte that
// is no UTF-8.
void ms_terminal_put(FILE *to, const char *text);

// ms_terminal_some writes up to `most` characters, and returns how many.
size_t ms_terminal_some(FILE *to, const char *text, size_t most);

#endif

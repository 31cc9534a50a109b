// SPDX-License-Identifier: MIT
//
// options: what several commands read from their arguments.

#ifndef MS_CLI_OPTIONS_H
#define MS_CLI_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

// A port from 1 on.
bool ms_option_port(const char *text, uint16_t *port);

// Bytes, or so many K, M or G of them.
bool ms_option_bytes(const char *text, uint64_t *bytes);

// ms_option_bad says that an argument is not good (`option`: what getopt_long
// returned; 0: there are too many or too few). Returns the exit code.
int ms_option_bad(int option, char **argv, const char *command);

#endif

// SPDX-License-Identifier: MIT
//
// values: what stands after the options of the command.

#ifndef MS_CLI_VALUES_H
#define MS_CLI_VALUES_H

#include <stdbool.h>
#include <stdint.h>

// False: it is no such value.
bool ms_value_port(const char *text, uint16_t *port);
bool ms_value_budget(const char *text, double *budget); // per cent, not 0

// Bytes, or so many K, M or G of them; handed to the program in bytes, in its
// environment.
bool ms_value_store_limit(const char *text);

// A count, from 1 on.
bool ms_value_count(const char *text, uint32_t *count);

// ms_value_debuginfod says whether debug information can be fetched: a server
// is named, and the library is there.
bool ms_value_debuginfod(void);

#endif

// SPDX-License-Identifier: MIT
//
// rows: answers in rows, on stdout: a table for people, CSV for programs.
// Texts come from the watched program and may hold anything: to a terminal no
// control character is sent.

#ifndef MS_CLI_ROWS_H
#define MS_CLI_ROWS_H

#include <jansson.h>

void ms_rows_table(const json_t *columns, const json_t *rows);
void ms_rows_csv(const json_t *columns, const json_t *rows);

// ms_rows_queries lists what GET /api/v1/queries gives.
void ms_rows_queries(const json_t *all);
#endif

// SPDX-License-Identifier: MIT
//
// wanted: what a `sub` says of a table, as a window. Service thread.

#ifndef MS_SERVER_WIRE_WANTED_H
#define MS_SERVER_WIRE_WANTED_H

#include "wire/viewer.h"

// ms_wanted_table reads what is wanted of one table into `t`; `column` and
// `name_column` say what it can be sorted by. False: a field is out of range.
bool ms_wanted_table(const json_t *from, struct ms_viewer_table *t,
                     int (*column)(const char *), const char *name_column);

#endif

// SPDX-License-Identifier: MIT
//
// report: a snapshot as one file of HTML that needs no server, or as JSON: out
// of a saved one (`memscope report`), or at a program's end (--exit-report).

#ifndef MS_CLI_REPORT_H
#define MS_CLI_REPORT_H

#include <stdbool.h>

#include "engine/engine.h"

// ms_report_command: report FILE -o OUT. Returns the exit code.
int ms_report_command(int argc, char **argv);

// ms_report_form says whether a report can have this name: .html or .json.
bool ms_report_form(const char *file);

// ms_report_writable says whether a file can be written: 0, or an errno value.
// Nothing is written yet.
int ms_report_writable(const char *file);

// ms_report_write writes the primary session, as it is now, to a file. Waits
// for its names, some seconds at most. Says on stderr what it did, or why not.
void ms_report_write(struct ms_engine *engine, const char *file);

#endif

// SPDX-License-Identifier: MIT
//
// snapshots: the commands that take, show and compare snapshots. Each gets its
// arguments from its own name on, and returns the exit code.

#ifndef MS_CLI_SNAPSHOTS_H
#define MS_CLI_SNAPSHOTS_H

int ms_snapshot_command(int argc, char **argv); // snapshot [NAME]
int ms_open_command(int argc, char **argv);     // open FILE...
int ms_diff_command(int argc, char **argv);     // diff A B

#endif

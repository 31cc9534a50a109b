// SPDX-License-Identifier: MIT
//
// export: `memscope export` writes what a running memscope or a saved snapshot
// has, in the format of another tool.

#ifndef MS_CLI_EXPORT_H
#define MS_CLI_EXPORT_H

// ms_export_command runs the command and gives its exit code.
int ms_export_command(int argc, char **argv);

#endif

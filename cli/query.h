// SPDX-License-Identifier: MIT
//
// query: the command that asks a running memscope. Gets its arguments from its
// own name on, and returns the exit code.

#ifndef MS_CLI_QUERY_H
#define MS_CLI_QUERY_H

int ms_query_command(int argc, char **argv); // query 'SQL'|NAME [NAME=VALUE]...

#endif

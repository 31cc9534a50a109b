// SPDX-License-Identifier: MIT
//
// run: `memscope run`, which watches one program from its start.

#ifndef MS_CLI_RUN_H
#define MS_CLI_RUN_H

// ms_run takes the arguments after "run" (argv[0] is "run"). Returns the exit
// code: the program's own, 125 when memscope itself failed, 126 or 127 when
// the program could not be started, 2 for bad arguments. Ends by the signal
// that ended the program, when one did. MS_RUN_HELP: help was asked for.
#define MS_RUN_HELP (-1)
int ms_run(int argc, char **argv);

#endif

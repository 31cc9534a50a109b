// SPDX-License-Identifier: MIT
//
// record: `memscope record -o FILE`, which is `memscope run` for a file in
// place of a page.

#ifndef MS_CLI_RECORD_H
#define MS_CLI_RECORD_H

// ms_record_command takes the arguments after "record" (argv[0] is "record"),
// and returns what ms_run does.
int ms_record_command(int argc, char **argv);

#endif

// SPDX-License-Identifier: MIT
// See record.h for the contract.

#include "record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run.h"

enum { BAD_USAGE = 2, FAILED = 125 };

int ms_record_command(int argc, char **argv)
{
    char *const begin[] = {"run", "--no-page", "--exit-report"};
    enum { BEGIN = sizeof begin / sizeof *begin };

    if (argc > 1 && strcmp(argv[1], "--help") == 0)
        return MS_RUN_HELP;
    if (argc < 3 || strcmp(argv[1], "-o") != 0) {
        fputs("memscope: a file is missing: record -o FILE; see 'memscope "
              "--help'\n",
              stderr);
        return BAD_USAGE;
    }
    // "record" and "-o" make room for these; the rest is as run has it.
    char **all = calloc((size_t)argc + BEGIN, sizeof *all);
    if (all == NULL)
        return FAILED;
    memcpy(all, begin, sizeof begin);
    memcpy(all + BEGIN, argv + 2, ((size_t)argc - 2) * sizeof *all);
    int result = ms_run(argc - 2 + BEGIN, all);
    free(all);
    return result;
}

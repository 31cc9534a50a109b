// SPDX-License-Identifier: MIT
// See keeping.h for the contract.

#include "keeping.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "report.h"

#define LINE "memscope: "

bool ms_keeping_when(struct ms_keeping *k, const char *triggers)
{
    char all[sizeof k->triggers];
    int n = snprintf(all, sizeof all, "%s%s%s", k->triggers,
                     k->triggers[0] != '\0' ? "," : "", triggers);

    if (n < 0 || (size_t)n >= sizeof all || !ms_triggers_check(all))
        return false;
    memcpy(k->triggers, all, sizeof all);
    return true;
}

// The directory is ours, but what is in it may have any name.
static void warn(const char *what)
{
    char text[4096 + 700];
    size_t n = 0;

    for (; what[n] != '\0' && n + 1 < sizeof text; n++) {
        unsigned char c = (unsigned char)what[n];
        text[n] = (char)(c < 0x20 || c == 0x7f ? '?' : c);
    }
    text[n] = '\0';
    fprintf(stderr, LINE "%s\n", text);
}

bool ms_keeping_begin(const struct ms_keeping *k, struct ms_engine *engine)
{
    struct ms_keeping_options options = {
        .triggers = k->triggers[0] != '\0' ? k->triggers : NULL,
        .directory = k->directory,
        .warn = warn,
    };
    // What takes hours to come about must not be lost at the end.
    int error = k->report != NULL ? ms_report_writable(k->report) : 0;

    if (error != 0) {
        fprintf(stderr, LINE "%s cannot be written: %s\n", k->report,
                strerror(error));
        return false;
    }
    enum memscope_status status = ms_engine_keep(engine, &options);
    if (status != MEMSCOPE_OK)
        fprintf(stderr, LINE "no snapshots in %s: %s\n",
                k->directory != NULL ? k->directory : "memory",
                status == MEMSCOPE_ERROR_SYSTEM ? strerror(errno)
                                                : memscope_strerror(status));
    return status == MEMSCOPE_OK;
}

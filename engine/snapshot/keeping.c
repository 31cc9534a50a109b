// SPDX-License-Identifier: MIT
// See engine/keeping.h for the contract.

#include "engine/keeping.h"

#include "engine_private.h"
#include "snapshot/archive.h"

enum memscope_status ms_engine_keep(struct ms_engine *e,
                                    const struct ms_keeping_options *options)
{
    struct ms_triggers triggers = {.count = 0};
    enum memscope_status status = MEMSCOPE_OK;
    struct ms_archive *archive = NULL;

    if (options->triggers != NULL &&
        !ms_triggers_parse(options->triggers, &triggers))
        return MEMSCOPE_ERROR_ARGUMENT;
    if (options->directory != NULL)
        status =
            ms_archive_start(e, options->directory, options->warn, &archive);
    if (status != MEMSCOPE_OK)
        return status;
    pthread_mutex_lock(&e->lock);
    e->triggers = triggers;
    e->archive = archive;
    pthread_mutex_unlock(&e->lock);
    return MEMSCOPE_OK;
}

// SPDX-License-Identifier: MIT
//
// sql_job: one query and its answer, for sql_jobs.c and sql_answer.c.

#ifndef MS_SERVER_SQL_JOB_H
#define MS_SERVER_SQL_JOB_H

#include <pthread.h>

#include "sql_jobs.h"

struct ms_sql_job {
    struct ms_sql_jobs *jobs;      // constant
    struct ms_engine *engine;      // constant
    struct ms_sql_request request; // constant once it runs
    json_t *body;                  // [worker]
    struct ms_sql_parameter parameters[MS_SQL_PARAMETERS];
    struct ms_sql_job *next; // {jobs lock}

    pthread_mutex_t lock;
    pthread_cond_t room;
    // {lock} from here on
    unsigned refs;
    struct ms_sleeper sleeper;
    int fd;      // -1: no longer ours to look at
    bool asleep; // the connection
    bool cancelled;
    unsigned status; // 0: not yet known
    bool ended;
    char *text; // of the answer, not yet sent
    size_t bytes, room_bytes;
};

// ms_sql_job_run runs the query and writes its answer. [worker]
void ms_sql_job_run(struct ms_sql_job *j);

#endif

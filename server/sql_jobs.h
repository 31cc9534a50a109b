// SPDX-License-Identifier: MIT
//
// sql_jobs: queries in SQL, worked on by threads of their own, so that they
// keep neither a tick nor another request waiting. A job has two sides: a
// worker that runs the query and writes the answer into a bounded buffer, and
// the dispatcher, which sends it. Who finds nothing to do sleeps: the worker on
// a condition, the connection suspended.
//
//   function              thread      waits for
//   ms_sql_jobs_create    any         nothing
//   ms_sql_jobs_stop      dispatcher  queries under way, milliseconds
//   ms_sql_jobs_destroy   dispatcher  nothing
//   ms_sql_job_...        dispatcher  nothing

#ifndef MS_SERVER_SQL_JOBS_H
#define MS_SERVER_SQL_JOBS_H

#include <jansson.h>

#include "engine/sql.h"
#include "server_private.h"
#include "sleeper.h"

#define MS_SQL_WORKERS 4
#define MS_SQL_WAITING 64u // queries that may wait for a worker

struct ms_sql_jobs;
struct ms_sql_job;

enum memscope_status
ms_sql_jobs_create(struct ms_server *server,
                   struct ms_sql_jobs **out) MEMSCOPE_MUST_CHECK;

// ms_sql_jobs_stop cancels all jobs and ends the threads; connections that
// sleep are woken. ms_sql_jobs_destroy is for when all jobs have been let go.
void ms_sql_jobs_stop(struct ms_sql_jobs *jobs);
void ms_sql_jobs_destroy(struct ms_sql_jobs *jobs);

// ms_sql_job_create makes a job, which does not run yet. It takes over `body`,
// in which the texts of the request lie; `request` and its parameters are
// copied. NULL: out of memory.
struct ms_sql_job *ms_sql_job_create(struct ms_sql_jobs *jobs,
                                     const struct ms_sql_request *request,
                                     json_t *body);

// ms_sql_job_start hands it to the workers and lets the connection sleep until
// there is something to send. `fd` is watched for the client going away.
// False: too many wait; the job must be let go.
bool ms_sql_job_start(struct ms_sql_job *job, const struct ms_sleeper *sleeper,
                      int fd);

// ms_sql_job_status is the answer's, once it is known; 0: not yet, and the
// connection sleeps.
unsigned ms_sql_job_status(struct ms_sql_job *job);

// ms_sql_job_read is a flow's (flow.h): it copies what there is of the answer.
// 0: nothing now, and the connection sleeps; or the end.
size_t ms_sql_job_read(void *job, char *to, size_t bytes, bool *end);

// ms_sql_job_leave ends the dispatcher's part; a query under way is cancelled.
void ms_sql_job_leave(void *job);

#endif

// SPDX-License-Identifier: MIT
//
// launch: starts the program to be watched. It is forked before memscope has
// any thread or descriptor of its own, waits at a gate until the page is
// ready, and is then replaced by the program, with its streams, signals, limits
// and descriptors as memscope itself had found them.

#ifndef MS_CLI_LAUNCH_H
#define MS_CLI_LAUNCH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct ms_launch {
    pid_t pid;
    int gate;    // one line through it lets the program begin
    int failure; // gives an errno value when it could not begin
    bool alone;  // its children are not followed
};

// ms_launch_prepare forks. Returns 0 or an errno value.
int ms_launch_prepare(struct ms_launch *l, char **command);

// ms_launch_go lets the program begin, with the runtime preloaded and the
// socket's name in its environment; without a library, as it is. Returns 0 when
// it has begun, otherwise the errno value of its exec; the child has then
// ended.
int ms_launch_go(struct ms_launch *l, const char *library, const char *socket);

// ms_launch_cancel ends a child that was not let go.
void ms_launch_cancel(struct ms_launch *l);

// ms_launch_library finds libmemscope.so beside this command: in the build
// tree, or where it was installed. Returns 0, ENOENT, or EINVAL when its path
// cannot stand in LD_PRELOAD.
int ms_launch_library(char *path, size_t bytes);

// ms_launch_mode chooses how much is captured, as ms_control_parse reads it,
// for the program that is launched next. False: no such mode.
bool ms_launch_mode(const char *text);

// ms_launch_check_environment tells of settings in the environment that the
// program's runtime will not understand, and so pass over.
void ms_launch_check_environment(void (*say)(const char *name,
                                             const char *value));

// ms_launch_backend chooses what is captured of each allocation, by the name
// of a backend, for the program that is launched next. False: no such name.
bool ms_launch_backend(const char *name);

// ms_launch_fill_streams fills what is missing of the three streams: the
// program has them as they were, and a descriptor of ours shall not be taken
// for one.
void ms_launch_fill_streams(void);

#endif

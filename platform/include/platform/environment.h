// SPDX-License-Identifier: MIT
//
// environment: the environment variables that the program was started with,
// also before libc knows them. Any thread; no lock, no allocation; read only.

#ifndef MS_PLATFORM_ENVIRONMENT_H
#define MS_PLATFORM_ENVIRONMENT_H

// ms_environment gives the value of a variable, or NULL; NULL also in a
// program with other rights than its user's (setuid). The string is the
// environment's own.
const char *ms_environment(const char *name);

#endif

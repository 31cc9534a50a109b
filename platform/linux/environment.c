// SPDX-License-Identifier: MIT
// See platform/environment.h for the contract.

#include "platform/environment.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>

extern char **environ;
extern void *__libc_stack_end; // the loader's: where the kernel put argc

// What the kernel has laid there: argc, argv, NULL, the environment, NULL.
static char **first_environment(void)
{
    intptr_t argc;

    memcpy(&argc, __libc_stack_end, sizeof argc);
    return (char **)__libc_stack_end + 1 + argc + 1;
}

const char *ms_environment(const char *name)
{
    char **all = environ != NULL ? environ : first_environment();
    size_t n = strlen(name);

    // A program with more rights than its user is not told by that user.
    if (getauxval(AT_SECURE) != 0)
        return NULL;
    for (; *all != NULL; all++)
        if (strncmp(*all, name, n) == 0 && (*all)[n] == '=')
            return *all + n + 1;
    return NULL;
}

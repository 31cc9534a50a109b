// SPDX-License-Identifier: MIT
// See memscope.h for the contract.

#include <memscope.h>

const char *memscope_version(void)
{
    return MEMSCOPE_VERSION;
}

const char *memscope_strerror(enum memscope_status status)
{
    switch (status) {
    case MEMSCOPE_OK:
        return "no error";
    case MEMSCOPE_ERROR_ARGUMENT:
        return "an argument is out of range";
    case MEMSCOPE_ERROR_MEMORY:
        return "out of memory";
    case MEMSCOPE_ERROR_SYSTEM:
        return "the operating system refused";
    case MEMSCOPE_ERROR_PORT_TAKEN:
        return "the port is in use";
    case MEMSCOPE_ERROR_FORMAT:
        return "foreign or damaged data";
    case MEMSCOPE_ERROR_NOT_FOUND:
        return "not found";
    case MEMSCOPE_ERROR_LIMIT:
        return "a limit is reached";
    case MEMSCOPE_ERROR_STATE:
        return "not possible in this state";
    case MEMSCOPE_ERROR_UNSUPPORTED:
        return "not supported on this system";
    }
    return "unknown status";
}

// SPDX-License-Identifier: MIT
// See log.h for the contract.

#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

void ms_log_warning(const char *format, ...)
{
    char line[512] = "memscope: ";
    va_list arguments;

    va_start(arguments, format);
    int n = vsnprintf(line + 10, sizeof line - 11, format, arguments);
    va_end(arguments);
    if (n < 0)
        return;
    size_t length = 10 + (size_t)n;
    if (length > sizeof line - 2)
        length = sizeof line - 2;
    line[length++] = '\n';
    ssize_t ignore = write(STDERR_FILENO, line, length);
    (void)ignore;
}

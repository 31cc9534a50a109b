// SPDX-License-Identifier: MIT
//
// victim: what the watched test programs share. They speak through bare
// read and write, and pin nothing in stdio: what is on the heap is what the
// program says is there, and what libc needs for threads.

#ifndef VICTIM_H
#define VICTIM_H

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// What a victim knows of the blocks that it has allocated itself.
struct victim_counts {
    uint64_t alloc_count; // reallocations included
    uint64_t alloc_bytes;
    uint64_t free_count;
    uint64_t free_bytes;
    uint64_t realloc_count;
};

__attribute__((format(printf, 1, 2), unused)) static void
victim_say(const char *format, ...)
{
    char text[8192];
    va_list arguments;

    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= sizeof text)
        _exit(99);
    for (ssize_t done = 0; done < length;) {
        ssize_t n =
            write(STDOUT_FILENO, text + done, (size_t)length - (size_t)done);
        if (n < 0 && errno != EINTR)
            _exit(98);
        done += n > 0 ? n : 0;
    }
}

// The fields of a victim_counts, without the braces.
__attribute__((unused)) static void
victim_say_counts(const struct victim_counts *c)
{
    victim_say(
        "\"live_blocks\":%llu,\"live_bytes\":%llu,"
        "\"alloc_count\":%llu,\"alloc_bytes\":%llu,"
        "\"free_count\":%llu,\"free_bytes\":%llu,"
        "\"realloc_count\":%llu",
        (unsigned long long)(c->alloc_count - c->free_count),
        (unsigned long long)(c->alloc_bytes - c->free_bytes),
        (unsigned long long)c->alloc_count, (unsigned long long)c->alloc_bytes,
        (unsigned long long)c->free_count, (unsigned long long)c->free_bytes,
        (unsigned long long)c->realloc_count);
}

// Waits until the test has looked: for a line, or the end of stdin.
__attribute__((unused)) static void victim_hold(void)
{
    char byte = 0;

    while (byte != '\n') {
        ssize_t n = read(STDIN_FILENO, &byte, 1);
        if (n == 0 || (n < 0 && errno != EINTR))
            return;
    }
}

// Ends the program when what must be true is not: a test then sees code 97.
__attribute__((unused)) static void victim_check(int truth, const char *what)
{
    if (truth)
        return;
    victim_say("victim: not true: %s\n", what);
    _exit(97);
}

#endif

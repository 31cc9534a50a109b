// SPDX-License-Identifier: MIT
//
// frames_of FILE [HELPER]: reads return addresses of the file (hex, a line
// each) and prints what the engine makes of them: per address a line with it,
// then one per frame, "function<TAB>file:line". Then how long it took.

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "platform/clock.h"
#include "symbols/symbols.h"

#define ADDRESSES_MOST 4000000u

static size_t read_addresses(uint64_t *addresses)
{
    char line[64];
    size_t count = 0;

    while (count < ADDRESSES_MOST && fgets(line, sizeof line, stdin) != NULL)
        addresses[count++] = strtoull(line, NULL, 16);
    return count;
}

static void print_frames(struct ms_symbols *s, uint32_t module,
                         uint64_t address)
{
    struct ms_symbol frames[MS_SYMBOL_FRAMES];
    size_t count;

    (void)ms_symbols_frames(s, module, address, frames, MS_SYMBOL_FRAMES,
                            &count);
    printf("0x%" PRIx64 "\n", address);
    for (size_t i = 0; i < count; i++)
        printf("%s\t%s:%u\n", frames[i].function, frames[i].file,
               frames[i].line);
}

int main(int argc, char **argv)
{
    uint64_t *addresses = malloc(ADDRESSES_MOST * sizeof *addresses);
    struct ms_symbols_counts counts;
    struct ms_symbols *s;
    struct ms_symbol first;
    struct rusage usage;

    if (argc < 2 || addresses == NULL || ms_symbols_create(NULL, &s) != 0)
        return 2;
    size_t count = read_addresses(addresses);
    struct ms_symbol_module m = {.path = argv[1]};
    uint32_t module = ms_symbols_module(s, &m);
    uint64_t begin = ms_clock_monotonic_ns();
    for (size_t i = 0; i < count; i++)
        (void)ms_symbols_lookup(s, module, addresses[i], &first);
    do
        ms_symbols_counts(s, &counts);
    while (counts.pending != 0);
    uint64_t took = ms_clock_monotonic_ns() - begin;
    for (size_t i = 0; i < count; i++)
        print_frames(s, module, addresses[i]);
    getrusage(RUSAGE_SELF, &usage);
    fprintf(stderr,
            "%zu addresses, %" PRIu64 " us, %" PRIu64
            " bytes of answers, %ld KiB at most, source %s\n",
            count, took / 1000, counts.memory_bytes, usage.ru_maxrss,
            ms_symbols_source(s, module));
    ms_symbols_destroy(s);
    free(addresses);
    return 0;
}

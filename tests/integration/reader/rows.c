// SPDX-License-Identifier: MIT
//
// rows MONITOR PROGRAM: prints every ledger row of a program's segment, as the
// engine's reader finds them, through the descriptor that the monitor holds:
//
//   M number bias path
//   S stack frames...      each module:offset, from the inside out
//   R stack tid owner class sampling alloc_count alloc_bytes free_count
//     free_bytes realloc_count
//
// Meant for a program that stands still.

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "platform/atomics.h"
#include "reader.h"

static bool seen[MS_NODE_CAPACITY];

static bool open_segment(struct ms_reader *r, const char *monitor, uint32_t pid)
{
    char path[512], link[64];

    snprintf(path, sizeof path, "/proc/%s/fd", monitor);
    DIR *directory = opendir(path);
    if (directory == NULL)
        return false;
    for (struct dirent *e; (e = readdir(directory)) != NULL;) {
        snprintf(path, sizeof path, "/proc/%s/fd/%s", monitor, e->d_name);
        ssize_t n = readlink(path, link, sizeof link - 1);
        if (n < 0)
            continue;
        link[n] = '\0';
        if (strstr(link, "memfd:" MS_SEGMENT_NAME) == NULL)
            continue;
        int fd = open(path, O_RDWR | O_CLOEXEC);
        if (fd < 0 || ms_reader_open(r, fd) != MEMSCOPE_OK)
            continue;
        if (r->head.pid == pid) {
            closedir(directory);
            return true;
        }
        ms_reader_close(r);
    }
    closedir(directory);
    return false;
}

static void print_stack(struct ms_reader *r, uint32_t stack)
{
    uint32_t real, context;
    struct ms_node node;
    struct ms_module module;

    if (seen[stack % MS_NODE_CAPACITY])
        return;
    seen[stack % MS_NODE_CAPACITY] = true;
    if (!ms_reader_stack(r, stack, &real, &context))
        exit(3);
    printf("S %u", stack);
    for (uint32_t n = real, depth = 0; n != 0 && depth < 2000; depth++) {
        if (!ms_reader_node(r, n, &node))
            exit(4);
        uint64_t bias =
            ms_reader_module(r, node.module, &module) ? module.bias : 0;
        printf(" %u:%llx", node.module,
               (unsigned long long)(node.address - bias));
        n = node.parent;
    }
    printf("\n");
}

static void print_row(struct ms_reader *r, uint32_t row)
{
    struct ms_row_key key;
    struct ms_row *counts = ms_reader_row(r, row);

    if (!ms_reader_row_key(r, row, &key))
        return;
    print_stack(r, key.stack);
    struct ms_thread_slot *slot = ms_reader_slot(r, key.thread);
    // relaxed: the program stands still
    printf("R %u %u %u %u %u %llu %llu %llu %llu %u\n", key.stack, slot->tid,
           key.owner, key.size_class, key.sampling,
           (unsigned long long)ms_load_relaxed(&counts->alloc_count),
           (unsigned long long)ms_load_relaxed(&counts->alloc_bytes),
           (unsigned long long)ms_load_relaxed(&counts->free_count),
           (unsigned long long)ms_load_relaxed(&counts->free_bytes),
           ms_load_relaxed(&counts->realloc_count));
}

int main(int argc, char **argv)
{
    struct ms_reader r;
    struct ms_module module;
    uint32_t begin = 0, end = 0;

    if (argc != 3 ||
        !open_segment(&r, argv[1], (uint32_t)strtoul(argv[2], NULL, 10))) {
        fprintf(stderr, "usage: rows MONITOR PROGRAM, both alive\n");
        return 2;
    }
    for (uint32_t m = 1; m < ms_reader_modules(&r); m++)
        if (ms_reader_module(&r, m, &module))
            printf("M %u %llx %s\n", m, (unsigned long long)module.bias,
                   module.path);
    for (uint32_t from = 0; ms_reader_next_rows(&r, from, &begin, &end);
         from = end)
        for (uint32_t row = begin; row < end; row++)
            if (row != 0)
                print_row(&r, row);
    return r.damaged != 0;
}

// SPDX-License-Identifier: MIT
// See namer.h for the contract.

#include "symbols/namer.h"

#include <stdlib.h>
#include <string.h>

struct file {
    uint32_t number;        // of the module
    uint64_t used;          // when last, by batches
    struct ms_dwarf *dwarf; // NULL: it cannot be had
};

struct ms_namer {
    struct file files[MS_NAMER_OPEN];
    size_t file_count;
    uint64_t batches;
    struct ms_dwarf_frame frames[MS_NAMER_BATCH * MS_DWARF_FRAMES];
};

struct ms_namer *ms_namer_create(const char *helper)
{
    (void)helper;
    return calloc(1, sizeof(struct ms_namer));
}

void ms_namer_destroy(struct ms_namer *n)
{
    for (size_t i = 0; i < n->file_count; i++)
        ms_dwarf_close(n->files[i].dwarf);
    free(n);
}

static void close_oldest(struct ms_namer *n)
{
    size_t oldest = 0;

    for (size_t i = 1; i < n->file_count; i++)
        if (n->files[i].used < n->files[oldest].used)
            oldest = i;
    ms_dwarf_close(n->files[oldest].dwarf);
    n->files[oldest] = n->files[--n->file_count];
}

static void make_room(struct ms_namer *n)
{
    uint64_t bytes = 0;

    for (size_t i = 0; i < n->file_count; i++)
        if (n->files[i].dwarf != NULL)
            bytes += ms_dwarf_bytes(n->files[i].dwarf);
    while (n->file_count == MS_NAMER_OPEN ||
           (bytes > MS_NAMER_BYTES && n->file_count > 0)) {
        close_oldest(n);
        bytes = 0; // one at a time: the next call sees what is left
    }
}

void ms_namer_forget(struct ms_namer *n, uint32_t number)
{
    for (size_t i = 0; i < n->file_count; i++)
        if (n->files[i].number == number) {
            ms_dwarf_close(n->files[i].dwarf);
            n->files[i] = n->files[--n->file_count];
            return;
        }
}

static struct ms_dwarf *open_module(struct ms_namer *n,
                                    const struct ms_namer_module *m)
{
    for (size_t i = 0; i < n->file_count; i++)
        if (n->files[i].number == m->number) {
            n->files[i].used = n->batches;
            return n->files[i].dwarf;
        }
    make_room(n);
    struct ms_dwarf *d = ms_dwarf_open(
        m->path, m->pid, m->build_id_bytes != 0 ? m->build_id : NULL,
        m->build_id_bytes, m->separate);
    if (d != NULL && m->fetched != NULL)
        ms_dwarf_use_fetched(d, m->fetched);
    n->files[n->file_count++] = (struct file){m->number, n->batches, d};
    return d;
}

void ms_namer_names(struct ms_namer *n, const struct ms_namer_module *module,
                    const uint64_t *addresses, size_t count,
                    struct ms_names *out)
{
    *out = (struct ms_names){.frames = n->frames};
    n->batches++;
    struct ms_dwarf *d = open_module(n, module);
    for (size_t i = 0; d != NULL && i < count; i++) {
        out->counts[i] = (uint16_t)ms_dwarf_frames(
            d, addresses[i], n->frames + out->frame_count);
        out->frame_count += out->counts[i];
    }
    out->source = d == NULL               ? MS_NAMES_MISSING
                  : ms_dwarf_has_debug(d) ? MS_NAMES_DEBUG
                                          : MS_NAMES_SYMBOLS;
}

void ms_namer_types(struct ms_namer *n, const struct ms_namer_module *module,
                    const uint64_t *addresses, size_t count,
                    struct ms_declared *out)
{
    n->batches++;
    struct ms_dwarf *d = open_module(n, module);
    for (size_t i = 0; i < count; i++)
        if (d != NULL)
            ms_dwarf_declared(d, addresses[i], &out[i]);
        else
            out[i] = (struct ms_declared){.type = ""};
}

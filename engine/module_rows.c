// SPDX-License-Identifier: MIT
//
// module_rows: what the code of each module has allocated: the sums of the
// sites that lie in it. See engine/picture.h for the contract.

#include <stdlib.h>
#include <string.h>

#include "engine_private.h"
#include "snapshot/saved.h"

static void add_site(struct ms_module_sums *to, uint64_t alloc_bytes,
                     uint64_t alloc_count, uint64_t free_bytes,
                     uint64_t free_count)
{
    to->alloc_bytes += alloc_bytes;
    to->alloc_count += alloc_count;
    to->free_bytes += free_bytes;
    to->free_count += free_count;
    to->live_bytes = to->alloc_bytes - to->free_bytes;
    to->live_blocks = to->alloc_count - to->free_count;
    to->sites++;
}

static bool make_rows(size_t count, struct ms_module_rows *out)
{
    out->rows = calloc(count + 1, sizeof *out->rows);
    out->count = count;
    return out->rows != NULL;
}

// {session lock}
static bool copy_live(struct ms_session *s, struct ms_module_rows *out)
{
    if (!make_rows(s->module_count, out))
        return false;
    out->seq = s->seq;
    for (size_t i = 0; i < out->count; i++)
        ms_session_module_info(s, &s->modules[i], &out->rows[i].info);
    for (size_t i = 0; i < s->model.site_count; i++) {
        const struct ms_site *site = &s->model.sites[i];
        add_site(site->module_number != 0
                     ? &out->rows[site->module_number - 1].sums
                     : &out->elsewhere,
                 site->alloc_bytes, site->alloc_count, site->free_bytes,
                 site->free_count);
    }
    return true;
}

// The newest one there, as in a session.
static struct ms_module_sums *module_at(struct ms_module_rows *rows,
                                        uint64_t address)
{
    for (size_t i = rows->count; i-- > 0;)
        if (address - 1 >= rows->rows[i].info.start &&
            address - 1 < rows->rows[i].info.end)
            return &rows->rows[i].sums;
    return &rows->elsewhere;
}

static bool copy_saved(const struct ms_snapshot *s, struct ms_module_rows *out)
{
    if (!make_rows(s->module_count, out))
        return false;
    out->seq = s->stats.seq;
    for (size_t i = 0; i < out->count; i++) {
        out->rows[i].info = s->modules[i];
        out->rows[i].info.symbols = "unknown";
    }
    for (size_t i = 0; i < s->site_count; i++) {
        const struct ms_site_row *site = &s->sites[i];
        add_site(module_at(out, site->address), site->alloc_bytes,
                 site->alloc_count, site->free_bytes, site->free_count);
    }
    return true;
}

enum memscope_status ms_engine_module_rows(struct ms_engine *e,
                                           uint32_t session,
                                           struct ms_module_rows *out)
{
    struct ms_session *s = ms_engine_hold(e, session);
    const struct ms_snapshot *saved;
    bool copied;

    *out = (struct ms_module_rows){0};
    if (s != NULL) {
        pthread_mutex_lock(&s->lock);
        copied = copy_live(s, out);
        pthread_mutex_unlock(&s->lock);
        ms_engine_let_go(e, s);
        return copied ? MEMSCOPE_OK : MEMSCOPE_ERROR_MEMORY;
    }
    saved = ms_saved_acquire(e, &session);
    if (saved == NULL)
        return MEMSCOPE_ERROR_NOT_FOUND;
    copied = copy_saved(saved, out);
    ms_snapshot_release(e, saved);
    return copied ? MEMSCOPE_OK : MEMSCOPE_ERROR_MEMORY;
}

void ms_module_rows_fini(struct ms_module_rows *rows)
{
    free(rows->rows);
    *rows = (struct ms_module_rows){0};
}

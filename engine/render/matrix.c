// SPDX-License-Identifier: MIT
// See engine/render.h for the contract: who has freed whose blocks.

#include "engine/render.h"

static json_t *render_cells(const struct ms_matrix *x, bool bytes)
{
    json_t *rows = json_array();
    size_t n = x->count + 1;

    for (size_t i = 0; i < n; i++) {
        json_t *row = json_array();
        for (size_t k = 0; k < n; k++) {
            const struct ms_matrix_cell *c = &x->cells[i * n + k];
            json_array_append_new(row,
                                  ms_render_u64(bytes ? c->bytes : c->blocks));
        }
        json_array_append_new(rows, row);
    }
    return rows;
}

json_t *ms_render_matrix(const struct ms_matrix *x)
{
    json_t *threads = json_array();

    for (size_t i = 0; i < x->count; i++)
        json_array_append_new(
            threads, json_pack("{s:i,s:i,s:o}", "id", (int)x->threads[i].id,
                               "tid", (int)x->threads[i].tid, "name",
                               ms_render_text(x->threads[i].name)));
    return json_pack("{s:i,s:s,s:I,s:I,s:o,s:o,s:o}", "session",
                     (int)x->session, "epoch", x->epoch, "seq",
                     (json_int_t)x->seq, "thread_total",
                     (json_int_t)x->thread_total, "threads", threads, "blocks",
                     render_cells(x, false), "bytes", render_cells(x, true));
}

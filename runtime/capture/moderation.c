// SPDX-License-Identifier: MIT
// See moderation.h for the contract.

#include "capture/moderation.h"

#include "annotate/contexts.h"
#include "capture/guard.h"
#include "store/fold.h"

MS_NOINLINE void ms_moderation_book(struct ms_writer *w, struct ms_event *e)
{
    const struct ms_backend *backend = ms_backend_now();

    if (e->operation == MS_OPERATION_REALLOCATION)
        backend->capture_realloc(w, e);
    else
        backend->capture_alloc(w, e);
    if (w->context != 0 && e->stack != 0)
        e->stack = ms_context_wrap(w, e->stack, &e->hint);
    if (e->stack != 0)
        ms_fold_sampled(w, e->address, e->size, e->stack,
                        e->operation == MS_OPERATION_REALLOCATION);
}

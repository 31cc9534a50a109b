// SPDX-License-Identifier: MIT
// See engine/analysis.h and analyzers.h for the contract: the table, and how
// findings are gathered.

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/analyzers.h"
#include "engine_private.h"

#define MEASURED                                                               \
    " Its numbers are counted, not estimated: confidence is 1, or unknown "    \
    "while not everything is captured."

static const struct {
    struct ms_analyzer about;
    ms_analyze *run;
} analyzers[] = {
    {{"leak_suspects", "sites whose live bytes keep growing",
      "The least live bytes of each 3 s for a minute, and of each 30 s for ten "
      "minutes. Suspected is a site that grew by 16 KiB and more over at least "
      "9 points, whose last third has a sixth of the growth, and whose steps "
      "chance would hardly give (Student's t of the steps, or their signs). "
      "Confidence is 1 less the chance that any of the sites looked at shows "
      "such steps without a direction; it says that the growth is real, not "
      "that it is a leak: a cache that still fills grows as well."},
     ms_analyze_suspects},
    {{"lost_blocks", "blocks that no pointer leads to any more",
      "The latest leak scan's definite leaks by stack, without suppressed "
      "ones. Two looks at the running program in a row agree on all. "
      "Confidence is "
      "1, or unknown when the registers of a thread could not be read."},
     ms_analyze_lost},
    {{"temporary_churn", "sites that allocate for a moment only",
      "Blocks freed before their thread's next allocation: 1000 and more, and "
      "half of all that the site has freed." MEASURED},
     ms_analyze_temporary},
    {{"realloc_growth", "buffers that grow by many small steps",
      "Reallocations: 100 and more, and half of a site's allocations, by 4 or "
      "more for each block that began there." MEASURED},
     ms_analyze_reallocs},
    {{"cross_thread_frees", "threads that free what others have allocated",
      "Frees of other threads' blocks: 1000 and more by one thread, and a "
      "hundredth of all frees." MEASURED},
     ms_analyze_cross_frees},
    {{"hot_spots", "sites with most of the allocations of this moment",
      "The last second: 1000 allocations and more, and a tenth of "
      "all." MEASURED},
     ms_analyze_hot_spots},
    {{"double_frees", "blocks that were freed twice",
      "A free of what is no live block, of which the recorders of 16 threads "
      "(their last 512 events) say that it was freed and not allocated since: "
      "generations of an address are told apart. Looked up at once, 16 times "
      "a tick by each thread, 256 times in all. The first free's stack is "
      "known with --free-stacks. Confidence is 1, or unknown when allocations "
      "were dropped."},
     ms_analyze_double_frees},
    {{"invalid_frees", "frees of what is no block",
      "A free of an address in the middle of a live block (from 32 bytes on, "
      "up to 128 KiB from its beginning), on the thread's stack or in a loaded "
      "file. Looked up as double frees are. Confidence is 1: what is there "
      "was seen."},
     ms_analyze_invalid_frees},
    {{"unknown_frees", "frees of what is no live block",
      "Freed addresses at which no block lives: freed twice, never allocated, "
      "or allocated before capture began. Each block has a birth: an address "
      "that is used again is not taken for one freed twice. Confidence is "
      "unknown: which of the three it was cannot be told from the count."},
     ms_analyze_unknown_frees},
    {{"violations", "what the program's own annotations forbid",
      "Borrows that conflict, blocks freed, moved or released against what "
      "was said of them, as the annotations saw it happen. Confidence is 1: "
      "each was seen."},
     ms_analyze_violations},
};
#define ANALYZERS (sizeof analyzers / sizeof *analyzers)
_Static_assert(ANALYZERS *MS_FINDINGS_MOST <= MS_SNAPSHOT_FINDINGS, "all fit");

const struct ms_analyzer *ms_analyzer(size_t number)
{
    return number < ANALYZERS ? &analyzers[number].about : NULL;
}

struct ms_finding *ms_findings_add(struct ms_findings *f, double weight)
{
    size_t at = f->count;

    while (at > 0 && f->items[at - 1].weight < weight)
        at--;
    if (at == MS_FINDINGS_MOST)
        return NULL;
    if (f->count < MS_FINDINGS_MOST)
        f->count++;
    memmove(&f->items[at + 1], &f->items[at],
            (f->count - 1 - at) * sizeof *f->items);
    f->items[at] = (struct ms_finding){
        .analyzer = f->analyzer,
        .weight = weight,
        .confidence = NAN,
    };
    return &f->items[at];
}

void ms_finding_site(struct ms_findings *f, struct ms_finding *to, size_t site)
{
    if (site >= f->session->model.site_count)
        return;
    f->session->model.sites[site].wanted = true; // its name is looked at
    ms_session_site_row(f->session, site, &to->site);
}

void ms_finding_evidence(struct ms_finding *to, const char *name, double value)
{
    if (to->evidence_count < MS_EVIDENCE)
        to->evidence[to->evidence_count++] = (struct ms_evidence){name, value};
}

void ms_finding_stack(struct ms_finding *to, const char *role, uint32_t stack,
                      uint32_t thread, uint64_t time_ns)
{
    if (to->stack_count < MS_FINDING_STACKS)
        to->stacks[to->stack_count++] = (struct ms_finding_stack){
            .role = role, .stack = stack, .thread = thread, .time_ns = time_ns};
}

// Frames are found for the findings that are kept. {session lock}
static bool find_frames(struct ms_session *s, struct ms_finding *f)
{
    for (size_t i = 0; i < f->stack_count; i++) {
        struct ms_finding_stack *to = &f->stacks[i];
        to->frames = calloc(MS_LEAK_FRAMES, sizeof *to->frames);
        if (to->frames == NULL)
            return false;
        to->frame_count =
            ms_session_frames(s, to->stack, to->frames, MS_LEAK_FRAMES);
        for (size_t k = 0; k < to->frame_count; k++)
            (void)ms_session_name_frame(s, &to->frames[k]);
    }
    return true;
}

double ms_findings_measured(const struct ms_findings *f)
{
    return f->now->capture.always_exact && f->now->capture.dropped_allocs == 0
               ? 1
               : NAN;
}

// What the numbers are of. {session lock}
static void describe(struct ms_session *s, struct ms_analysis *out)
{
    out->session = s->id;
    out->seq = s->seq;
    out->uptime_ns = ms_session_uptime_ns(s);
    memcpy(out->epoch, s->epoch, sizeof out->epoch);
}

enum memscope_status ms_session_analysis(struct ms_session *s, int only,
                                         struct ms_analysis *out)
{
    enum memscope_status status = MEMSCOPE_OK;

    *out = (struct ms_analysis){0};
    out->findings = calloc(ANALYZERS * MS_FINDINGS_MOST, sizeof *out->findings);
    if (out->findings == NULL)
        status = MEMSCOPE_ERROR_MEMORY;
    else if (s->seq == 0)
        status = MEMSCOPE_ERROR_STATE;
    describe(s, out);
    for (size_t i = 0; status == MEMSCOPE_OK && i < ANALYZERS; i++) {
        struct ms_findings f = {
            .session = s,
            .now = &s->stats[s->seq % MS_STATS_KEPT],
            .analyzer = i,
            .items = out->findings + out->count,
        };
        if (only >= 0 && i != (size_t)only)
            continue;
        analyzers[i].run(&f);
        out->count += f.count;
    }
    for (size_t i = 0; status == MEMSCOPE_OK && i < out->count; i++)
        if (!find_frames(s, &out->findings[i]))
            status = MEMSCOPE_ERROR_MEMORY;
    if (status != MEMSCOPE_OK)
        ms_analysis_fini(out);
    return status;
}

enum memscope_status ms_engine_analysis(struct ms_engine *e, uint32_t session,
                                        int only, struct ms_analysis *out)
{
    struct ms_session *s = ms_engine_hold(e, session);

    *out = (struct ms_analysis){0};
    if (s == NULL)
        return ms_saved_analysis(e, session, only, out);
    pthread_mutex_lock(&s->lock);
    enum memscope_status status = ms_session_analysis(s, only, out);
    pthread_mutex_unlock(&s->lock);
    ms_engine_let_go(e, s);
    return status;
}

void ms_analysis_fini(struct ms_analysis *a)
{
    for (size_t i = 0; i < a->count; i++)
        for (size_t k = 0; k < a->findings[i].stack_count; k++)
            free(a->findings[i].stacks[k].frames);
    free(a->findings);
    a->findings = NULL;
    a->count = 0;
}

// SPDX-License-Identifier: MIT
//
// analyzers: what each of the table's analyzers works with. They run under the
// session's lock, read the model and allocate nothing but findings.

#ifndef MS_ENGINE_ANALYSIS_ANALYZERS_H
#define MS_ENGINE_ANALYSIS_ANALYZERS_H

#include "engine/analysis.h"
#include "session.h"

#define MS_FINDINGS_MOST 32u // of one analyzer, the weightiest

struct ms_findings {
    struct ms_session *session;
    const struct ms_stats *now; // the latest tick
    size_t analyzer;            // that runs
    struct ms_finding *items;   // of it, weightiest first
    size_t count;
};

// ms_findings_add keeps a finding of this weight, when there are not enough
// weightier ones; NULL: it is not needed. Pointers from before are stale.
struct ms_finding *ms_findings_add(struct ms_findings *f, double weight);
void ms_finding_site(struct ms_findings *f, struct ms_finding *to, size_t site);
void ms_finding_stack(struct ms_finding *to, const char *role, uint32_t stack,
                      uint32_t thread, uint64_t time_ns);
void ms_finding_evidence(struct ms_finding *to, const char *name, double value);

// 1: measured, nothing left out; NaN: estimates, or blocks may be missing.
double ms_findings_measured(const struct ms_findings *f);

typedef void ms_analyze(struct ms_findings *f);
ms_analyze ms_analyze_suspects, ms_analyze_lost, ms_analyze_temporary,
    ms_analyze_reallocs, ms_analyze_cross_frees, ms_analyze_hot_spots,
    ms_analyze_unknown_frees, ms_analyze_violations, ms_analyze_double_frees,
    ms_analyze_invalid_frees;

#endif

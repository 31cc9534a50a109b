// SPDX-License-Identifier: MIT
//
// metrics: writes the text that Prometheus reads, in either form: version
// 0.0.4, or OpenMetrics 1.0.0. A family is begun, then has its samples, all of
// them before the next family. Any thread; one writer belongs to one thread.

#ifndef MS_SERVER_METRICS_H
#define MS_SERVER_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MS_METRICS_LABEL_BYTES 256u // of a value; the rest is cut off
#define MS_METRICS_LABELS 2048u     // bytes of all labels of a sample

struct ms_metrics {
    bool openmetrics;
    bool failed; // for want of memory; the text is then of no use
    char *text;  // terminated
    size_t bytes, room;
    const char *family;
    const char *suffix; // of its samples
};

enum ms_metrics_type {
    MS_METRICS_GAUGE,
    MS_METRICS_COUNTER,
    MS_METRICS_HISTOGRAM,
    MS_METRICS_INFO, // "_info" is appended to its name, its value is 1
};

// ms_metrics_family begins a family. All texts are static. A counter's name is
// given without "_total". `unit` ("bytes", "seconds", "ratio" or NULL) is what
// the name ends with.
void ms_metrics_family(struct ms_metrics *m, const char *name,
                       enum ms_metrics_type type, const char *unit,
                       const char *help);

// The labels of a sample, as they stand between the braces.
struct ms_metrics_labels {
    char text[MS_METRICS_LABELS];
    size_t bytes;
};

// ms_metrics_label adds one. The value may be any bytes: it is escaped, and
// what is no UTF-8 has U+FFFD in its place. One that finds no room is left out.
void ms_metrics_label(struct ms_metrics_labels *labels, const char *name,
                      const char *value);
void ms_metrics_label_number(struct ms_metrics_labels *labels, const char *name,
                             uint64_t value);

// The samples. A number that is not known (UINT64_MAX, NaN) is left out.
// ms_metrics_ns gives nanoseconds in seconds.
void ms_metrics_u64(struct ms_metrics *m, const struct ms_metrics_labels *l,
                    uint64_t value);
void ms_metrics_double(struct ms_metrics *m, const struct ms_metrics_labels *l,
                       double value);
void ms_metrics_ns(struct ms_metrics *m, const struct ms_metrics_labels *l,
                   uint64_t ns);

// ms_metrics_histogram is one whole histogram of times; counts are those of
// each bucket alone, edges_ns their upper ends, the last one UINT64_MAX.
void ms_metrics_histogram(struct ms_metrics *m,
                          const struct ms_metrics_labels *l,
                          const uint64_t *edges_ns, const uint64_t *counts,
                          size_t buckets, uint64_t sum_ns);

// ms_metrics_end ends the text. Gives it to the caller, who frees it; NULL:
// memory ran out.
char *ms_metrics_end(struct ms_metrics *m);

#endif

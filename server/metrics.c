// SPDX-License-Identifier: MIT
// See metrics.h for the contract.

#include "metrics.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/render.h"

#define SECOND_NS UINT64_C(1000000000)

__attribute__((format(printf, 2, 3))) static void say(struct ms_metrics *m,
                                                      const char *format, ...)
{
    va_list arguments;

    for (int attempt = 0; attempt < 2 && !m->failed; attempt++) {
        size_t left = m->room - m->bytes;
        va_start(arguments, format);
        int n = vsnprintf(left != 0 ? m->text + m->bytes : NULL, left, format,
                          arguments);
        va_end(arguments);
        if (n >= 0 && (size_t)n < left) {
            m->bytes += (size_t)n;
            return;
        }
        size_t room = 2 * m->room + (size_t)(n > 0 ? n : 0) + 4096;
        char *grown = n >= 0 ? realloc(m->text, room) : NULL;
        m->failed = grown == NULL;
        if (grown != NULL) {
            m->text = grown;
            m->room = room;
        }
    }
}

void ms_metrics_family(struct ms_metrics *m, const char *name,
                       enum ms_metrics_type type, const char *unit,
                       const char *help)
{
    static const char *const types[] = {"gauge", "counter", "histogram",
                                        "info"};
    const char *suffix = "";
    const char *kind = types[type];

    m->family = name;
    m->suffix = type == MS_METRICS_COUNTER ? "_total"
                : type == MS_METRICS_INFO  ? "_info"
                                           : "";
    // The older form names a family as its samples, and knows no "info".
    if (!m->openmetrics)
        suffix = m->suffix;
    if (!m->openmetrics && type == MS_METRICS_INFO)
        kind = types[MS_METRICS_GAUGE];
    say(m, "# HELP %s%s %s\n# TYPE %s%s %s\n", name, suffix, help, name, suffix,
        kind);
    if (m->openmetrics && unit != NULL)
        say(m, "# UNIT %s %s\n", name, unit);
}

// At most MS_METRICS_LABEL_BYTES, and no part of a character.
static size_t cut(const char *text)
{
    size_t n = strlen(text);

    if (n <= MS_METRICS_LABEL_BYTES)
        return n;
    n = MS_METRICS_LABEL_BYTES;
    while (n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80)
        n--;
    return n;
}

void ms_metrics_label(struct ms_metrics_labels *l, const char *name,
                      const char *value)
{
    json_t *text = ms_render_text(value);
    const char *from = text != NULL ? json_string_value(text) : "";
    size_t n = cut(from), at = l->bytes;
    char *to = l->text;

    // Escaped, it may be twice as long.
    if (at + strlen(name) + 2 * n + 5 < sizeof l->text) {
        at += (size_t)sprintf(to + at, "%s%s=\"", at != 0 ? "," : "", name);
        for (size_t i = 0; i < n; i++) {
            if (from[i] == '\n' || from[i] == '"' || from[i] == '\\')
                to[at++] = '\\';
            to[at++] = from[i];
            if (from[i] == '\n')
                to[at - 1] = 'n';
        }
        to[at++] = '"';
        to[at] = '\0';
        l->bytes = at;
    }
    json_decref(text);
}

void ms_metrics_label_number(struct ms_metrics_labels *l, const char *name,
                             uint64_t value)
{
    char text[24];

    snprintf(text, sizeof text, "%" PRIu64, value);
    ms_metrics_label(l, name, text);
}

// Everything of a sample that comes before its value.
static void begin(struct ms_metrics *m, const char *suffix,
                  const struct ms_metrics_labels *l)
{
    say(m, "%s%s", m->family, suffix);
    if (l != NULL && l->bytes != 0)
        say(m, "{%s}", l->text);
}

void ms_metrics_u64(struct ms_metrics *m, const struct ms_metrics_labels *l,
                    uint64_t value)
{
    if (value == UINT64_MAX)
        return;
    begin(m, m->suffix, l);
    say(m, " %" PRIu64 "\n", value);
}

void ms_metrics_double(struct ms_metrics *m, const struct ms_metrics_labels *l,
                       double value)
{
    if (!isfinite(value))
        return;
    begin(m, m->suffix, l);
    say(m, " %.10g\n", value);
}

static void say_seconds(struct ms_metrics *m, uint64_t ns)
{
    say(m, " %" PRIu64 ".%09" PRIu64 "\n", ns / SECOND_NS, ns % SECOND_NS);
}

void ms_metrics_ns(struct ms_metrics *m, const struct ms_metrics_labels *l,
                   uint64_t ns)
{
    if (ns == UINT64_MAX)
        return;
    begin(m, m->suffix, l);
    say_seconds(m, ns);
}

void ms_metrics_histogram(struct ms_metrics *m,
                          const struct ms_metrics_labels *l,
                          const uint64_t *edges_ns, const uint64_t *counts,
                          size_t buckets, uint64_t sum_ns)
{
    uint64_t below = 0;

    for (size_t i = 0; i < buckets; i++) {
        struct ms_metrics_labels with = *l;
        char edge[32] = "+Inf";
        below += counts[i];
        if (edges_ns[i] != UINT64_MAX)
            snprintf(edge, sizeof edge, "%g", (double)edges_ns[i] / 1e9);
        // OpenMetrics has them written as floating-point numbers.
        if (edges_ns[i] != UINT64_MAX && strpbrk(edge, ".e") == NULL)
            strcat(edge, ".0");
        ms_metrics_label(&with, "le", edge);
        begin(m, "_bucket", &with);
        say(m, " %" PRIu64 "\n", below);
    }
    begin(m, "_sum", l);
    say_seconds(m, sum_ns);
    begin(m, "_count", l);
    say(m, " %" PRIu64 "\n", below);
}

char *ms_metrics_end(struct ms_metrics *m)
{
    if (m->openmetrics)
        say(m, "# EOF\n");
    if (!m->failed)
        return m->text;
    free(m->text);
    m->text = NULL;
    return NULL;
}

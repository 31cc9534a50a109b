// SPDX-License-Identifier: MIT
// See engine/render.h for the contract: single objects.

#include "engine/render.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

json_t *ms_render_u64(uint64_t value)
{
    return value == UINT64_MAX ? json_null() : json_integer((json_int_t)value);
}

json_t *ms_render_double(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

json_t *ms_render_address(uint64_t address)
{
    char text[32];

    snprintf(text, sizeof text, "0x%llx", (unsigned long long)address);
    return json_string(text);
}

#define FIELD(name, value) json_object_set_new(o, name, value)

json_t *ms_render_session(const struct ms_session_info *s)
{
    json_t *o = json_object();
    bool known = s->state != MS_SESSION_RUNNING && s->wait_status != -1;

    FIELD("id", json_integer(s->id));
    FIELD("pid", json_integer(s->pid));
    FIELD("state", json_string(ms_session_state_name(s->state)));
    FIELD("primary", json_boolean(s->primary));
    FIELD("end_reason",
          s->end_reason[0] != '\0' ? json_string(s->end_reason) : json_null());
    FIELD("exit_code", known && WIFEXITED(s->wait_status)
                           ? json_integer(WEXITSTATUS(s->wait_status))
                           : json_null());
    FIELD("signal", known && WIFSIGNALED(s->wait_status)
                        ? json_integer(WTERMSIG(s->wait_status))
                        : json_null());
    FIELD("epoch", json_string(s->epoch));
    FIELD("start_ms",
          json_integer((json_int_t)(s->start_realtime_ns / 1000000)));
    FIELD("uptime_ms", json_integer((json_int_t)(s->uptime_ns / 1000000)));
    FIELD("seq", ms_render_u64(s->seq));
    FIELD("exe", ms_render_text(s->exe));
    FIELD("command", ms_render_text(s->command));
    return o;
}

static json_t *render_system(const struct ms_system_stats *s)
{
    json_t *o = json_object();

    FIELD("cpu_usage", ms_render_double(s->cpu_usage));
    FIELD("memory_usage", ms_render_double(s->memory_usage));
    FIELD("thread_count", ms_render_u64(s->thread_count));
    FIELD("active_allocations", ms_render_u64(s->active_allocations));
    FIELD("peak_memory", ms_render_u64(s->peak_memory));
    FIELD("rss_bytes", ms_render_u64(s->rss_bytes));
    FIELD("pss_bytes", ms_render_u64(s->pss_bytes));
    FIELD("process_cpu", ms_render_double(s->process_cpu));
    FIELD("cores", ms_render_u64(s->cores));
    FIELD("threads_running", ms_render_u64(s->threads_running));
    FIELD("peak_rss_bytes", ms_render_u64(s->peak_rss_bytes));
    FIELD("virtual_bytes", ms_render_u64(s->virtual_bytes));
    FIELD("minor_faults", ms_render_u64(s->minor_faults));
    FIELD("major_faults", ms_render_u64(s->major_faults));
    FIELD("machine_memory_bytes", ms_render_u64(s->machine_memory_bytes));
    FIELD("machine_available_bytes", ms_render_u64(s->machine_available_bytes));
    FIELD("cgroup_limit_bytes", ms_render_u64(s->cgroup_limit_bytes));
    FIELD("cgroup_used_bytes", ms_render_u64(s->cgroup_used_bytes));
    return o;
}

static json_t *render_heap(const struct ms_heap_totals *h)
{
    json_t *o = json_object();

    FIELD("live_bytes", ms_render_u64(h->live_bytes));
    FIELD("live_blocks", ms_render_u64(h->live_blocks));
    FIELD("peak_bytes", ms_render_u64(h->peak_bytes));
    FIELD("peak_time_ns", ms_render_u64(h->peak_time_ns));
    FIELD("alloc_bytes_total", ms_render_u64(h->alloc_bytes_total));
    FIELD("alloc_count_total", ms_render_u64(h->alloc_count_total));
    FIELD("free_bytes_total", ms_render_u64(h->free_bytes_total));
    FIELD("free_count_total", ms_render_u64(h->free_count_total));
    FIELD("realloc_count_total", ms_render_u64(h->realloc_count_total));
    FIELD("temporary_count_total", ms_render_u64(h->temporary_count_total));
    FIELD("live_bytes_error", ms_render_u64(h->live_bytes_error));
    FIELD("live_blocks_error", ms_render_u64(h->live_blocks_error));
    return o;
}

static json_t *render_mapped(const struct ms_mapped_stats *m)
{
    json_t *o = json_object();

    FIELD("in_totals", json_boolean(m->in_totals));
    FIELD("live_bytes", ms_render_u64(m->live_bytes));
    FIELD("live_regions", ms_render_u64(m->live_regions));
    FIELD("peak_bytes", ms_render_u64(m->peak_bytes));
    FIELD("map_bytes_total", ms_render_u64(m->map_bytes_total));
    FIELD("map_count_total", ms_render_u64(m->map_count_total));
    FIELD("unmap_bytes_total", ms_render_u64(m->unmap_bytes_total));
    FIELD("unmap_count_total", ms_render_u64(m->unmap_count_total));
    FIELD("dropped", ms_render_u64(m->dropped));
    return o;
}

static json_t *render_capture(const struct ms_capture_stats *c)
{
    json_t *o = json_object();

    FIELD("backend", json_string(c->backend));
    FIELD("backend_name", c->backend_name[0] != '\0'
                              ? ms_render_text(c->backend_name)
                              : json_null());
    FIELD("mode", json_string(c->mode));
    FIELD("interval", ms_render_u64(c->interval));
    FIELD("always_exact", json_boolean(c->always_exact));
    FIELD("budget", ms_render_double(c->budget));
    FIELD("overhead", ms_render_double(c->overhead));
    FIELD("events_total", ms_render_u64(c->events_total));
    FIELD("dropped_allocs", ms_render_u64(c->dropped_allocs));
    FIELD("dropped_frees", ms_render_u64(c->dropped_frees));
    FIELD("dropped_reentry", ms_render_u64(c->dropped_reentry));
    FIELD("dropped_threads", ms_render_u64(c->dropped_threads));
    FIELD("dropped_rows", ms_render_u64(c->dropped_rows));
    FIELD("dropped_index", ms_render_u64(c->dropped_index));
    FIELD("unknown_stacks", ms_render_u64(c->unknown_stacks));
    FIELD("unknown_frees", ms_render_u64(c->unknown_frees));
    FIELD("store_bytes", ms_render_u64(c->store_bytes));
    FIELD("store_limit_bytes", ms_render_u64(c->store_limit_bytes));
    FIELD("block_limit", ms_render_u64(c->block_limit));
    FIELD("stacks", ms_render_u64(c->stacks));
    FIELD("rows", ms_render_u64(c->rows));
    FIELD("damaged", ms_render_u64(c->damaged));
    return o;
}

json_t *ms_render_stats(const struct ms_stats *s)
{
    json_t *o = json_object();

    FIELD("session", json_integer(s->session));
    FIELD("pid", json_integer(s->pid));
    FIELD("ended", json_boolean(s->ended));
    FIELD("epoch", json_string(s->epoch));
    FIELD("seq", ms_render_u64(s->seq));
    FIELD("time_ns", ms_render_u64(s->time_ns));
    FIELD("uptime_ns", ms_render_u64(s->uptime_ns));
    FIELD("system", render_system(&s->system));
    FIELD("heap", render_heap(&s->heap));
    FIELD("mapped", render_mapped(&s->mapped));
    FIELD("capture", render_capture(&s->capture));
    FIELD("sites", json_integer((json_int_t)s->site_count));
    FIELD("threads", json_integer((json_int_t)s->thread_count));
    return o;
}

json_t *ms_render_trend(const float trend[MS_TREND_POINTS])
{
    json_t *list = json_array();

    for (size_t i = 0; i < MS_TREND_POINTS; i++)
        // NaN: unknown; and no heap is that large, whatever a segment says.
        json_array_append_new(list, fabsf(trend[i]) < 0x1p62f
                                        ? json_integer((json_int_t)trend[i])
                                        : json_null());
    return list;
}

json_t *ms_render_thread(const struct ms_thread_row *r)
{
    json_t *o = json_object();
    char state[2] = {r->state, '\0'};

    FIELD("id", json_integer(r->id));
    FIELD("tid", json_integer(r->tid));
    FIELD("name", ms_render_text(r->name));
    FIELD("state", json_string(state));
    FIELD("ended", json_boolean(r->ended));
    FIELD("cpu", ms_render_double(r->cpu));
    FIELD("alloc_bytes_rate", ms_render_double(r->alloc_bytes_rate));
    FIELD("alloc_count_rate", ms_render_double(r->alloc_count_rate));
    FIELD("live_bytes", ms_render_u64(r->live_bytes));
    FIELD("live_blocks", ms_render_u64(r->live_blocks));
    FIELD("alloc_bytes", ms_render_u64(r->alloc_bytes));
    FIELD("alloc_count", ms_render_u64(r->alloc_count));
    FIELD("free_bytes", ms_render_u64(r->free_bytes));
    FIELD("free_count", ms_render_u64(r->free_count));
    FIELD("cross_frees", ms_render_u64(r->cross_frees));
    FIELD("birth_ms", json_integer((json_int_t)(r->birth_ns / 1000000)));
    FIELD("trend", ms_render_trend(r->trend));
    return o;
}

json_t *ms_render_site(const struct ms_site_row *r)
{
    json_t *o = json_object();

    FIELD("id", json_integer(r->id));
    FIELD("function", ms_render_text(r->function));
    FIELD("file", ms_render_text(r->file));
    FIELD("line", json_integer(r->line));
    FIELD("module", ms_render_text(r->module));
    FIELD("address", ms_render_address(r->address));
    FIELD("live_bytes", ms_render_u64(r->live_bytes));
    FIELD("live_blocks", ms_render_u64(r->live_blocks));
    FIELD("alloc_bytes", ms_render_u64(r->alloc_bytes));
    FIELD("alloc_count", ms_render_u64(r->alloc_count));
    FIELD("free_bytes", ms_render_u64(r->free_bytes));
    FIELD("free_count", ms_render_u64(r->free_count));
    FIELD("realloc_count", ms_render_u64(r->realloc_count));
    FIELD("temporary_count", ms_render_u64(r->temporary_count));
    FIELD("mapped_bytes", ms_render_u64(r->mapped_bytes));
    FIELD("mean_lifetime_ns", ms_render_double(r->mean_lifetime_ns));
    FIELD("alloc_count_rate", ms_render_double(r->alloc_count_rate));
    FIELD("free_count_rate", ms_render_double(r->free_count_rate));
    FIELD("delta_bytes", ms_render_double(r->delta_bytes));
    FIELD("declared_type", ms_render_text(r->declared_type));
    FIELD("trend", ms_render_trend(r->trend));
    return o;
}

json_t *ms_render_module(const struct ms_module_info *m)
{
    json_t *o = json_object();

    FIELD("start", ms_render_address(m->start));
    FIELD("end", ms_render_address(m->end));
    FIELD("bias", ms_render_address(m->bias));
    FIELD("path", ms_render_text(m->path));
    FIELD("build_id", json_string(m->build_id));
    FIELD("load_ns", ms_render_u64(m->load_ns));
    FIELD("unload_ns",
          m->unload_ns != 0 ? ms_render_u64(m->unload_ns) : json_null());
    return o;
}

static json_t *render_list(const uint64_t *values, size_t count)
{
    json_t *list = json_array();

    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, ms_render_u64(values[i]));
    return list;
}

json_t *ms_render_histograms(const struct ms_histograms *h)
{
    uint64_t sizes[MS_HISTOGRAM_SIZES], lifetimes[MS_HISTOGRAM_LIFETIMES];
    json_t *o = json_object();

    for (size_t i = 0; i < MS_HISTOGRAM_SIZES; i++)
        sizes[i] = UINT64_C(1) << i;
    for (size_t i = 0; i < MS_HISTOGRAM_LIFETIMES; i++)
        lifetimes[i] = h->lifetime_unit_ns << i;
    FIELD("seq", ms_render_u64(h->seq));
    FIELD("size",
          json_pack("{s:o,s:o,s:o}", "edges",
                    render_list(sizes, MS_HISTOGRAM_SIZES), "live_bytes",
                    render_list(h->size_live_bytes, MS_HISTOGRAM_SIZES),
                    "live_blocks",
                    render_list(h->size_live_blocks, MS_HISTOGRAM_SIZES)));
    FIELD("lifetime",
          json_pack("{s:o,s:o}", "edges_ns",
                    render_list(lifetimes, MS_HISTOGRAM_LIFETIMES), "count",
                    render_list(h->lifetime_count, MS_HISTOGRAM_LIFETIMES)));
    return o;
}

json_t *ms_render_snapshot_head(const struct ms_snapshot *s)
{
    json_t *o = json_object();

    FIELD("id", json_integer(s->id));
    FIELD("name", ms_render_text(s->name));
    FIELD("cause", ms_render_text(s->cause));
    FIELD("imported", json_boolean(s->imported));
    FIELD("time_ms", json_integer((json_int_t)(s->time_ns / 1000000)));
    FIELD("session", json_integer(s->session.id));
    FIELD("epoch", json_string(s->session.epoch));
    FIELD("seq", ms_render_u64(s->stats.seq));
    FIELD("pid", json_integer(s->session.pid));
    FIELD("live_bytes", ms_render_u64(s->stats.heap.live_bytes));
    FIELD("live_blocks", ms_render_u64(s->stats.heap.live_blocks));
    FIELD("rss_bytes", ms_render_u64(s->stats.system.rss_bytes));
    FIELD("sites", json_integer((json_int_t)s->site_count));
    FIELD("threads", json_integer((json_int_t)s->thread_count));
    return o;
}

json_t *ms_render_sample_columns(void)
{
    static const char *const names[] = {
        "seq",         "t_ms",       "live_bytes",  "live_blocks", "peak_bytes",
        "alloc_bytes", "free_bytes", "alloc_count", "free_count",  "rss_bytes",
        "cpu",         "sys_cpu",    "threads",
    };
    json_t *list = json_array();

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        json_array_append_new(list, json_string(names[i]));
    return list;
}

json_t *ms_render_sample(const struct ms_sample *s)
{
    json_t *list = json_array();
    uint64_t tenths = s->uptime_ns / 100000; // 0.1 ms is enough
    double t = (double)tenths / 10;

    json_array_append_new(list, ms_render_u64(s->seq));
    json_array_append_new(list, json_real(t));
    json_array_append_new(list, ms_render_u64(s->live_bytes));
    json_array_append_new(list, ms_render_u64(s->live_blocks));
    json_array_append_new(list, ms_render_u64(s->peak_bytes));
    json_array_append_new(list, ms_render_u64(s->alloc_bytes));
    json_array_append_new(list, ms_render_u64(s->free_bytes));
    json_array_append_new(list, ms_render_u64(s->alloc_count));
    json_array_append_new(list, ms_render_u64(s->free_count));
    json_array_append_new(list, ms_render_u64(s->rss_bytes));
    json_array_append_new(list, ms_render_double(s->process_cpu));
    json_array_append_new(list, ms_render_double(s->system_cpu));
    json_array_append_new(list, ms_render_u64(s->thread_count));
    return list;
}

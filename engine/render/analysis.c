// SPDX-License-Identifier: MIT
// See engine/render.h for the contract: findings and leak scans.

#include "engine/analysis.h"
#include "engine/render.h"

#define FIELD(name, value) json_object_set_new(o, name, value)

static json_t *render_place(uint32_t id, const char *function, const char *file,
                            uint32_t line, const char *module, uint64_t address)
{
    json_t *o = json_object();

    FIELD("id", json_integer(id));
    FIELD("function", ms_render_text(function));
    FIELD("file", ms_render_text(file));
    FIELD("line", json_integer(line));
    FIELD("module", ms_render_text(module));
    FIELD("address", ms_render_address(address));
    return o;
}

static json_t *render_site(const struct ms_site_row *s)
{
    json_t *o;

    if (s->id == 0)
        return json_null();
    o = render_place(s->id, s->function, s->file, s->line, s->module,
                     s->address);
    FIELD("live_bytes", ms_render_u64(s->live_bytes));
    FIELD("live_blocks", ms_render_u64(s->live_blocks));
    return o;
}

static json_t *render_thread(const struct ms_thread_row *t)
{
    json_t *o;

    if (t->id == 0)
        return json_null();
    o = json_object();
    FIELD("id", json_integer(t->id));
    FIELD("tid", json_integer(t->tid));
    FIELD("name", ms_render_text(t->name));
    return o;
}

static json_t *render_frames(const struct ms_leak_frame *frames, size_t count)
{
    json_t *list = json_array();

    for (size_t i = 0; i < count; i++) {
        const struct ms_leak_frame *f = &frames[i];
        json_t *frame = render_place(0, f->function, f->file, f->line,
                                     f->module, f->address);
        json_object_del(frame, "id");
        json_array_append_new(list, frame);
    }
    return list;
}

static json_t *render_stacks(const struct ms_finding *f)
{
    json_t *list = json_array();

    for (size_t i = 0; i < f->stack_count; i++) {
        const struct ms_finding_stack *s = &f->stacks[i];
        json_array_append_new(
            list,
            json_pack("{s:s,s:i,s:o,s:o}", "role", s->role, "thread",
                      (int)s->thread, "time_ns", ms_render_u64(s->time_ns),
                      "frames", render_frames(s->frames, s->frame_count)));
    }
    return list;
}

static json_t *render_finding(const struct ms_finding *f)
{
    json_t *o = json_object(), *evidence = json_array();

    for (size_t i = 0; i < f->evidence_count; i++)
        json_array_append_new(
            evidence,
            json_pack("{s:s,s:o}", "name", f->evidence[i].name, "value",
                      ms_render_double(f->evidence[i].value)));
    FIELD("analyzer", json_string(ms_analyzer(f->analyzer)->name));
    FIELD("site", render_site(&f->site));
    FIELD("thread", render_thread(&f->thread));
    FIELD("confidence", ms_render_double(f->confidence));
    FIELD("text", ms_render_text(f->text));
    FIELD("evidence", evidence);
    FIELD("stacks", render_stacks(f));
    return o;
}

json_t *ms_render_analyzer(const struct ms_analyzer *a)
{
    json_t *o = json_object();

    FIELD("name", json_string(a->name));
    FIELD("finds", json_string(a->finds));
    FIELD("method", json_string(a->method));
    return o;
}

json_t *ms_render_analysis(const struct ms_analysis *a)
{
    json_t *o = json_object(), *all = json_array(), *found = json_array();

    for (size_t i = 0; ms_analyzer(i) != NULL; i++)
        json_array_append_new(all, ms_render_analyzer(ms_analyzer(i)));
    for (size_t i = 0; i < a->count; i++)
        json_array_append_new(found, render_finding(&a->findings[i]));
    FIELD("session", json_integer(a->session));
    FIELD("epoch", json_string(a->epoch));
    FIELD("seq", ms_render_u64(a->seq));
    FIELD("uptime_ns", ms_render_u64(a->uptime_ns));
    FIELD("analyzers", all);
    FIELD("findings", found);
    return o;
}

static const char *const states[] = {
    [MS_SCAN_NONE] = "none",
    [MS_SCAN_RUNNING] = "running",
    [MS_SCAN_DONE] = "done",
    [MS_SCAN_FAILED] = "failed",
};

static json_t *render_part(const struct ms_heap_part *p)
{
    static const char *const names[] = {
        [MS_HEAP_BREAK] = "main",
        [MS_HEAP_ARENA] = "arena",
        [MS_HEAP_MAPPED] = "mapped",
    };
    json_t *o = json_object();

    FIELD("kind", json_string(names[p->kind]));
    FIELD("address",
          p->address != 0 ? ms_render_address(p->address) : json_null());
    FIELD("areas", ms_render_u64(p->areas));
    FIELD("blocks", ms_render_u64(p->blocks));
    FIELD("requested_bytes", ms_render_u64(p->requested_bytes));
    FIELD("usable_bytes", ms_render_u64(p->usable_bytes));
    FIELD("mapped_bytes", ms_render_u64(p->mapped_bytes));
    FIELD("resident_bytes", ms_render_u64(p->resident_bytes));
    FIELD("empty_bytes", ms_render_u64(p->empty_bytes));
    return o;
}

json_t *ms_render_fragmentation(const struct ms_fragmentation *f)
{
    json_t *o = json_object(), *rows = json_array(), *all;

    for (size_t i = 0; i < f->part_count; i++)
        json_array_append_new(rows, render_part(&f->parts[i]));
    all = render_part(&f->all);
    json_object_del(all, "kind");
    json_object_del(all, "address");
    FIELD("session", json_integer(f->session));
    FIELD("epoch", json_string(f->epoch));
    FIELD("state", json_string(states[f->state]));
    FIELD("time_ns", f->time_ns != 0 ? ms_render_u64(f->time_ns) : json_null());
    FIELD("all", f->time_ns != 0 ? json_incref(all) : json_null());
    FIELD("rows", rows);
    json_decref(all);
    return o;
}

static const char *const kinds[] = {
    [MS_LEAK_DEFINITE] = "definite",
    [MS_LEAK_INDIRECT] = "indirect",
    [MS_LEAK_POSSIBLE] = "possible",
    [MS_LEAK_REACHABLE] = "reachable",
};

static json_t *render_sum(const struct ms_leak_sum *s)
{
    json_t *o = json_object();

    FIELD("blocks", ms_render_u64(s->blocks));
    FIELD("bytes", ms_render_u64(s->bytes));
    return o;
}

static json_t *render_row(const struct ms_leak_row *r)
{
    json_t *o = json_object();

    FIELD("kind", json_string(kinds[r->kind]));
    FIELD("site", json_integer(r->site));
    FIELD("stack", json_integer(r->stack));
    FIELD("blocks", ms_render_u64(r->blocks));
    FIELD("bytes", ms_render_u64(r->bytes));
    FIELD("example", ms_render_address(r->example));
    FIELD("oldest_ns", ms_render_u64(r->oldest_ns));
    FIELD("suppressed", r->suppressed[0] != '\0' ? ms_render_text(r->suppressed)
                                                 : json_null());
    FIELD("frames", render_frames(r->frames, r->frame_count));
    return o;
}

static json_t *render_sums(const struct ms_leak_report *r)
{
    json_t *o = json_object();

    for (size_t i = 0; i < MS_LEAK_KINDS; i++)
        FIELD(kinds[i], render_sum(&r->kinds[i]));
    FIELD("suppressed", render_sum(&r->suppressed));
    FIELD("unconfirmed", render_sum(&r->unconfirmed));
    return o;
}

json_t *ms_render_leak_report(const struct ms_leak_report *r)
{
    json_t *o = json_object(), *rows = json_array();

    for (size_t i = 0; i < r->row_count; i++)
        json_array_append_new(rows, render_row(&r->rows[i]));
    FIELD("session", json_integer(r->session));
    FIELD("epoch", json_string(r->epoch));
    FIELD("state", json_string(states[r->state]));
    FIELD("number", json_integer(r->number));
    FIELD("at_exit", json_boolean(r->at_exit));
    FIELD("failure",
          r->failure[0] != '\0' ? json_string(r->failure) : json_null());
    FIELD("begin_ns", ms_render_u64(r->begin_ns));
    FIELD("end_ns", ms_render_u64(r->end_ns));
    FIELD("looks", json_integer(r->looks));
    FIELD("threads", json_integer(r->threads));
    FIELD("blind_threads", json_integer(r->blind_threads));
    FIELD("longest_stop_ns", ms_render_u64(r->longest_stop_ns));
    FIELD("stop_ns", ms_render_u64(r->stop_ns));
    FIELD("root_bytes", ms_render_u64(r->root_bytes));
    FIELD("block_bytes", ms_render_u64(r->block_bytes));
    FIELD("sums", render_sums(r));
    FIELD("total", json_integer((json_int_t)r->row_total));
    FIELD("rows", rows);
    return o;
}

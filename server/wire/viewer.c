// SPDX-License-Identifier: MIT
// See viewer.h for the contract.

#include "wire/viewer.h"

#include <stdlib.h>
#include <string.h>

#include "engine/render.h"
#include "platform/clock.h"
#include "wire/message.h"

#define SECOND_NS UINT64_C(1000000000)
#define RECEIVED_PER_SECOND 100
#define WHOLE_PER_SECOND 4
#define HZ_MOST 10

static const struct ms_verdict go_on = {0, NULL};

void ms_viewer_fini(struct ms_viewer *v)
{
    ms_feed_let_go(v->feed);
    ms_shown_let_go(v->shown);
    while (v->waiting_count > 0) {
        ms_payload_let_go(v->waiting[v->waiting_first]);
        v->waiting_first = (v->waiting_first + 1) % MS_VIEWER_WAITING;
        v->waiting_count--;
    }
}

bool ms_viewer_say(struct ms_viewer *v, json_t *message)
{
    if (v->waiting_count == MS_VIEWER_WAITING) {
        json_decref(message);
        return false;
    }
    struct ms_payload *p = ms_payload_of(&v->hub->payload_bytes, message);
    if (p == NULL)
        return false;
    size_t at = (v->waiting_first + v->waiting_count++) % MS_VIEWER_WAITING;
    v->waiting[at] = p;
    return true;
}

static void forget_shown(struct ms_viewer *v)
{
    ms_shown_let_go(v->shown);
    v->shown = NULL;
}

static struct ms_verdict bad(const char *why)
{
    return (struct ms_verdict){1002, why};
}

static struct ms_verdict subscribe(struct ms_viewer *v, const json_t *m)
{
    json_int_t hz = HZ_MOST, session = 0, sub = 0;
    int histograms = 1;
    struct ms_wanted wanted;

    if (json_unpack((json_t *)m, "{s?I,s?I,s?I,s?b}", "sub", &sub, "hz", &hz,
                    "session", &session, "hist", &histograms) != 0 ||
        hz < 0 || hz > HZ_MOST || session < 0 || session > UINT32_MAX ||
        sub < 0 || sub > UINT32_MAX)
        return bad("sub: a field is out of range");
    memset(&wanted, 0, sizeof wanted); // all of it: it is compared as bytes
    wanted.session = (uint32_t)session;
    wanted.histograms = histograms != 0;
    if (!ms_wanted_table(json_object_get(m, "th"), &wanted.threads,
                         ms_window_thread_column, "name") ||
        !ms_wanted_table(json_object_get(m, "site"), &wanted.sites,
                         ms_window_site_column, "function"))
        return bad("sub: a table is out of range");
    wanted.sites.window.heap_only = true; // the page has no column for others
    struct ms_feed *feed = ms_feed_hold(v->hub, &wanted);
    if (feed == NULL)
        return (struct ms_verdict){1011, "out of memory"};
    ms_feed_let_go(v->feed);
    v->feed = feed;
    v->sub = (uint32_t)sub;
    v->hz = (uint32_t)hz;
    v->ended_said = false;
    v->unacked_count = 0; // a new beginning
    forget_shown(v);
    return go_on;
}

// Whether a delta from `seq` on would have no gap.
static bool samples_are_kept(struct ms_engine *engine, uint32_t session,
                             uint64_t seq)
{
    struct ms_sample *samples;
    size_t count;

    if (ms_engine_history(engine, session, MS_STEP_100MS, seq - 1, &samples,
                          &count) != MEMSCOPE_OK)
        return false;
    bool kept = count != 0 && samples[0].seq == seq;
    free(samples);
    return kept;
}

// Goes on after a lost connection: only what came since.
static struct ms_verdict resume(struct ms_viewer *v, const json_t *m)
{
    const char *epoch;
    json_int_t seq;
    struct ms_session_info s;
    struct ms_engine *engine = v->hub->server->options.engine;

    if (v->feed == NULL)
        return bad("resume before sub");
    if (json_unpack((json_t *)m, "{s:s,s:I}", "epoch", &epoch, "seq", &seq) !=
            0 ||
        seq < 0)
        return bad("resume: epoch and seq are missing");
    if (v->hz == 0)
        v->hz = HZ_MOST;
    if (v->shown != NULL)
        return go_on; // too late: the full picture is on its way already
    if (ms_engine_session(engine, v->feed->wanted.session, &s) != MEMSCOPE_OK ||
        strcmp(s.epoch, epoch) != 0 || (uint64_t)seq > s.seq || seq == 0 ||
        !samples_are_kept(engine, s.id, (uint64_t)seq))
        return go_on; // a full it is
    v->shown = ms_shown_blank(&v->hub->texts, s.id, s.epoch, (uint64_t)seq);
    if (v->shown == NULL)
        return go_on;
    v->seq = (uint64_t)seq;
    v->session = s.id;
    memcpy(v->epoch, s.epoch, sizeof v->epoch);
    return go_on;
}

static struct ms_verdict acknowledge(struct ms_viewer *v, const json_t *m)
{
    json_int_t seq = json_integer_value(json_object_get(m, "seq"));
    size_t kept = 0;

    for (size_t i = 0; i < v->unacked_count; i++)
        if (v->unacked[i] > (uint64_t)seq)
            v->unacked[kept++] = v->unacked[i];
    if (kept < v->unacked_count)
        v->waiting_since_ns = ms_clock_monotonic_ns();
    v->unacked_count = kept;
    return go_on;
}

static json_t *failure(json_int_t id, const char *code, const char *message)
{
    return json_pack("{s:s,s:I,s:b,s:s,s:s}", "t", "res", "id", id, "ok", 0,
                     "code", code, "message", message);
}

static struct ms_verdict command(struct ms_viewer *v, const json_t *m)
{
    const char *operation = "", *name = "";
    json_int_t id = 0;
    const struct ms_snapshot *snapshot;
    json_t *answer;

    if (json_unpack((json_t *)m, "{s:I,s:s,s?s}", "id", &id, "op", &operation,
                    "name", &name) != 0)
        return bad("cmd: id and op are missing");
    if (strcmp(operation, "snapshot") != 0) {
        answer = failure(id, "bad_request", "there is no such command");
    } else if (v->hub->server->options.read_only) {
        answer = failure(id, "forbidden", "this server is read-only");
    } else {
        struct ms_engine *engine = v->hub->server->options.engine;
        enum memscope_status status = ms_snapshot_take(
            engine, v->feed != NULL ? v->feed->wanted.session : 0, name,
            &snapshot);
        if (status == MEMSCOPE_OK) {
            answer =
                json_pack("{s:s,s:I,s:b,s:o}", "t", "res", "id", id, "ok", 1,
                          "snapshot", ms_render_snapshot_head(snapshot));
            ms_snapshot_release(engine, snapshot);
        } else {
            answer =
                failure(id,
                        status == MEMSCOPE_ERROR_LIMIT      ? "limit"
                        : status == MEMSCOPE_ERROR_ARGUMENT ? "bad_request"
                                                            : "unavailable",
                        memscope_strerror(status));
        }
    }
    if (!ms_viewer_say(v, answer))
        return (struct ms_verdict){1008, "commands without reading answers"};
    return go_on;
}

struct ms_verdict ms_viewer_receive(struct ms_viewer *v, const char *text,
                                    size_t bytes)
{
    static const struct {
        const char *type;
        struct ms_verdict (*handle)(struct ms_viewer *, const json_t *);
    } types[] = {
        {"sub", subscribe},
        {"resume", resume},
        {"ack", acknowledge},
        {"cmd", command},
    };
    uint64_t now = ms_clock_monotonic_ns();
    struct ms_verdict verdict = bad("unknown message");

    if (now - v->second_ns >= SECOND_NS) {
        v->second_ns = now;
        v->received = 0;
    }
    if (++v->received > RECEIVED_PER_SECOND)
        return (struct ms_verdict){1008, "too many messages"};
    json_t *m =
        json_loadb(text, bytes, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
    if (m == NULL)
        return (struct ms_verdict){1007, "this is no JSON"};
    const char *type = json_string_value(json_object_get(m, "t"));
    for (size_t i = 0; type != NULL && i < sizeof types / sizeof *types; i++)
        if (strcmp(types[i].type, type) == 0)
            verdict = types[i].handle(v, m);
    json_decref(m);
    return verdict;
}

static json_t *message_of(struct ms_viewer *v,
                          const struct ms_hub_session *change)
{
    struct ms_session_info s;

    if (change->gone)
        return ms_message_gone(change->id);
    if (ms_engine_session(v->hub->server->options.engine, change->id, &s) !=
        MEMSCOPE_OK)
        return NULL;
    return ms_message_session(&s);
}

// Other sessions than the one shown, which began, ended or are kept no longer,
// at most a second later. The end of the one shown comes after its last delta.
static void say_others(struct ms_viewer *v)
{
    const struct ms_hub_session *change;

    ms_hub_look(v->hub, false);
    while ((change = ms_hub_change(v->hub, v->event)) != NULL) {
        if (change->gone || change->id != v->session) {
            json_t *message = message_of(v, change);
            if (message != NULL && !ms_viewer_say(v, message))
                return; // it has too much to read already
        }
        v->event = change->event;
    }
}

void ms_viewer_init(struct ms_viewer *v, struct ms_hub *hub)
{
    *v = (struct ms_viewer){.hub = hub};
    v->sent_ns = ms_clock_monotonic_ns();
    ms_hub_look(hub, true); // first: what begins in between is said twice
    v->event = hub->events;
    (void)ms_viewer_say(v, ms_message_hello(hub->server, 0));
}

// The session has ended, or another one is shown: said once each.
static void say_changes(struct ms_viewer *v)
{
    const struct ms_session_info *s = ms_feed_session(v->feed);

    if (s == NULL)
        return;
    if (v->session != 0 && strcmp(s->epoch, v->epoch) != 0) {
        (void)ms_viewer_say(v, ms_message_hello(v->hub->server, s->id));
        v->session = 0;
        v->ended_said = false;
        v->unacked_count = 0; // the other session counts from 1 again
        forget_shown(v);
        return;
    }
    if (s->state != MS_SESSION_RUNNING && !v->ended_said && v->seq == s->seq &&
        v->session == s->id)
        v->ended_said = ms_viewer_say(v, ms_message_session(s));
}

// Whether all rows are to be sent.
static bool is_whole(const struct ms_viewer *v)
{
    return v->shown == NULL || ms_shown_is_blank(v->shown);
}

// What is sent whole is dear: not for every message of one who sends many.
static bool may_have_whole(struct ms_viewer *v, uint64_t now)
{
    uint64_t again = (now - v->wholes_ns) / (SECOND_NS / WHOLE_PER_SECOND);

    if (again != 0) {
        v->wholes -= again < v->wholes ? (unsigned)again : v->wholes;
        v->wholes_ns = now;
    }
    return v->wholes < MS_VIEWER_WHOLES;
}

bool ms_viewer_due(struct ms_viewer *v)
{
    uint64_t now = ms_clock_monotonic_ns();

    if (v->waiting_count != 0)
        return true;
    if (v->feed == NULL)
        return false;
    if (now - v->sent_ns >= SECOND_NS)
        return true; // at least a heartbeat
    if (v->hz == 0 || v->unacked_count == MS_VIEWER_UNACKED)
        return false;
    // By the time of the ticks: when in its turn a viewer was sent the last one
    // must not matter. A little early is better than one tick late.
    return is_whole(v) ||
           v->hub->tick_ns - v->tick_ns >= SECOND_NS / v->hz - SECOND_NS / 40;
}

bool ms_viewer_is_abreast(const struct ms_viewer *v)
{
    return v->feed != NULL && v->unacked_count == 0 && v->waiting_count == 0;
}

static struct ms_payload *next_picture(struct ms_viewer *v, uint64_t now,
                                       struct ms_verdict *verdict)
{
    bool failed, whole = is_whole(v);

    if (whole && !may_have_whole(v, now))
        return NULL;
    struct ms_payload *p = ms_feed_next(v->feed, &v->shown, &failed);
    if (failed)
        *verdict = (struct ms_verdict){1013, "out of memory: begin anew"};
    if (p == NULL)
        return NULL;
    v->wholes += whole;
    v->seq = v->shown->seq;
    v->uptime_ns = v->shown->uptime_ns;
    v->tick_ns = v->hub->tick_ns;
    v->session = v->shown->session;
    memcpy(v->epoch, v->shown->epoch, sizeof v->epoch);
    if (v->unacked_count == 0)
        v->waiting_since_ns = now;
    v->unacked[v->unacked_count++] = v->seq;
    ms_payload_set_sub(p, v->sub);
    return p;
}

struct ms_payload *ms_viewer_next(struct ms_viewer *v,
                                  struct ms_verdict *verdict)
{
    uint64_t now = ms_clock_monotonic_ns();
    struct ms_payload *p = NULL;

    *verdict = go_on;
    if (v->feed != NULL && v->waiting_count == 0)
        say_changes(v);
    if (v->feed != NULL && v->waiting_count == 0)
        say_others(v);
    if (v->waiting_count != 0) {
        p = v->waiting[v->waiting_first];
        v->waiting_first = (v->waiting_first + 1) % MS_VIEWER_WAITING;
        v->waiting_count--;
    } else if (v->feed != NULL && v->hz != 0 &&
               v->unacked_count < MS_VIEWER_UNACKED) {
        p = next_picture(v, now, verdict);
    } else if (v->unacked_count == MS_VIEWER_UNACKED) {
        atomic_fetch_add(&v->hub->server->coalesced, 1);
        if (now - v->waiting_since_ns > MS_VIEWER_ACK_SECONDS * SECOND_NS)
            *verdict = (struct ms_verdict){1008, "no ack for a minute"};
    }
    if (p == NULL && verdict->close_code == 0 && v->feed != NULL &&
        now - v->sent_ns >= SECOND_NS)
        p = ms_payload_of(&v->hub->payload_bytes,
                          ms_message_heartbeat(v->seq, v->uptime_ns));
    if (p != NULL)
        v->sent_ns = now;
    return p;
}

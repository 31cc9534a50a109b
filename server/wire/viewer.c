// SPDX-License-Identifier: MIT
// See viewer.h for the contract.

#include "wire/viewer.h"

#include <stdlib.h>
#include <string.h>

#include "engine/render.h"
#include "platform/clock.h"
#include "wire/message.h"
#include "wire/wanted.h"

#define SECOND_NS UINT64_C(1000000000)
#define RECEIVED_PER_SECOND 100
#define HZ_MOST 10

static const struct ms_verdict go_on = {0, NULL};

void ms_viewer_fini(struct ms_viewer *v)
{
    ms_texts_clear(&v->texts);
    while (v->waiting_count > 0) {
        free(v->waiting[v->waiting_first]);
        v->waiting_first = (v->waiting_first + 1) % MS_VIEWER_WAITING;
        v->waiting_count--;
    }
}

bool ms_viewer_say(struct ms_viewer *v, json_t *message)
{
    char *text = NULL;

    if (v->waiting_count < MS_VIEWER_WAITING && message != NULL)
        text = json_dumps(message, JSON_COMPACT);
    json_decref(message);
    if (text == NULL)
        return false;
    size_t at = (v->waiting_first + v->waiting_count++) % MS_VIEWER_WAITING;
    v->waiting[at] = text;
    return true;
}

static struct ms_verdict bad(const char *why)
{
    return (struct ms_verdict){1002, why};
}

static struct ms_verdict subscribe(struct ms_viewer *v, const json_t *m)
{
    json_int_t hz = HZ_MOST, session = 0, sub = 0;
    int histograms = 1;

    if (json_unpack((json_t *)m, "{s?I,s?I,s?I,s?b}", "sub", &sub, "hz", &hz,
                    "session", &session, "hist", &histograms) != 0 ||
        hz < 0 || hz > HZ_MOST || session < 0 || session > UINT32_MAX ||
        sub < 0 || sub > UINT32_MAX)
        return bad("sub: a field is out of range");
    if (!ms_wanted_table(json_object_get(m, "th"), &v->threads,
                         ms_window_thread_column, "name") ||
        !ms_wanted_table(json_object_get(m, "site"), &v->sites,
                         ms_window_site_column, "function"))
        return bad("sub: a table is out of range");
    v->sites.window.heap_only = true; // the page has no column for others
    v->subscribed = true;
    v->sub = (uint32_t)sub;
    v->hz = (uint32_t)hz;
    v->wanted = (uint32_t)session;
    v->histograms = histograms != 0;
    v->whole = true;
    v->ended_said = false;
    v->unacked_count = 0; // a new beginning
    ms_texts_clear(&v->texts);
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
    struct ms_engine *engine = v->server->options.engine;

    if (!v->subscribed)
        return bad("resume before sub");
    if (json_unpack((json_t *)m, "{s:s,s:I}", "epoch", &epoch, "seq", &seq) !=
            0 ||
        seq < 0)
        return bad("resume: epoch and seq are missing");
    if (v->hz == 0)
        v->hz = HZ_MOST;
    if (!v->whole)
        return go_on; // too late: the full picture is on its way already
    if (ms_engine_session(engine, v->wanted, &s) != MEMSCOPE_OK ||
        strcmp(s.epoch, epoch) != 0 || (uint64_t)seq > s.seq || seq == 0 ||
        !samples_are_kept(engine, s.id, (uint64_t)seq))
        return go_on; // a full it is
    v->whole = false;
    v->rows_anew = true;
    v->seq = (uint64_t)seq;
    v->session = s.id;
    memcpy(v->epoch, s.epoch, sizeof v->epoch);
    ms_texts_clear(&v->texts);
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
    } else if (v->server->options.read_only) {
        answer = failure(id, "forbidden", "this server is read-only");
    } else {
        struct ms_engine *engine = v->server->options.engine;
        enum memscope_status status =
            ms_snapshot_take(engine, v->wanted, name, &snapshot);
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

static struct ms_viewer_session *told(struct ms_viewer *v, uint32_t id)
{
    for (size_t i = 0; i < v->told_count; i++)
        if (v->told[i].id == id)
            return &v->told[i];
    if (v->told_count == MS_VIEWER_SESSIONS)
        return NULL;
    v->told[v->told_count] = (struct ms_viewer_session){.id = id};
    return &v->told[v->told_count];
}

static bool is_among(uint32_t id, const struct ms_session_info *list,
                     size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (list[i].id == id)
            return true;
    return false;
}

// Sessions that are kept no longer make room for others to be told of.
static void say_gone(struct ms_viewer *v, const struct ms_session_info *list,
                     size_t count)
{
    for (size_t i = v->told_count; i > 0; i--) {
        uint32_t id = v->told[i - 1].id;
        if (is_among(id, list, count))
            continue;
        if (!ms_viewer_say(v, json_pack("{s:s,s:I}", "t", "gone", "session",
                                        (json_int_t)id)))
            break; // in a second
        v->told[i - 1] = v->told[--v->told_count];
    }
}

// Other sessions than the one shown, which began or ended, at most a second
// later. `silently`: the hello has said it.
static void say_others(struct ms_viewer *v, bool silently)
{
    struct ms_session_info *list;
    size_t count;
    uint64_t now = ms_clock_monotonic_ns();

    if (!silently && now - v->looked_ns < SECOND_NS)
        return;
    v->looked_ns = now;
    if (ms_engine_sessions(v->server->options.engine, &list, &count) !=
        MEMSCOPE_OK)
        return;
    for (size_t i = 0; i < count; i++) {
        struct ms_viewer_session *t = told(v, list[i].id);
        bool ended = list[i].state != MS_SESSION_RUNNING;
        if (t == NULL)
            break;
        bool known = t < v->told + v->told_count;
        if (known && t->ended == ended)
            continue;
        // The end of the one shown comes after its last delta.
        if (!silently && list[i].id != v->session &&
            !ms_viewer_say(v, ms_message_session(&list[i])))
            break; // in a second
        t->ended = ended;
        v->told_count += !known;
    }
    say_gone(v, list, count);
    free(list);
}

void ms_viewer_init(struct ms_viewer *v, struct ms_server *server)
{
    *v = (struct ms_viewer){.server = server};
    v->sent_ns = ms_clock_monotonic_ns();
    say_others(v, true); // first: what begins in between is said twice
    (void)ms_viewer_say(v, ms_message_hello(server, 0));
}

// The session has ended, or another one is shown: said once each.
static void say_changes(struct ms_viewer *v)
{
    struct ms_session_info s;

    if (ms_engine_session(v->server->options.engine, v->wanted, &s) !=
        MEMSCOPE_OK)
        return;
    if (v->session != 0 && strcmp(s.epoch, v->epoch) != 0) {
        (void)ms_viewer_say(v, ms_message_hello(v->server, s.id));
        v->whole = true;
        v->session = 0;
        v->ended_said = false;
        v->unacked_count = 0; // the other session counts from 1 again
        ms_texts_clear(&v->texts);
        return;
    }
    if (s.state == MS_SESSION_ENDED && !v->ended_said && v->seq == s.seq &&
        v->session == s.id)
        v->ended_said = ms_viewer_say(v, ms_message_session(&s));
}

bool ms_viewer_due(struct ms_viewer *v)
{
    uint64_t now = ms_clock_monotonic_ns();

    if (v->waiting_count != 0)
        return true;
    if (!v->subscribed)
        return false;
    if (now - v->sent_ns >= SECOND_NS)
        return true; // at least a heartbeat
    if (v->hz == 0 || v->unacked_count == MS_VIEWER_UNACKED)
        return false;
    // A little early is better than one tick late.
    return v->whole || v->rows_anew ||
           now - v->sent_ns >= SECOND_NS / v->hz - SECOND_NS / 40;
}

static char *as_text(json_t *message)
{
    char *text = json_dumps(message, JSON_COMPACT);

    json_decref(message);
    return text;
}

static char *next_picture(struct ms_viewer *v, uint64_t now,
                          struct ms_verdict *verdict)
{
    bool failed;
    json_t *m = ms_message_picture(v, &failed);

    if (m == NULL)
        return NULL;
    char *text = as_text(m);
    if (failed || text == NULL) {
        free(text);
        *verdict = (struct ms_verdict){1013, "begin anew"};
        return NULL;
    }
    if (v->unacked_count == 0)
        v->waiting_since_ns = now;
    v->unacked[v->unacked_count++] = v->seq;
    return text;
}

char *ms_viewer_next(struct ms_viewer *v, struct ms_verdict *verdict)
{
    uint64_t now = ms_clock_monotonic_ns();
    char *text = NULL;

    *verdict = go_on;
    if (v->subscribed && v->waiting_count == 0)
        say_changes(v);
    if (v->subscribed && v->waiting_count == 0)
        say_others(v, false);
    if (v->waiting_count != 0) {
        text = v->waiting[v->waiting_first];
        v->waiting_first = (v->waiting_first + 1) % MS_VIEWER_WAITING;
        v->waiting_count--;
    } else if (v->subscribed && v->hz != 0 &&
               v->unacked_count < MS_VIEWER_UNACKED) {
        text = next_picture(v, now, verdict);
    } else if (v->unacked_count == MS_VIEWER_UNACKED) {
        atomic_fetch_add(&v->server->coalesced, 1);
        if (now - v->waiting_since_ns > MS_VIEWER_ACK_SECONDS * SECOND_NS)
            *verdict = (struct ms_verdict){1008, "no ack for a minute"};
    }
    if (text == NULL && verdict->close_code == 0 && v->subscribed &&
        now - v->sent_ns >= SECOND_NS)
        text = as_text(ms_message_heartbeat(v->seq, v->uptime_ns));
    if (text != NULL)
        v->sent_ns = now;
    return text;
}

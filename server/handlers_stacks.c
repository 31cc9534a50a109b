// SPDX-License-Identifier: MIT
//
// handlers_stacks: what is made of call stacks: the flame graph. See
// docs/PROTOCOL.md for what it says.

#include <stdlib.h>
#include <string.h>

#include "routes.h"

// A moment: "now", "snapshot:N", or nanoseconds of uptime.
static bool parse_at(const char *text, struct ms_at *at)
{
    static const char snapshot[] = "snapshot:";
    const size_t n = sizeof snapshot - 1;
    char *end;

    *at = (struct ms_at){.kind = MS_AT_NOW};
    if (strcmp(text, "now") == 0)
        return true;
    if (text[0] >= '0' && text[0] <= '9' && strlen(text) <= 18) {
        at->kind = MS_AT_UPTIME;
        at->value = strtoull(text, &end, 10);
        return *end == '\0';
    }
    if (strncmp(text, snapshot, n) != 0 || text[n] < '0' || text[n] > '9' ||
        strlen(text + n) > 9)
        return false;
    at->kind = MS_AT_SNAPSHOT;
    at->value = strtoull(text + n, &end, 10);
    return *end == '\0';
}

// A share: digits, of which some may stand behind a point; at most 1.
static bool parse_share(const char *text, double *out)
{
    double unit = 1;
    bool point = false;

    *out = 0;
    if (*text == '\0' || strlen(text) > 12)
        return false;
    for (; *text != '\0'; text++) {
        if (*text == '.' && !point) {
            point = true;
            continue;
        }
        if (*text < '0' || *text > '9')
            return false;
        *out = *out * 10 + (*text - '0');
        unit *= point ? 10 : 1;
    }
    *out /= unit;
    return *out <= 1;
}

// One of two words.
static bool parse_word(struct ms_request *q, const char *name,
                       const char *usual, const char *other, bool *is_other)
{
    const char *text = ms_query_text(&q->query, name, usual);

    *is_other = strcmp(text, other) == 0;
    return *is_other || strcmp(text, usual) == 0;
}

static const char *given(struct ms_request *q, const char *name)
{
    const char *text = ms_query_text(&q->query, name, "");

    return *text != '\0' ? text : NULL;
}

static const char *parse_flame(struct ms_request *q, struct ms_flame_order *o)
{
    const char *from = given(q, "from");
    const char *to = given(q, "to");
    const char *at = given(q, "at");
    uint64_t session;

    *o = (struct ms_flame_order){.compare = from != NULL};
    if (!ms_query_number(&q->query, "session", 0, UINT32_MAX, &session))
        return "session is a number";
    o->session = (uint32_t)session;
    if (!ms_weight_of_name(
            ms_query_text(&q->query, "weight", ms_weight_name(0)), &o->weight))
        return "weight is live_bytes, live_blocks, alloc_bytes or alloc_count";
    if ((at != NULL && (from != NULL || to != NULL)) ||
        (from == NULL && to != NULL))
        return "either at, or from and to";
    if (!parse_at(at != NULL   ? at
                  : to != NULL ? to
                               : "now",
                  &o->at) ||
        (from != NULL && !parse_at(from, &o->from)))
        return "a moment is now or snapshot:N";
    if (!parse_word(q, "by", "function", "line", &o->by_line))
        return "by is function or line";
    if (!parse_word(q, "order", "callers", "callees", &o->inverted))
        return "order is callers or callees";
    if (!parse_share(ms_query_text(&q->query, "min", "0"), &o->least))
        return "min is a share from 0 to 1";
    return NULL;
}

void ms_handle_flame(struct ms_request *q, struct ms_reply *r)
{
    struct ms_flame_order order;
    const char *wrong = parse_flame(q, &order);

    if (wrong != NULL) {
        ms_reply_error(r, 400, wrong);
        return;
    }
    enum memscope_status status =
        ms_render_flame(q->server->options.engine, &order, &r->stream);
    if (status != MEMSCOPE_OK)
        ms_reply_status(r, status);
    else
        r->content_type = "application/json";
}

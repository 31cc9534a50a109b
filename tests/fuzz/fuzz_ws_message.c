// SPDX-License-Identifier: MIT
//
// Any text from a viewer, one message a line. Whatever it says, it is answered
// with JSON or sent away with a reason, and what is kept of it is bounded.

#include "harness.h"

#include <string.h>
#include <unistd.h>

#include "fake_engine.h"
#include "runtime/store.h"
#include "wire/viewer.h"

static struct ms_server server;
static struct ms_hub hub;
static struct ms_session *session;

static bool nobody_is_gone(uint32_t tid)
{
    (void)tid;
    return false;
}

// A program with a few sites and threads, one of which has no good name.
static void begin(void)
{
    static struct ms_store store;
    static const uint64_t names[2][2] = {{0x656e6f, 0}, {UINT64_MAX, 0x22}};

    FUZZ_CHECK(ms_store_create(&store, MS_BACKEND_CORE) == 0);
    for (uint32_t t = 0; t < 2; t++) {
        struct ms_writer *w =
            ms_store_writer_open(&store, 100 + t, names[t], nobody_is_gone);
        for (uint64_t i = 0; i < 9; i++)
            ms_store_allocation(w, 0x10000 + t * 0x10000 + i * 0x100, i * 97,
                                ms_store_stack(&store, 0x4000 + i * 16, 0),
                                false);
    }
    server.options.engine = ms_fake_engine(dup(store.fd), &session);
    FUZZ_CHECK(server.options.engine != NULL);
    server.options.max_clients = 3;
    ms_hub_init(&hub, &server);
    (void)ms_session_tick(session);
}

static void take_messages(struct ms_viewer *v)
{
    for (int i = 0; i < 3; i++) {
        struct ms_verdict verdict;
        struct ms_payload *p = ms_viewer_next(v, &verdict);
        FUZZ_CHECK((verdict.close_code == 0) == (verdict.reason == NULL));
        if (p == NULL)
            return;
        json_t *m = json_loadb(p->text, p->bytes, JSON_REJECT_DUPLICATES, NULL);
        FUZZ_CHECK(json_string_value(json_object_get(m, "t")) != NULL);
        json_decref(m);
        ms_payload_let_go(p);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct ms_viewer v;
    const char *text = (const char *)data, *end = text + size;

    if (server.options.engine == NULL)
        begin();
    struct ms_engine *engine = server.options.engine;
    // Every run has the same short past, and is quick.
    for (size_t i = 0; i < MS_HISTORY_STEPS; i++)
        session->history.rings[i].written = 0;
    (void)ms_session_tick(session);
    ms_hub_tick(&hub);
    ms_viewer_init(&v, &hub);
    while (text < end) {
        const char *line = memchr(text, '\n', (size_t)(end - text));
        size_t n = (size_t)((line != NULL ? line : end) - text);
        struct ms_verdict verdict = ms_viewer_receive(&v, text, n);
        FUZZ_CHECK((verdict.close_code == 0) == (verdict.reason == NULL));
        if (verdict.close_code != 0)
            break;
        FUZZ_CHECK(v.waiting_count <= MS_VIEWER_WAITING);
        FUZZ_CHECK(v.unacked_count <= MS_VIEWER_UNACKED);
        (void)ms_viewer_due(&v);
        if (n % 2 == 0)
            take_messages(&v);
        text += n + 1;
    }
    take_messages(&v);
    ms_viewer_fini(&v);
    // Nobody is left, and nothing of what they shared.
    FUZZ_CHECK(hub.feeds == NULL && hub.texts.count == 0);
    FUZZ_CHECK(hub.payload_bytes == 0);
    while (engine->snapshot_count > 0)
        FUZZ_CHECK(
            ms_snapshot_delete(engine, engine->snapshots[0]->snapshot.id) ==
            MEMSCOPE_OK);
    return 0;
}

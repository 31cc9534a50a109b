// SPDX-License-Identifier: MIT
//
// naming: where a session's sites lie, and what they are called. The symbol
// thread does the work; here is only asked for it, and only when somebody
// looks, or might soon: reading a program's debug information can cost more
// than a short program itself. Under the session's lock.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/atomics.h"
#include "session.h"
#include "symbols/fetch.h"
#include "types/declared_types.h"

#define NAMES_PER_TICK 2000u
// Names are read once somebody looks; after so long a run they are no longer
// much beside the program's own work, and are there when somebody does.
#define NAMES_AFTER_NS UINT64_C(10000000000)

bool ms_engine_has_debuginfod(void)
{
    return ms_fetch_usable();
}

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

void ms_session_read_modules(struct ms_session *s)
{
    uint32_t count = ms_reader_modules(&s->reader);

    for (size_t i = 0; i < s->module_count; i++) {
        struct ms_session_module *m = &s->modules[i];
        if (ms_load_relaxed(&m->module.unload_ns) == 0 &&
            ms_reader_unloaded(&s->reader, (uint32_t)i + 1, &m->module))
            m->changed_seq = s->seq;
    }
    while (s->module_count + 1 < count) {
        if (s->module_count == s->module_room) {
            size_t room = s->module_room == 0 ? 32 : s->module_room * 2;
            void *moved = realloc(s->modules, room * sizeof *s->modules);
            if (moved == NULL)
                return;
            s->modules = moved;
            s->module_room = room;
        }
        struct ms_session_module *m = &s->modules[s->module_count++];
        *m = (struct ms_session_module){
            .path = "", .name = "", .changed_seq = s->seq};
        if (!ms_reader_module(&s->reader, (uint32_t)s->module_count,
                              &m->module)) {
            s->reader.damaged++;
            continue;
        }
        if (s->symbols == NULL)
            continue;
        m->path = ms_symbols_intern(s->symbols, m->module.path);
        m->name = ms_symbols_intern(s->symbols, last_part(m->module.path));
        struct ms_symbol_module known = {
            .path = m->module.path,
            .pid = s->state == MS_SESSION_RUNNING ? s->pid : 0,
            .build_id = m->module.build_id,
            .build_id_bytes = m->module.build_id_bytes,
        };
        m->symbols = ms_symbols_module(s->symbols, &known);
    }
}

struct ms_session_module *ms_session_module_of(struct ms_session *s,
                                               uint64_t address)
{
    for (size_t i = s->module_count; i > 0; i--) {
        struct ms_session_module *m = &s->modules[i - 1];
        if (address >= m->module.start && address < m->module.end)
            return m;
    }
    return NULL;
}

void ms_session_place_sites(struct ms_session *s)
{
    ms_session_read_modules(s);
    for (; s->placed_sites < s->model.site_count; s->placed_sites++) {
        struct ms_site *site = &s->model.sites[s->placed_sites];
        struct ms_session_module *m =
            ms_session_module_of(s, site->address - 1);
        char text[32];

        if (m != NULL)
            site->module_number = (uint32_t)(m - s->modules) + 1;
        if (s->symbols == NULL)
            continue;
        snprintf(text, sizeof text, "0x%llx",
                 (unsigned long long)site->address);
        site->function = ms_symbols_intern(
            s->symbols,
            site->stack == MS_NODE_UNKNOWN ? "(unknown stack)" : text);
        if (m == NULL)
            continue;
        site->module = m->name;
        site->symbol_module = m->symbols;
        site->file_address = site->address - m->module.bias;
        if (m->symbols != 0)
            (void)ms_list_add(&s->unnamed, (uint32_t)s->placed_sites);
    }
}

bool ms_session_names(struct ms_session *s)
{
    size_t tried = 0, kept = 0;
    bool any = false;

    if (ms_session_uptime_ns(s) > NAMES_AFTER_NS &&
        s->state == MS_SESSION_RUNNING)
        s->names_wanted = true;
    for (size_t i = 0; i < s->unnamed.count; i++) {
        struct ms_site *site = &s->model.sites[s->unnamed.items[i]];
        struct ms_symbol found;
        bool known = false;

        if ((s->names_wanted || site->wanted) && tried++ < NAMES_PER_TICK) {
            known = ms_symbols_lookup(s->symbols, site->symbol_module,
                                      site->file_address, &found);
            any |= known || site->function != found.function;
            site->function = found.function;
            site->file = found.file;
            site->line = found.line;
            site->changed_seq = s->seq;
        }
        if (!known)
            s->unnamed.items[kept++] = s->unnamed.items[i];
    }
    s->unnamed.count = kept;
    return ms_session_declared_types(s) || any;
}

// SPDX-License-Identifier: MIT
//
// stack_frames: the frames of one stack, with their names. See session.h.

#include "session.h"

size_t ms_session_frames(struct ms_session *s, uint32_t stack,
                         struct ms_leak_frame *frames, size_t room)
{
    uint32_t node, context;
    struct ms_node n;
    size_t count = 0;

    if (!ms_reader_stack(&s->reader, stack, &node, &context))
        return 0;
    while (count < room && node > MS_NODE_UNKNOWN &&
           ms_reader_node(&s->reader, node, &n)) {
        frames[count++] = (struct ms_leak_frame){
            .address = n.address,
            .function = "?",
            .file = "",
            .module = "",
        };
        if (n.parent >= node)
            break; // damaged: parents are older
        node = n.parent;
    }
    return count;
}

bool ms_session_name_frame(struct ms_session *s, struct ms_leak_frame *f)
{
    const struct ms_session_module *m = ms_session_module_of(s, f->address - 1);
    struct ms_symbol found;

    if (m == NULL || s->symbols == NULL)
        return true;
    f->module = m->name;
    if (m->symbols == 0)
        return true;
    bool known = ms_symbols_lookup(s->symbols, m->symbols,
                                   f->address - m->module.bias, &found);
    f->function = found.function;
    f->file = found.file;
    f->line = found.line;
    return known;
}

// SPDX-License-Identifier: MIT
//
// linked_options [NAME=VALUE]...: a program that opens its page with these
// options, says where it is, allocates LEFT_OUT blocks that its own backend
// "here" leaves out, and waits.

#include "../victim.h"

#include <memscope.h>

#define LEFT_OUT 100
#define BYTES 4711

static void leave_out(void *context, struct memscope_event *event)
{
    (void)context;
    event->stack =
        event->bytes == BYTES ? MEMSCOPE_STACK_NONE : MEMSCOPE_STACK_CALLER;
}

static const struct memscope_backend here = {
    .version = MEMSCOPE_BACKEND_VERSION,
    .size = sizeof here,
    .name = "here",
    .capture_alloc = leave_out,
};

int main(int argc, char **argv)
{
    struct memscope_options o = {.size = sizeof o};
    const struct {
        const char *name, **text;
    } texts[] = {
        {"bind", &o.bind},           {"token_file", &o.token_file},
        {"unix_path", &o.unix_path}, {"allow_hosts", &o.allow_hosts},
        {"backend", &o.backend},
    };

    victim_check(memscope_backend_register(&here) == MEMSCOPE_OK, "register");
    for (int i = 1; i < argc; i++) {
        char *value = strchr(argv[i], '=');
        victim_check(value != NULL, "NAME=VALUE");
        *value++ = '\0';
        if (strcmp(argv[i], "read_only") == 0)
            o.read_only = true;
        for (size_t k = 0; k < sizeof texts / sizeof *texts; k++)
            if (strcmp(argv[i], texts[k].name) == 0)
                *texts[k].text = value;
    }
    enum memscope_status status = memscope_start(&o);
    for (int i = 0; i < LEFT_OUT; i++)
        victim_check(malloc(BYTES) != NULL, "the allocator gives memory");
    victim_say("%s %s\n", memscope_strerror(status), memscope_url());
    victim_hold();
    memscope_stop();
    return 0;
}

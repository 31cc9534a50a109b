// SPDX-License-Identifier: MIT
//
// linked_options [NAME=VALUE]...: a program that opens its page with these
// options, says where it is, and waits.

#include "../victim.h"

#include <memscope.h>

int main(int argc, char **argv)
{
    struct memscope_options o = {.size = sizeof o};

    for (int i = 1; i < argc; i++) {
        char *value = strchr(argv[i], '=');
        victim_check(value != NULL, "NAME=VALUE");
        *value++ = '\0';
        const char **text = strcmp(argv[i], "bind") == 0         ? &o.bind
                            : strcmp(argv[i], "token_file") == 0 ? &o.token_file
                            : strcmp(argv[i], "unix_path") == 0
                                ? &o.unix_path
                                : &o.allow_hosts;
        if (strcmp(argv[i], "read_only") == 0)
            o.read_only = true;
        else
            *text = value;
    }
    enum memscope_status status = memscope_start(&o);
    victim_say("%s %s\n", memscope_strerror(status), memscope_url());
    victim_hold();
    memscope_stop();
    return 0;
}

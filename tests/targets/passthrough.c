// SPDX-License-Identifier: MIT
//
// passthrough: copies its standard input to its standard output, through
// stdio and through the heap, and says on stderr how many bytes it was. What
// it was given in the environment and its arguments come first.

#include "victim.h"

extern char **environ;

static void say_environment(void)
{
    for (char **e = environ; *e != NULL; e++)
        fprintf(stderr, "env %s\n", *e);
}

int main(int argc, char **argv)
{
    size_t bytes = 0, n;
    size_t capacity = 1 + (size_t)argc * 1000;
    char *buffer = malloc(capacity);

    victim_check(buffer != NULL, "malloc gives memory");
    if (argc > 1 && strcmp(argv[1], "--env") == 0)
        say_environment();
    for (int i = 1; i < argc; i++)
        fprintf(stderr, "arg %s\n", argv[i]);
    while ((n = fread(buffer, 1, capacity, stdin)) > 0) {
        if (fwrite(buffer, 1, n, stdout) != n)
            return 1;
        bytes += n;
    }
    fprintf(stderr, "%zu bytes\n", bytes);
    free(buffer);
    return 0;
}

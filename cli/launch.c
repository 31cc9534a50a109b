// SPDX-License-Identifier: MIT
// See launch.h for the contract.

#include "launch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <memscope.h>

#include "runtime/announce.h"
#include "runtime/control.h"

#define GATE_BYTES 4608 // library path, socket name, whether alone

struct gate_message {
    char preload[4096];
    char socket[508];
    uint32_t alone;
};
_Static_assert(sizeof(struct gate_message) == GATE_BYTES, "one message");

static int set_environment(const struct gate_message *m)
{
    const char *before = getenv("LD_PRELOAD");
    char *value, pid[16];
    int n;

    if (m->preload[0] == '\0')
        return 0;

    if (before != NULL && before[0] != '\0')
        n = asprintf(&value, "%s:%s", m->preload, before);
    else
        n = asprintf(&value, "%s", m->preload);
    if (n < 0)
        return ENOMEM;
    int failed = setenv("LD_PRELOAD", value, 1) != 0 ||
                 setenv(MS_ENV_SOCKET, m->socket, 1) != 0;
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    failed = failed || (m->alone && setenv(MS_ENV_ALONE, pid, 1) != 0);
    free(value);
    return failed ? ENOMEM : 0;
}

// Runs in the child.
static void become(char **command, int gate, int failure)
{
    struct gate_message m;
    size_t have = 0;
    ssize_t n;

    while (have < sizeof m &&
           (n = read(gate, (char *)&m + have, sizeof m - have)) > 0)
        have += (size_t)n;
    if (have != sizeof m)
        _exit(125); // memscope has given up, and said why
    int error = set_environment(&m);
    if (error == 0) {
        execvp(command[0], command);
        error = errno;
    }
    ssize_t ignore = write(failure, &error, sizeof error);
    (void)ignore;
    _exit(error == ENOENT ? 127 : 126);
}

// A pipe that is never a standard stream, where one of those is closed.
static int open_pipe(int ends[2])
{
    int low[2];

    if (pipe2(low, O_CLOEXEC) != 0)
        return -1;
    for (int i = 0; i < 2; i++)
        ends[i] = fcntl(low[i], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    int error = errno;
    close(low[0]);
    close(low[1]);
    if (ends[0] >= 0 && ends[1] >= 0)
        return 0;
    if (ends[0] >= 0)
        close(ends[0]);
    errno = error;
    return -1;
}

int ms_launch_prepare(struct ms_launch *l, char **command)
{
    int gate[2], failure[2];

    if (open_pipe(gate) != 0)
        return errno;
    if (open_pipe(failure) != 0) {
        int error = errno;
        close(gate[0]);
        close(gate[1]);
        return error;
    }
    l->pid = fork();
    int error = l->pid < 0 ? errno : 0;
    if (l->pid == 0) {
        close(gate[1]);
        close(failure[0]);
        become(command, gate[0], failure[1]);
    }
    close(gate[0]);
    close(failure[1]);
    l->gate = gate[1];
    l->failure = failure[0];
    if (error != 0) {
        close(l->gate);
        close(l->failure);
    }
    return error;
}

int ms_launch_go(struct ms_launch *l, const char *library, const char *socket)
{
    struct gate_message m = {.alone = l->alone};
    int error = 0;

    if (library != NULL)
        snprintf(m.preload, sizeof m.preload, "%s", library);
    snprintf(m.socket, sizeof m.socket, "%s", socket);
    ssize_t sent = write(l->gate, &m, sizeof m);
    if (sent != sizeof m)
        error = EPIPE;
    close(l->gate);
    int told;
    ssize_t n;
    do
        n = read(l->failure, &told, sizeof told);
    while (n < 0 && errno == EINTR);
    if (n == sizeof told)
        error = told;
    close(l->failure);
    if (error != 0)
        waitpid(l->pid, NULL, 0);
    return error;
}

void ms_launch_cancel(struct ms_launch *l)
{
    close(l->gate);
    close(l->failure);
    waitpid(l->pid, NULL, 0);
}

static bool is_bytes(const char *text)
{
    return *text != '\0' && strspn(text, "0123456789") == strlen(text);
}

void ms_launch_check_environment(void (*say)(const char *name,
                                             const char *value))
{
    const char *mode = getenv(MS_ENV_MODE);
    const char *backend = getenv(MS_ENV_BACKEND);
    const char *limit = getenv(MS_ENV_STORE_LIMIT);

    // What is set again is what it was.
    if (mode != NULL && !ms_launch_mode(mode))
        say(MS_ENV_MODE, mode);
    if (backend != NULL && !ms_launch_backend(backend))
        say(MS_ENV_BACKEND, backend);
    if (limit != NULL && !is_bytes(limit))
        say(MS_ENV_STORE_LIMIT, limit);
}

bool ms_launch_mode(const char *text)
{
    enum ms_mode mode;
    uint64_t interval;

    return ms_control_parse(text, &mode, &interval) &&
           setenv(MS_ENV_MODE, text, 1) == 0;
}

bool ms_launch_backend(const char *name)
{
    static const char *const names[] = {"core", "lockfree", "async", "unified",
                                        "custom"};
    static const char custom[] = "custom:";
    size_t n = sizeof custom - 1, length = strlen(name);

    if (strncmp(name, custom, n) == 0 && length > n &&
        length - n <= MEMSCOPE_BACKEND_NAME)
        return setenv(MS_ENV_BACKEND, name, 1) == 0;

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0)
            return setenv(MS_ENV_BACKEND, name, 1) == 0;
    return false;
}

int ms_launch_library(char *path, size_t bytes)
{
    static const char *const places[] = {
        "../runtime/libmemscope.so",
        "../" MEMSCOPE_LIBDIR "/libmemscope.so",
        "libmemscope.so",
    };
    char self[4096];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

    if (n <= 0)
        return ENOENT;
    self[n] = '\0';
    *strrchr(self, '/') = '\0';
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        char try[4200];
        snprintf(try, sizeof try, "%s/%s", self, places[i]);
        char *real = realpath(try, NULL);
        if (real == NULL)
            continue;
        int fits = snprintf(path, bytes, "%s", real) < (int)bytes;
        free(real);
        // The loader takes spaces and colons for separators.
        return fits && strpbrk(path, " :") == NULL ? 0 : EINVAL;
    }
    return ENOENT;
}

void ms_launch_fill_streams(void)
{
    int fd;

    do
        fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd > STDERR_FILENO)
        close(fd);
}

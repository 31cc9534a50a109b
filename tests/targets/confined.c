// SPDX-License-Identifier: MIT
//
// confined HOW [COMMAND ARGUMENT...]: puts itself under a limit, allocates,
// says how far it came, and becomes COMMAND under the same limit.
//
//   space BYTES    RLIMIT_AS        locked         mlockall, all of it
//   files N        RLIMIT_NOFILE    closed         no descriptor 0, 1, 2
//   memfd          seccomp: no memfd_create        chroot DIRECTORY
//   work           no limit at all

#include "victim.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

static struct victim_counts counts;

static void *work_allocate(size_t size)
{
    void *block = malloc(size);

    if (block != NULL) {
        memset(block, 1, size);
        counts.alloc_count++;
        counts.alloc_bytes += size;
    }
    return block;
}

static void work(void)
{
    for (unsigned i = 0; i < 100; i++)
        victim_check(work_allocate(9001) != NULL, "malloc gives memory");
}

static void limit(int what, rlim_t value)
{
    struct rlimit both = {value, value}, now;

    victim_check(setrlimit((__rlimit_resource_t)what, &both) == 0, "setrlimit");
    victim_check(getrlimit((__rlimit_resource_t)what, &now) == 0, "getrlimit");
    victim_check(now.rlim_cur == value && now.rlim_max == value,
                 "the limit is the one that was set");
}

// Half of it can be had, four times as much cannot.
static void space(rlim_t bytes)
{
    limit(RLIMIT_AS, bytes);
    void *half = work_allocate((size_t)bytes / 2);
    void *more = malloc((size_t)bytes * 4);
    victim_say("half %d, more %d\n", half != NULL, more != NULL);
    free(more);
}

static void locked(void)
{
    int done = mlockall(MCL_CURRENT | MCL_FUTURE);

    victim_say("mlockall %d\n", done == 0 ? 0 : errno);
    work();
    victim_check(munlockall() == 0, "munlockall");
}

static void closed(void)
{
    int saved = fcntl(STDOUT_FILENO, F_DUPFD, 100);

    for (int fd = 0; fd < 3; fd++)
        close(fd);
    work();
    int first = open("/dev/null", O_RDWR);
    dup2(saved, STDOUT_FILENO); // what it is when we speak
    close(saved);
    victim_say("first %d\n", first);
}

static void forbid(unsigned call)
{
    struct sock_filter steps[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof steps / sizeof *steps, steps};

    victim_check(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
                     prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0,
                 "seccomp");
}

static void root(const char *directory)
{
    victim_check(chroot(directory) == 0 && chdir("/") == 0, "chroot");
}

// Gives how many arguments were its own.
static int confine(int argc, char **argv)
{
    const char *how = argc > 1 ? argv[1] : "";
    const char *value = argc > 2 ? argv[2] : "";

    if (strcmp(how, "space") == 0)
        space(strtoul(value, NULL, 10));
    else if (strcmp(how, "files") == 0)
        limit(RLIMIT_NOFILE, strtoul(value, NULL, 10));
    else if (strcmp(how, "chroot") == 0)
        root(value);
    else if (strcmp(how, "locked") == 0)
        return locked(), 1;
    else if (strcmp(how, "closed") == 0)
        return closed(), 1;
    else if (strcmp(how, "memfd") == 0)
        return forbid(SYS_memfd_create), 1;
    else if (strcmp(how, "work") == 0)
        return 1;
    else
        return victim_say("how?\n"), _exit(2), 0;
    return 2;
}

int main(int argc, char **argv)
{
    int used = 1 + confine(argc, argv);

    work();
    victim_say("{\"functions\":[\"work_allocate\"],");
    victim_say_counts(&counts);
    victim_say("}\n");
    if (used < argc) {
        execvp(argv[used], argv + used);
        victim_say("exec: %s\n", strerrorname_np(errno));
        return 126;
    }
    return 21;
}

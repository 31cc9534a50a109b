// SPDX-License-Identifier: MIT
//
// tape: preloaded behind libmemscope.so (and tape_go.so before it), it stands
// where memscope expects the real allocator and writes down every call, in
// order, into the file that MEMSCOPE_TAPE names. What a block's owner does lies
// between the call that gives it and the one that takes it back, so the order
// is one that happened.

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EVENTS_MOST (UINT64_C(6) << 20)

struct event {
    uint64_t address, size;
    uint32_t thread;
    uint32_t what; // 'A', 'R', 'F', 'M' as in streams.c; 'B': as it was
};

struct tape {
    _Atomic uint64_t count; // may go beyond what there is room for
    uint64_t unused;
    struct event events[EVENTS_MOST];
};

static struct tape *tape;
static bool paused;
static pthread_once_t once = PTHREAD_ONCE_INIT;
#define THREAD_LOCAL                                                           \
    static _Thread_local __attribute__((tls_model("initial-exec")))
THREAD_LOCAL uint32_t thread;
THREAD_LOCAL bool hidden;

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

static void forget(void)
{
    tape = NULL; // a child's calls are its own
}

static void begin(void)
{
    const char *path = getenv("MEMSCOPE_TAPE");
    int fd = path != NULL
                 ? open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600)
                 : -1;

    if (fd < 0)
        return;
    if (ftruncate(fd, sizeof *tape) == 0) {
        void *mapped = mmap(NULL, sizeof *tape, PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_NORESERVE, fd, 0);
        if (mapped != MAP_FAILED)
            tape = mapped;
    }
    close(fd);
    pthread_atfork(NULL, NULL, forget);
}

// Between our constructor and that of tape_go.so, which is loaded before
// libmemscope.so, runs that of libmemscope.so alone: what it allocates is not
// the program's.
__attribute__((constructor)) static void pause_tape(void)
{
    paused = true;
}

extern void tape_go(void);
void tape_go(void)
{
    paused = false;
}

static void note(uint32_t what, void *block, size_t size)
{
    int kept = errno;

    pthread_once(&once, begin);
    if (tape != NULL && block != NULL && !paused && !hidden) {
        if (thread == 0)
            thread = (uint32_t)syscall(SYS_gettid);
        uint64_t n = atomic_fetch_add(&tape->count, 1);
        if (n < EVENTS_MOST)
            tape->events[n] =
                (struct event){(uintptr_t)block, size, thread, what};
    }
    errno = kept;
}

void *malloc(size_t size)
{
    void *p = __libc_malloc(size);

    note('A', p, size);
    return p;
}

void free(void *p)
{
    note('F', p, 0);
    __libc_free(p);
}

void *calloc(size_t count, size_t size)
{
    void *p = __libc_calloc(count, size);

    note('A', p, count * size);
    return p;
}

void *realloc(void *old, size_t size)
{
    note('M', old, 0);
    void *now = __libc_realloc(old, size);
    if (now == NULL && size != 0)
        note('B', old, 0);
    note(old != NULL ? 'R' : 'A', now, size);
    return now;
}

void *memalign(size_t alignment, size_t size)
{
    void *p = __libc_memalign(alignment, size);

    note('A', p, size);
    return p;
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return memalign(alignment, size);
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
    void *p = memalign(alignment, size);

    if (p == NULL)
        return ENOMEM;
    *out = p;
    return 0;
}

void *valloc(size_t size)
{
    return memalign(4096, size);
}

void *pvalloc(size_t size)
{
    return memalign(4096, size);
}

// libc's, even where the program has brought another allocator, which the calls
// above pass by.
size_t malloc_usable_size(void *p)
{
    static size_t (*real)(void *);

    if (real == NULL) {
        void *libc = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
        void *found = libc != NULL ? dlsym(libc, "malloc_usable_size") : NULL;
        if (found == NULL)
            abort();
        memcpy(&real, &found, sizeof found);
    }
    return real(p);
}

static bool is_memscope(const void *caller)
{
    Dl_info info;

    return dladdr(caller, &info) != 0 &&
           strstr(info.dli_fname, "libmemscope.so") != NULL;
}

// What libmemscope.so asks of a thread allocates; that is not the program's.
int pthread_getattr_np(pthread_t of, pthread_attr_t *attributes)
{
    static int (*real)(pthread_t, pthread_attr_t *);
    void *found = dlsym(RTLD_NEXT, "pthread_getattr_np");

    memcpy(&real, &found, sizeof found);
    hidden = is_memscope(__builtin_return_address(0));
    int error = real(of, attributes);
    hidden = false;
    return error;
}

int pthread_attr_destroy(pthread_attr_t *attributes)
{
    static int (*real)(pthread_attr_t *);
    void *found = dlsym(RTLD_NEXT, "pthread_attr_destroy");

    memcpy(&real, &found, sizeof found);
    hidden = is_memscope(__builtin_return_address(0));
    int error = real(attributes);
    hidden = false;
    return error;
}

// By this memscope knows glibc's allocator, whose blocks need no padding.
const char *gnu_get_libc_version(void)
{
    return "0";
}

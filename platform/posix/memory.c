// SPDX-License-Identifier: MIT
// See platform/memory.h for the contract.

#include "platform/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

void *ms_memory_map(size_t bytes)
{
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    return p == MAP_FAILED ? NULL : p;
}

void *ms_memory_map_wiped(size_t bytes)
{
    void *p = ms_memory_map(bytes);

    if (p != NULL && madvise(p, bytes, MADV_WIPEONFORK) != 0) {
        munmap(p, bytes);
        p = NULL;
    }
    return p;
}

bool ms_memory_keep(void *memory, size_t bytes, bool yes)
{
    return memory == NULL || bytes == 0 ||
           madvise(memory, bytes, yes ? MADV_KEEPONFORK : MADV_WIPEONFORK) == 0;
}

int ms_memory_stand_in(void *address, uint64_t bytes)
{
    void *p =
        mmap(address, bytes, PROT_READ | PROT_WRITE,
             MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE,
             -1, 0);

    if (p == MAP_FAILED)
        return errno;
    (void)madvise(p, bytes, MADV_DONTDUMP);
    return madvise(p, bytes, MADV_DONTFORK) == 0 ? 0 : errno;
}

void ms_memory_unmap(void *memory, size_t bytes)
{
    munmap(memory, bytes);
}

int ms_shared_create(const char *name, uint64_t bytes, int *fd)
{
    struct rlimit limit;

    // Growing a file past RLIMIT_FSIZE would kill the program by SIGXFSZ.
    if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur < bytes)
        return EFBIG;
    int f = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (f < 0)
        return errno;
    if (ftruncate(f, (off_t)bytes) != 0 ||
        fcntl(f, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
        int error = errno;
        close(f);
        return error;
    }
    *fd = f;
    return 0;
}

int ms_shared_map(int fd, uint64_t offset, uint64_t bytes, bool keep_from_child,
                  void **out)
{
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                   MAP_SHARED | MAP_NORESERVE, fd, (off_t)offset);

    if (p == MAP_FAILED)
        return errno;
    (void)madvise(p, bytes, MADV_DONTDUMP); // a core dump does not need us
    if (keep_from_child && madvise(p, bytes, MADV_DONTFORK) != 0) {
        int error = errno;
        munmap(p, bytes);
        return error;
    }
    *out = p;
    return 0;
}

int ms_shared_check(int fd, uint64_t *bytes, uint64_t *used_bytes)
{
    struct stat st;
    int seals = fcntl(fd, F_GET_SEALS);

    if (seals < 0 || !(seals & F_SEAL_SHRINK) || fstat(fd, &st) != 0)
        return EINVAL;
    *bytes = (uint64_t)st.st_size;
    *used_bytes = (uint64_t)st.st_blocks * 512;
    return 0;
}

bool ms_shared_next_data(int fd, uint64_t offset, uint64_t *begin,
                         uint64_t *end)
{
    off_t data = lseek(fd, (off_t)offset, SEEK_DATA);

    if (data < 0)
        return false;
    off_t hole = lseek(fd, data, SEEK_HOLE);
    if (hole <= data)
        return false;
    *begin = (uint64_t)data;
    *end = (uint64_t)hole;
    return true;
}

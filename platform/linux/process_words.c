// SPDX-License-Identifier: MIT
// See platform/process_words.h for the contract.

#include "platform/process_words.h"

#include <errno.h>
#include <string.h>
#include <sys/uio.h>

#define BATCH 256u
#define PAGE UINT64_C(4096)
#define WORD sizeof(uint64_t)

// An address of another process; it is never followed here.
static void *remote(uint64_t address)
{
    void *p;

    memcpy(&p, &address, sizeof p);
    return p;
}

// Reads one batch; false when nobody may.
static bool read_batch(pid_t pid, const uint64_t *addresses, size_t count,
                       uint64_t *words)
{
    struct iovec there[BATCH];

    for (size_t i = 0; i < count; i++)
        there[i] =
            (struct iovec){.iov_base = remote(addresses[i]), .iov_len = WORD};
    for (size_t done = 0; done < count;) {
        struct iovec here = {words + done, (count - done) * WORD};
        ssize_t n =
            process_vm_readv(pid, &here, 1, there + done, count - done, 0);
        if (n < 0 && errno != EFAULT)
            return false;
        done += n > 0 ? (size_t)n / WORD : 0;
        if (done < count) // it stopped at one that cannot be read
            words[done++] = 0;
    }
    return true;
}

bool ms_process_words(pid_t pid, const uint64_t *addresses, size_t count,
                      uint64_t *words)
{
    for (size_t i = 0; i < count; i += BATCH)
        if (!read_batch(pid, addresses + i,
                        count - i < BATCH ? count - i : BATCH, words + i))
            return false;
    return true;
}

bool ms_process_text(pid_t pid, uint64_t address, char *text, size_t room)
{
    for (size_t got = 0; got < room;) {
        // Page by page: the next one may not be there.
        size_t most = (size_t)(PAGE - (address + got) % PAGE);
        most = most < room - got ? most : room - got;
        struct iovec here = {text + got, most};
        struct iovec there = {remote(address + got), most};
        ssize_t n = process_vm_readv(pid, &here, 1, &there, 1, 0);
        if (n <= 0)
            return false;
        if (memchr(text + got, '\0', (size_t)n) != NULL)
            return true;
        got += (size_t)n;
    }
    return false;
}

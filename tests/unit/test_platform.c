// SPDX-License-Identifier: MIT
//
// Memory of our own, the numbers of this very process, the first blocks.

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "platform/memory.h"
#include "platform/process_stats.h"
#include "platform/real_alloc.h"
#include "platform/thread.h"

static void wiped_memory_is_zero_in_a_child(void **state)
{
    (void)state;
    int status;
    char *wiped = ms_memory_map_wiped(7777), *kept = ms_memory_map(7777);

    assert_true(wiped[7776] == 0 && kept[0] == 0);
    wiped[77] = kept[77] = 'x';
    pid_t child = fork();
    if (child == 0)
        _exit(wiped[77] == 0 && kept[77] == 'x' ? 0 : 1);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    ms_memory_unmap(wiped, 7777);
    ms_memory_unmap(kept, 7777);
}

static void shared_file_is_sealed_and_sparse(void **state)
{
    (void)state;
    uint64_t bytes, used, begin, end;
    void *part;
    int fd;

    assert_int_equal(ms_shared_create("memscope", UINT64_C(1) << 40, &fd), 0);
    assert_int_equal(ms_shared_check(fd, &bytes, &used), 0);
    assert_int_equal(bytes, UINT64_C(1) << 40);
    assert_int_equal(used, 0);
    assert_int_not_equal(ftruncate(fd, 4096), 0);
    assert_false(ms_shared_next_data(fd, 0, &begin, &end));
    assert_int_equal(ms_shared_map(fd, UINT64_C(1) << 39, 8192, false, &part),
                     0);
    ((char *)part)[5000] = 1;
    assert_true(ms_shared_next_data(fd, 77, &begin, &end));
    assert_int_equal(begin, (UINT64_C(1) << 39) + 4096);
    assert_true(end > begin);
    assert_int_equal(ms_shared_check(fd, &bytes, &used), 0);
    assert_in_range(used, 4096, 1 << 22);
    ms_memory_unmap(part, 8192);
    close(fd);
    assert_int_equal(ms_shared_check(fd, &bytes, &used), EINVAL);
}

static void mapping_can_be_kept_from_a_child(void **state)
{
    (void)state;
    int fd, status;
    void *part;

    assert_int_equal(ms_shared_create("memscope", 8192, &fd), 0);
    assert_int_equal(ms_shared_map(fd, 0, 8192, true, &part), 0);
    pid_t child = fork();
    if (child == 0)
        _exit(msync(part, 4096, MS_ASYNC) != 0 && errno == ENOMEM ? 0 : 1);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    ms_memory_unmap(part, 8192);
    close(fd);
}

static void own_process_makes_sense(void **state)
{
    (void)state;
    struct ms_process_stats *s;
    struct ms_process_sample a, b;
    struct ms_thread_sample threads[4];

    assert_int_equal(ms_process_stats_create(getpid(), &s), 0);
    ms_process_stats_sample(s, &a);
    assert_true(a.alive);
    assert_true(isnan(a.process_cpu)); // nothing to compare with yet
    for (volatile unsigned i = 0; i < 40000000; i++)
        ;
    ms_process_stats_sample(s, &b);
    assert_true(b.process_cpu > 0);
    assert_true(b.cores >= 1 && b.process_cpu <= 101.0 * (double)b.cores);
    assert_true(b.rss_bytes >= 4096 && b.rss_bytes <= b.virtual_bytes);
    assert_true(b.peak_rss_bytes + (1 << 20) >= b.rss_bytes);
    assert_true(b.machine_available_bytes <= b.machine_memory_bytes);
    assert_true(b.memory_usage >= 0 && b.memory_usage <= 100);
    assert_int_equal(ms_process_stats_threads(s, threads, 4), b.thread_count);
    assert_int_equal(threads[0].tid, getpid());
    assert_int_equal(threads[0].state, 'R');
    assert_true(ms_process_stats_has_thread(s, ms_thread_id()));
    assert_false(ms_process_stats_has_thread(s, 1));
    assert_int_equal(ms_process_stats_threads(s, threads, 0), b.thread_count);
    ms_process_stats_destroy(s);
}

static void process_that_has_gone_is_not_alive(void **state)
{
    (void)state;
    struct ms_process_stats *s;
    struct ms_process_sample sample;
    int gate[2];
    char c;

    assert_int_equal(pipe(gate), 0);
    pid_t child = fork();
    if (child == 0) {
        close(gate[1]);
        _exit(read(gate[0], &c, 1) == 0 ? 0 : 1);
    }
    close(gate[0]);
    assert_int_equal(ms_process_stats_create(child, &s), 0);
    ms_process_stats_sample(s, &sample);
    assert_true(sample.alive);
    close(gate[1]);
    siginfo_t info;
    assert_int_equal(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT), 0);
    ms_process_stats_sample(s, &sample); // a zombie
    assert_false(sample.alive);
    assert_int_equal(waitpid(child, NULL, 0), child);
    ms_process_stats_sample(s, &sample);
    assert_false(sample.alive);
    assert_true(sample.rss_bytes == UINT64_MAX);
    ms_process_stats_destroy(s);
    assert_int_equal(ms_process_stats_create(child, &s), ESRCH);
    assert_null(s);
}

static void first_blocks_do_not_overlap(void **state)
{
    (void)state;
    char *last = NULL;
    size_t count = 0;

    assert_null(ms_boot_alloc(7, 8192));
    assert_null(ms_boot_alloc(1 << 20, 16));
    for (size_t size = 0;; size = (size + 77) % 900) {
        size_t alignment = (size_t)16 << count % 5;
        char *p = ms_boot_alloc(size, alignment);
        if (p == NULL)
            break;
        assert_int_equal((uintptr_t)p % alignment, 0);
        assert_int_equal((uintptr_t)p % 32, 0);
        assert_int_equal(ms_boot_size(p), size);
        assert_true(ms_boot_owns(p));
        for (size_t i = 0; i < size; i++)
            assert_int_equal(p[i], 0);
        memset(p, 0x5a, size);
        assert_true(last == NULL || p >= last + sizeof(size_t));
        last = p + size;
        count++;
    }
    assert_true(count > 50);
    assert_false(ms_boot_owns(&count));
}

static void real_allocator_is_found(void **state)
{
    (void)state;
    assert_true(ms_real_alloc_resolve());
    void *p = ms_real_alloc.malloc(77);
    assert_true(ms_real_alloc.malloc_usable_size(p) >= 77);
    assert_false(ms_boot_owns(p));
    ms_real_alloc.free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wiped_memory_is_zero_in_a_child),
        cmocka_unit_test(shared_file_is_sealed_and_sparse),
        cmocka_unit_test(mapping_can_be_kept_from_a_child),
        cmocka_unit_test(own_process_makes_sense),
        cmocka_unit_test(process_that_has_gone_is_not_alive),
        cmocka_unit_test(first_blocks_do_not_overlap),
        cmocka_unit_test(real_allocator_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

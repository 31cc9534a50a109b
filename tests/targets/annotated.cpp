// SPDX-License-Identifier: MIT
//
// annotated: says all that memscope.h lets a program say. Prints one line of
// JSON when it is done, and waits for its input to end. With MEMSCOPE_DISABLE
// it is the same program without memscope; with OWN_PAGE it opens a page, first
// of all or, `late`, last, and says where, in a line of its own.

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>

#include <memscope.hpp>

static memscope_task inner_task;

// In another thread than the one that created and first entered the task.
static void work_on(memscope_task task, void **kept)
{
    memscope::in_task here(task);

    *kept = std::malloc(2000);
}

static void tasks(void **kept)
{
    memscope_task task = memscope_task_create("request");

    memscope_task_enter(task);
    kept[0] = std::malloc(1000);
    inner_task = memscope_task_create("query");
    {
        memscope::in_task inner(inner_task);
        kept[1] = std::malloc(500);
    }
    memscope_task_leave(task);
    std::thread other(work_on, task, &kept[2]);
    other.join();
    memscope_task_end(task);
}

static void scopes(void **kept)
{
    memscope::scope outer("load");
    kept[3] = std::malloc(300);
    memscope::scope inner("parse");
    kept[4] = std::malloc(70);
    memscope::scope again("load");
    kept[5] = std::malloc(7);
}

static void blocks(void **kept)
{
    kept[6] = std::malloc(4000);
    memscope_tag(kept[6], "table", "struct row");
    kept[6] = std::realloc(kept[6], 900000); // the tag goes along
    kept[7] = std::malloc(48);
    memscope_tag(kept[7], "row", "struct row");
    {
        memscope::loan shared(kept[7], false);
        memscope::loan conflict(kept[7], true);
    }
    memscope_loan once = memscope_borrow(kept[7], true);
    memscope_return(once);
    memscope_return(once); // once too often
    memscope_retain(kept[7]);
    memscope_release(kept[7]);
    memscope_release(kept[7]); // likewise
    memscope_move(kept[7]);
    void *freed = std::malloc(48);
    (void)memscope_borrow(freed, false);
    std::free(freed); // while it is borrowed
    memscope_scope_end("never begun");
}

static void pool(void **kept)
{
    char *slab = static_cast<char *>(std::malloc(65536));
    memscope_pool p = memscope_pool_create("arena", slab, 65536);

    for (size_t i = 0; i < 10; i++)
        memscope_pool_alloc(p, slab + 64 * i, 64);
    memscope_pool_dealloc(p, slab);
    memscope_pool_alloc(p, slab + 65500, 64); // reaches out of it
    size_t discarded = memscope_pool_discard(p);
    memscope_pool_alloc(p, slab + 1024, 100);
    kept[8] = slab;
    std::printf("{\"discarded\": %zu, ", discarded);
}

static void own_allocator()
{
    static char arena[8192];
    char *base = arena + 4096 - (reinterpret_cast<uintptr_t>(arena) & 31);

    memscope_capture_alloc(base, 111);
    memscope_capture_alloc(base + 32, 10); // inside it: refused
    memscope_capture_realloc(base, base + 512, 222);
    memscope_capture_move(base + 512, base + 1024);
    memscope_capture_alloc(base + 2048, 40);
    memscope_capture_dealloc(base + 2048);
}

static void paused(void **kept)
{
    memscope::paused quiet;

    kept[9] = std::malloc(12345);
}

#ifdef OWN_PAGE
static void open_page()
{
    struct memscope_options options = {};

    options.size = sizeof options;
    if (memscope_start(&options) != MEMSCOPE_OK)
        std::exit(1);
    std::fprintf(stderr, "at %s\n", memscope_url());
}
#else
static void open_page()
{
}
#endif

int main(int argc, char **argv)
{
    static void *kept[10];
    bool late = argc > 1 && std::strcmp(argv[1], "late") == 0;

    if (!late)
        open_page();
    tasks(kept);
    scopes(kept);
    blocks(kept);
    pool(kept);
    own_allocator();
    paused(kept);
    memscope_mark("half way");
    memscope_snapshot("asked for");
    if (late)
        open_page();
    std::printf("\"done\": true}\n");
    std::fflush(stdout);
    while (std::getchar() != EOF)
        continue;
    return 0;
}

// SPDX-License-Identifier: MIT
//
// stacks: allocations from stacks that are hard to follow: recursion, thrown
// exceptions, longjmp, callbacks, signal handlers on the thread's stack and on
// their own, coroutines, threads. Built without frame pointers. Every part
// does a fixed amount of work; the sum that is printed says so.

#include <csetjmp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <pthread.h>
#include <stdexcept>
#include <string>
#include <ucontext.h>

static void *volatile sink;

static void touch(std::size_t bytes)
{
    void *block = std::malloc(bytes);

    sink = block; // several threads are here
    std::free(block);
}

static int recurse(int depth)
{
    char room[64];

    std::memset(room, depth, sizeof room);
    touch(static_cast<std::size_t>(10 + depth % 40));
    return depth == 0 ? room[3] : recurse(depth - 1) + room[5] % 2;
}

static int throw_from(int depth, std::map<int, std::string> &names)
{
    std::string name(static_cast<std::size_t>(40 + depth % 50), 'x');

    names[depth] = name;
    if (depth % 97 == 0)
        throw std::runtime_error("from the depth " + name);
    return throw_from(depth - 1, names) + 1;
}

static int catch_all()
{
    int caught = 0;

    for (int i = 1; i < 200; i++) {
        std::map<int, std::string> names;
        try {
            throw_from(i, names);
        } catch (const std::exception &e) {
            caught += e.what()[0] == 'f';
        }
    }
    return caught;
}

static std::jmp_buf way_back;

static void jump(int depth)
{
    touch(30);
    if (depth == 0)
        std::longjmp(way_back, 1);
    jump(depth - 1);
}

static int jump_back()
{
    volatile int jumps = 0;

    for (volatile int i = 0; i < 100; i = i + 1)
        if (setjmp(way_back) == 0)
            jump(i % 30);
        else
            jumps = jumps + 1;
    return jumps;
}

static volatile int handled;

static void handle(int)
{
    recurse(5);
    handled = handled + 1;
}

static int by_signal(int flags)
{
    struct sigaction action = {};

    action.sa_handler = handle;
    action.sa_flags = flags;
    sigaction(SIGUSR1, &action, nullptr);
    for (int i = 0; i < 50; i++) {
        recurse(i % 10);
        raise(SIGUSR1);
    }
    return handled;
}

static int compare(const void *a, const void *b)
{
    touch(20);
    return *static_cast<const int *>(a) - *static_cast<const int *>(b);
}

static int by_callback()
{
    int numbers[64];

    for (int i = 0; i < 64; i++)
        numbers[i] = i * 37 % 64;
    std::qsort(numbers, 64, sizeof numbers[0], compare);
    return numbers[63];
}

static ucontext_t main_context, other_context;
static volatile int switches;

static void coroutine()
{
    for (;;) {
        recurse(100);
        switches = switches + 1;
        swapcontext(&other_context, &main_context);
    }
}

static int by_coroutine()
{
    void *stack = std::malloc(65536);

    getcontext(&other_context);
    other_context.uc_stack.ss_sp = stack;
    other_context.uc_stack.ss_size = 65536;
    makecontext(&other_context, coroutine, 0);
    for (int i = 0; i < 50; i++) {
        recurse(i % 7);
        swapcontext(&main_context, &other_context);
    }
    std::free(stack);
    return switches;
}

static void *thread_main(void *)
{
    for (int i = 0; i < 100; i++)
        recurse(i);
    return nullptr;
}

int main()
{
    static char alternate[65536];
    stack_t stack = {};
    pthread_t threads[4];
    int sum = 0;

    stack.ss_sp = alternate;
    stack.ss_size = sizeof alternate;
    sigaltstack(&stack, nullptr);
    for (int i = 0; i < 1000; i += 25)
        recurse(i);
    sum += catch_all();
    sum += jump_back();
    sum += by_signal(0);
    sum += by_signal(SA_ONSTACK);
    sum += by_callback();
    sum += by_coroutine();
    for (pthread_t &thread : threads)
        if (pthread_create(&thread, nullptr, thread_main, nullptr) != 0)
            return 1;
    for (pthread_t &thread : threads)
        pthread_join(thread, nullptr);
    std::printf("%d\n", sum);
    return 0;
}

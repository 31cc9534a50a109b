// SPDX-License-Identifier: MIT
//
// thread_local: C++ objects of a thread that allocate when they are made, and
// again when the thread ends. Exceptions cross threads' frames meanwhile.

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

static constexpr unsigned threads = 40;

static void *object_allocate()
{
    return std::malloc(6007);
}

struct Holder {
    void *held = object_allocate();
    ~Holder()
    {
        std::free(held);
        std::free(object_allocate());
    }
};

static thread_local Holder first;
static thread_local std::vector<std::unique_ptr<Holder>> more;

static void work(unsigned n)
{
    for (unsigned i = 0; i < n % 4; i++)
        more.push_back(std::make_unique<Holder>());
    try {
        if (first.held != nullptr)
            throw std::runtime_error(std::string(1000, 'x'));
    } catch (const std::runtime_error &) {
        std::free(first.held);
        first.held = object_allocate();
    }
}

int main()
{
    unsigned objects = 0;

    for (unsigned i = 0; i < threads; i++) {
        std::thread(work, i).join();
        objects += 1 + i % 4;
    }
    unsigned blocks = 2 * objects + threads;
    std::printf("{\"functions\":[\"object_allocate\"]"
                ",\"live_blocks\":0,\"live_bytes\":0,"
                "\"alloc_count\":%u,\"alloc_bytes\":%u,"
                "\"free_count\":%u,\"free_bytes\":%u,\"realloc_count\":0}\n",
                blocks, blocks * 6007, blocks, blocks * 6007);
    return 0;
}

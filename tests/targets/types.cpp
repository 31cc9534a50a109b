// SPDX-License-Identifier: MIT
//
// types PLUGIN: objects of many kinds of classes, and blocks that only look
// like objects. Prints how many blocks and bytes there are of each class, and
// waits for a line.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <memory>
#include <new>
#include <string>

namespace shapes
{
struct Shape {
    virtual ~Shape() = default;
    virtual int corners() const = 0;
};
struct Circle final : Shape {
    int corners() const override
    {
        return 0;
    }
    double radius = 1;
};
struct Square : Shape {
    int corners() const override
    {
        return 4;
    }
    double side = 2;
    char name[100] = "";
};
} // namespace shapes

struct Left {
    virtual ~Left() = default;
    long left = 1;
};
struct Right {
    virtual ~Right() = default;
    long right = 2;
};
struct Both : Left, Right {
    long own = 3;
};
struct Upper : virtual Left {
    long upper = 4;
};
struct Lower : virtual Left {
    long lower = 5;
};
struct Diamond : Upper, Lower {
    long diamond = 6;
};
template <typename T> struct Box {
    virtual ~Box() = default;
    T value{};
};
namespace
{
struct Hidden {
    virtual ~Hidden() = default;
    char bytes[40] = "";
};
} // namespace
struct Ghost {
    virtual ~Ghost() = default;
    char bytes[3000] = "";
};
struct Plain {
    void *pointer = nullptr;
    long number = 7;
};

static void *volatile keep[4096];
static size_t kept;

template <typename T> static T *made(int count)
{
    T *last = nullptr;

    for (int i = 0; i < count; i++)
        keep[kept++] = last = new T;
    return last;
}

template <typename T> static void print(const char *name, int count)
{
    std::printf("\"%s\": {\"live_blocks\": %d, \"live_bytes\": %zu}, ", name,
                count, count * sizeof(T));
}

// What is left of objects in memory that somebody else has now.
static void leave_ghosts()
{
    Ghost *ghosts[20];

    for (Ghost *&g : ghosts)
        g = new Ghost;
    for (Ghost *g : ghosts)
        delete g;
    for (int i = 0; i < 20; i++)
        keep[kept++] = std::malloc(sizeof(Ghost));
}

// Words near a table of virtual functions, but not where an object's would be.
static void look_alike(const void *object)
{
    std::uintptr_t table;

    std::memcpy(&table, object, sizeof table);
    for (std::uintptr_t word : {table + 8, table - 8, table + 4,
                                reinterpret_cast<std::uintptr_t>(&keep)}) {
        void *block = std::malloc(64);
        std::memcpy(block, &word, sizeof word);
        keep[kept++] = block;
    }
}

// A block that begins with a second base: part of an object, as it looks.
static void begin_with_second_base()
{
    Both both;
    void *block = std::malloc(sizeof(Right));
    const Right *right = &both;

    std::memcpy(block, static_cast<const void *>(right), sizeof(Right));
    keep[kept++] = block;
}

int main(int argc, char **argv)
{
    void *plugin = argc > 1 ? dlopen(argv[1], RTLD_NOW) : nullptr;
    void *stays = argc > 2 ? dlopen(argv[2], RTLD_NOW) : nullptr;

    if (plugin == nullptr || stays == nullptr)
        return 2;
    made<shapes::Circle>(30);
    const shapes::Square *square = made<shapes::Square>(20);
    made<Both>(7);
    made<Diamond>(6);
    made<Box<int>>(5);
    made<Box<std::string>>(4);
    made<Hidden>(3);
    made<Plain>(50);
    // The second base is not where the block begins; the block is a Both.
    keep[kept++] = static_cast<Right *>(new Both);
    keep[kept++] = new Left[4];
    look_alike(square);
    leave_ghosts();
    begin_with_second_base();
    for (void *library : {plugin, stays}) {
        void *make = dlsym(library, "make_object");
        void *(*call)();
        std::memcpy(&call, &make, sizeof call);
        for (int i = 0; i < 9; i++)
            keep[kept++] = call();
    }
    dlclose(plugin); // its objects stay; what they are is gone with it

    std::printf("{");
    print<shapes::Circle>("shapes::Circle", 30);
    print<shapes::Square>("shapes::Square", 20);
    print<Both>("Both", 8);
    print<Diamond>("Diamond", 6);
    print<Box<int>>("Box<int>", 5);
    print<Box<std::string>>(
        "Box<std::__cxx11::basic_string<char, std::char_traits<char>, "
        "std::allocator<char> > >",
        4);
    print<Hidden>("(anonymous namespace)::Hidden", 3);
    std::printf("\"Plugged\": {\"live_blocks\": 9, \"live_bytes\": %d}}\n",
                9 * 24);
    std::fflush(stdout);
    (void)std::getchar();
    return 0;
}

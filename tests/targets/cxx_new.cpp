// SPDX-License-Identifier: MIT
//
// cxx_new: every form of new and delete in C++17; some blocks stay.

#include "victim.h"

#include <new>
#include <vector>

namespace
{

struct alignas(128) Wide {
    char bytes[384];
};

struct Odd {
    char bytes[517];
};

struct Counted {
    char bytes[11];
    ~Counted()
    {
    }
};

victim_counts counts;
void *volatile seen; // an allocation that nobody sees may be left out

template <typename T> T *see(T *block)
{
    seen = block;
    return block;
}

void took(size_t size)
{
    counts.alloc_count++;
    counts.alloc_bytes += size;
}

void gave(size_t size)
{
    counts.free_count++;
    counts.free_bytes += size;
}

} // namespace

int main()
{
    Odd *odd = see(new Odd);
    took(517);
    char *array = see(new char[719]);
    took(719);
    Wide *wide = see(new Wide);
    took(384);
    victim_check(reinterpret_cast<uintptr_t>(wide) % 128 == 0, "alignment");
    Odd *quiet = see(new (std::nothrow) Odd[2]);
    took(1034);
    // An array of what has a destructor carries its length in front.
    Counted *counted = see(new Counted[100]);
    took(1100 + sizeof(size_t));
    std::vector<int> numbers;
    numbers.reserve(333);
    took(333 * sizeof(int));

    Odd *gone = see(new Odd);
    took(517);
    gave(517);
    delete gone;
    char *gone_array = see(new char[723]);
    took(723);
    gave(723);
    delete[] gone_array;
    Wide *gone_wide = see(new Wide);
    took(384);
    gave(384);
    delete gone_wide;

    victim_say("{\"sizes\":[517,719,384,1034,%zu,%zu],", 1100 + sizeof(size_t),
               333 * sizeof(int));
    victim_say_counts(&counts);
    victim_say("}\n");
    victim_hold();
    delete odd;
    delete[] array;
    delete wide;
    delete[] quiet;
    delete[] counted;
    return 0;
}

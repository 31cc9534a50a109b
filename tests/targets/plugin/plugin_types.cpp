// SPDX-License-Identifier: MIT
//
// plugin_types: makes objects of a class that only it knows.

struct Plugged {
    virtual ~Plugged() = default;
    long numbers[2] = {1, 2};
};
static_assert(sizeof(Plugged) == 24, "as types.cpp says");

extern "C" void *make_object();
extern "C" void *make_object()
{
    return new Plugged;
}

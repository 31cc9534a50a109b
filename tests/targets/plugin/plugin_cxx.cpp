// SPDX-License-Identifier: MIT
//
// plugin_cxx: a C++ object that a C program loads for itself alone: nobody
// else sees its C++ runtime.

#include <new>

extern "C" char plugin_caught;
char plugin_caught; // its address is the answer to an exception

extern "C" void *plugin_allocate(std::size_t size);
extern "C" void plugin_release(void *block);

extern "C" void *plugin_allocate(std::size_t size)
{
    try {
        return new char[size];
    } catch (const std::bad_alloc &) {
        return &plugin_caught;
    }
}

extern "C" void plugin_release(void *block)
{
    delete[] static_cast<char *>(block);
}

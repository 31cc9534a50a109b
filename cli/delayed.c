// SPDX-License-Identifier: MIT
// See delayed.h for the contract.

#include "delayed.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#define LIBRARIES 8

// Texts, one after the other, and an empty one.
extern const char ms_delayed_libraries[];
extern const char ms_delayed_names[];
extern void *ms_delayed_slots[]; // a function each, in the order of the names

static bool say(char *why, size_t room)
{
    const char *error = dlerror();

    snprintf(why, room, "%s", error != NULL ? error : "no such function");
    return false;
}

bool ms_delayed_load(char *why, size_t room)
{
    void *libraries[LIBRARIES];
    size_t count = 0, slot = 0;

    for (const char *name = ms_delayed_libraries;
         *name != '\0' && count < LIBRARIES; name += strlen(name) + 1) {
        libraries[count] = dlopen(name, RTLD_NOW | RTLD_LOCAL);
        if (libraries[count++] == NULL)
            return say(why, room);
    }
    for (const char *name = ms_delayed_names; *name != '\0';
         name += strlen(name) + 1) {
        void *found = NULL;
        for (size_t i = 0; i < count && found == NULL; i++)
            found = dlsym(libraries[i], name);
        if (found == NULL)
            return say(why, room);
        ms_delayed_slots[slot++] = found;
    }
    return true;
}

// SPDX-License-Identifier: MIT
//
// loading dlopen|dlmopen|cxx PLUGIN | dlsym: loads and unloads an object
// that allocates, in this namespace or another; or looks functions up where
// dlsym itself must allocate.

#include "victim.h"

#include <dlfcn.h>

#define ROUNDS 200u

typedef void *allocate_function(size_t);

// dlsym gives an object pointer; C has no cast from that to a function.
static allocate_function *find(void *object)
{
    void *found = dlsym(object, "plugin_allocate");
    allocate_function *f;

    victim_check(found != NULL, "the plugin has its function");
    memcpy(&f, &found, sizeof f);
    return f;
}

static void open_and_close(const char *plugin)
{
    struct victim_counts c = {0};

    for (unsigned i = 0; i < ROUNDS; i++) {
        void *object = dlopen(plugin, RTLD_NOW | RTLD_LOCAL);
        victim_check(object != NULL, "dlopen");
        c.alloc_count += 2;
        c.alloc_bytes += 4099 + 4111;
        void *block = find(object)(4111);
        victim_check(block != NULL, "the plugin allocates");
        victim_check(dlclose(object) == 0, "dlclose");
        c.free_count++;
        c.free_bytes += 4099;
        if (i % 2 == 0)
            continue; // outlives the code that made it
        free(block);
        c.free_count++;
        c.free_bytes += 4111;
    }
    victim_say("{\"functions\":[\"plugin_allocate\"],");
    victim_say_counts(&c);
    victim_say("}\n");
}

// Another namespace has a libc, and so a heap, of its own.
static void open_elsewhere(const char *plugin)
{
    for (unsigned i = 0; i < 5; i++) {
        void *object = dlmopen(LM_ID_NEWLM, plugin, RTLD_NOW);
        victim_check(object != NULL, "dlmopen");
        char *block = find(object)(4111);
        victim_check(block != NULL, "the plugin allocates");
        block[4110] = 1;
        victim_check(dlclose(object) == 0, "dlclose");
    }
    victim_say("{\"loaded\":5}\n");
}

// Its operators new and delete are found in no other way than by itself.
static void use_cxx(const char *plugin)
{
    struct victim_counts c = {0};
    void *object = dlopen(plugin, RTLD_NOW | RTLD_LOCAL);
    void (*release)(void *);

    victim_check(object != NULL, "dlopen");
    allocate_function *allocate = find(object);
    void *found = dlsym(object, "plugin_release");
    memcpy(&release, &found, sizeof release);
    for (unsigned i = 0; i < ROUNDS; i++) {
        void *block = allocate(4127);
        victim_check(block != NULL, "new gives memory");
        c.alloc_count++;
        c.alloc_bytes += 4127;
        if (i % 3 == 0)
            continue;
        release(block);
        c.free_count++;
        c.free_bytes += 4127;
    }
    // More than there is: an exception, which the plugin catches.
    int caught = allocate((size_t)1 << 60) == dlsym(object, "plugin_caught");
    victim_say("{\"functions\":[\"plugin_allocate\"],\"caught\":%d,", caught);
    victim_say_counts(&c);
    victim_say("}\n");
}

static void look_up(void)
{
    char name[2000];
    unsigned errors = 0;

    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    for (unsigned i = 0; i < ROUNDS; i++) {
        // The message, with the name in it, is allocated, by this thread.
        errors += dlsym(RTLD_DEFAULT, name) == NULL;
        errors += dlsym(RTLD_NEXT, name) == NULL;
        errors += dlopen(name, RTLD_NOW) == NULL;
        errors += dlerror() != NULL;
    }
    victim_say("{\"errors\":%u}\n", errors);
}

int main(int argc, char **argv)
{
    const char *how = argc > 1 ? argv[1] : "";

    if (strcmp(how, "dlopen") == 0 && argc > 2)
        open_and_close(argv[2]);
    else if (strcmp(how, "dlmopen") == 0 && argc > 2)
        open_elsewhere(argv[2]);
    else if (strcmp(how, "cxx") == 0 && argc > 2)
        use_cxx(argv[2]);
    else if (strcmp(how, "dlsym") == 0)
        look_up();
    else
        return 2;
    return 0;
}

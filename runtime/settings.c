// SPDX-License-Identifier: MIT
// See settings.h for the contract.

#include "settings.h"

#include <stddef.h>
#include <string.h>

#include "capture/wrong_free.h"
#include "platform/environment.h"
#include "platform/memory.h"
#include "runtime/announce.h"
#include "runtime/control.h"
#include "store/sampled.h"

// The same backend, with the stacks of frees.
static const struct ms_backend *with_free_stacks(const struct ms_backend *plain)
{
    static struct ms_backend more;
    const char *asked = ms_environment(MS_ENV_FREE_STACKS);

    if (asked == NULL || asked[0] != '1' || plain->capture_dealloc != NULL)
        return plain;
    more = *plain;
    more.capture_dealloc = ms_free_stack;
    return &more;
}

const struct ms_backend *ms_settings_backend(const struct ms_backend *otherwise)
{
    static const struct ms_backend *const all[] = {
        &ms_backend_core, &ms_backend_lockfree, &ms_backend_async,
        &ms_backend_unified};
    const char *name = ms_environment(MS_ENV_BACKEND);

    for (size_t i = 0; name != NULL && i < sizeof all / sizeof *all; i++)
        if (strcmp(all[i]->name, name) == 0)
            return with_free_stacks(all[i]);
    return with_free_stacks(otherwise);
}

static void choose_mode(struct ms_store *s)
{
    const char *text = ms_environment(MS_ENV_MODE);
    enum ms_mode mode = MS_MODE_EXACT;
    uint64_t interval = 0;

    if (text == NULL || !ms_control_parse(text, &mode, &interval))
        mode = MS_MODE_EXACT;
    ms_control_set(s->header, mode, interval);
    // What is never exact has blocks of the sample only, and may filter them.
    if (mode != MS_MODE_EXACT)
        s->filter = ms_memory_map_wiped(MS_FILTER_BYTES);
}

// 0: none, or no number.
static uint64_t number(const char *text)
{
    uint64_t n = 0;

    for (; text != NULL && *text != '\0'; text++) {
        if (*text < '0' || *text > '9' || n > UINT64_MAX / 10 - 10)
            return 0;
        n = n * 10 + (uint64_t)(*text - '0');
    }
    return n;
}

uint64_t ms_settings_store_limit(void)
{
    return number(ms_environment(MS_ENV_STORE_LIMIT));
}

void ms_settings_apply(struct ms_store *s)
{
    const char *mmap = ms_environment(MS_ENV_MMAP);

    choose_mode(s);
    if (mmap != NULL && mmap[0] == '1')
        s->header->options |= MS_OPTION_MAPPED_IN_TOTALS;
}

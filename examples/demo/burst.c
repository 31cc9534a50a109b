// SPDX-License-Identifier: MIT
//
// burst: every three seconds it takes a lot at once, holds it for half a
// second and gives it back: the peak is not what one sees on average.

#include "demo.h"

#include <stdlib.h>
#include <string.h>

#define BLOCKS 2000u
#define BLOCK_BYTES 1111u
#define HOLD_MS 500u
#define PAUSE_MS 2500u
#define STEPS 3u

static struct demo_counts counts;
const struct demo_purpose demo_burst = {"burst", "burst_allocate", &counts};

static void *blocks[BLOCKS];

static void burst_allocate(void)
{
    for (unsigned i = 0; i < BLOCKS; i++) {
        blocks[i] = malloc(BLOCK_BYTES);
        demo_allocated(&counts, blocks[i], BLOCK_BYTES);
        memset(blocks[i], 'b', BLOCK_BYTES);
    }
}

static void burst_free(void)
{
    for (unsigned i = 0; i < BLOCKS && blocks[i] != NULL; i++) {
        free(demo_freed(&counts, blocks[i], BLOCK_BYTES));
        blocks[i] = NULL;
    }
}

void *burst_main(void *unused)
{
    for (unsigned step = 0; demo_step(step, STEPS, PAUSE_MS); step++) {
        burst_free();
        burst_allocate();
        // In steps mode the last burst is held until the program stops.
        if (!demo_stepped() && demo_step(0, 0, HOLD_MS))
            burst_free();
    }
    demo_finish();
    burst_free();
    return unused;
}

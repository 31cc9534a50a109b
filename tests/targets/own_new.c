// SPDX-License-Identifier: MIT
//
// own_new: a storm of operators new and delete, of an allocator that sends them
// by way of its malloc and free. `own_new COUNT` says what it did.

#include "victim.h"

#define BYTES 100
#define KEPT 4096

extern void *_Znwm(size_t size);
extern void _ZdlPv(void *block);

int main(int argc, char **argv)
{
    static void *blocks[KEPT];
    long count = argc > 1 ? strtol(argv[1], NULL, 10) : 10;
    struct victim_counts c = {0};

    for (long i = 0; i < count; i++) {
        void **place = &blocks[i % KEPT];
        if (*place != NULL) {
            _ZdlPv(*place);
            c.free_count++;
            c.free_bytes += BYTES;
        }
        *place = _Znwm(BYTES);
        c.alloc_count++;
        c.alloc_bytes += BYTES;
    }
    victim_say("{");
    victim_say_counts(&c);
    victim_say("}\n");
    victim_hold();
    return 0;
}

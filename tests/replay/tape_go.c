// SPDX-License-Identifier: MIT
//
// tape_go: preloaded before libmemscope.so; see tape.c.

extern void tape_go(void);

__attribute__((constructor)) static void go(void)
{
    tape_go();
}

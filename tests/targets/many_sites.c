// SPDX-License-Identifier: MIT
//
// many_sites: 100,000 functions, place_0 to place_99999, each of which calls
// malloc once, for 16 to 4,111 bytes; what they get is kept. Made by the
// assembler: no compiler is asked to read so many, and they run into one
// another.

#include "victim.h"

#define SITES 100000

#if !defined __x86_64__
#error "the places are written for x86-64 only"
#endif

// The size is in r14.
#define BEGIN                                                                  \
    "    pushq %r14\n    .cfi_def_cfa_offset 16\n    .cfi_offset 14, -16\n"    \
    "    movl $16, %r14d\n"
#define END "    popq %r14\n    .cfi_def_cfa_offset 8\n    ret\n"

#define TEXT(x) #x
#define NUMBER(x) TEXT(x)

__asm__("    .text\n"
        "    .altmacro\n"
        "    .macro place n\n"
        "    .type place_\\n, @function\n"
        "place_\\n:\n"
        "    movl %r14d, %edi\n"
        "    call malloc@PLT\n"
        "    incl %r14d\n"
        "    andl $4095, %r14d\n"
        "    orl $16, %r14d\n"
        "    .size place_\\n, . - place_\\n\n"
        "    .endm\n"
        "    .globl many_sites\n"
        "    .type many_sites, @function\n"
        "many_sites:\n"
        "    .cfi_startproc\n" BEGIN "    .set at, 0\n"
        "    .rept " NUMBER(SITES) "\n"
                                   "    place %at\n"
                                   "    .set at, at + 1\n"
                                   "    .endr\n"
                                   "place_end:\n" END "    .cfi_endproc\n"
                                   "    .size many_sites, . - many_sites\n"
                                   "    .noaltmacro\n");

void many_sites(void);

int main(void)
{
    many_sites();
    victim_say("{\"sites\":%d}\n", SITES);
    victim_hold();
    return 0;
}

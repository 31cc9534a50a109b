// SPDX-License-Identifier: MIT
//
// many_sites: 100,000 places that call malloc, each once, for 16 to 4,111
// bytes; what they get is kept. Made by the assembler: no compiler is asked to
// read so many functions.

#include "victim.h"

#define SITES 100000

#if defined __x86_64__
#define CALL "    movl %r14d, %edi\n    call malloc@PLT\n    incl %r14d\n"
#define BEGIN                                                                  \
    "    pushq %r14\n    .cfi_def_cfa_offset 16\n    .cfi_offset 14, -16\n"    \
    "    movl $16, %r14d\n"
#define END "    popq %r14\n    .cfi_def_cfa_offset 8\n    ret\n"
#else
#error "the places are written for x86-64 only"
#endif

#define TEXT(x) #x
#define NUMBER(x) TEXT(x)

// Blocks of 4096 places, so that sizes begin anew.
__asm__("    .text\n"
        "    .globl many_sites\n"
        "    .type many_sites, @function\n"
        "many_sites:\n"
        "    .cfi_startproc\n" BEGIN "    .set left, " NUMBER(
            SITES) "\n"
                   "    .rept " NUMBER(
                       SITES) "\n" CALL "    andl $4095, %r14d\n"
                              "    orl $16, %r14d\n"
                              "    .endr\n" END "    .cfi_endproc\n"
                              "    .size many_sites, . - many_sites\n");

void many_sites(void);

int main(void)
{
    many_sites();
    victim_say("{\"sites\":%d}\n", SITES);
    victim_hold();
    return 0;
}

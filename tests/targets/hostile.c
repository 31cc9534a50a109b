// SPDX-License-Identifier: MIT
//
// hostile: whatever has a name has one that means harm: functions, threads,
// marks, tags, types, scopes, tasks, pools; with markup, signs that turn the
// direction of a text, terminal escapes, and a symbol of 10,000 characters.
// Holds what it has allocated until its input ends.

#include "victim.h"

#include <memscope.h>
#include <pthread.h>

#define MARKUP "<img src=x onerror=window.harmed=1>"
#define TURNED "abc\u202egnp.exe\u2066"
#define ESCAPES "\033[31mred\033]0;title\007"
#define EMOJI "👩‍👩‍👧💥"

// A compiler would not give such names; linkers and debuggers take them.
#if defined __x86_64__
#define MALLOC(bytes)                                                          \
    "    .cfi_startproc\n    subq $8, %rsp\n    .cfi_def_cfa_offset 16\n"      \
    "    movl $" bytes ", %edi\n    call malloc@PLT\n"                         \
    "    addq $8, %rsp\n    .cfi_def_cfa_offset 8\n    ret\n"                  \
    "    .cfi_endproc\n"
#else
#error "the functions are written for x86-64 only"
#endif
#define FUNCTION(name, bytes)                                                  \
    "    .type \"" name "\", @function\n\"" name                               \
    "\":\n" MALLOC(bytes) "    .size \"" name "\", . - \"" name "\"\n"
#define TEN(x) x x x x x x x x x x
#define LONG TEN(TEN(TEN("loooong_x!")))

__asm__("    .text\n" FUNCTION(MARKUP, "50001") FUNCTION(LONG, "50002")
            FUNCTION(EMOJI, "50003") "    .section .data.rel\n"
                                     "    .globl hostile_functions\n"
                                     "hostile_functions:\n"
                                     "    .quad \"" MARKUP "\", \"" LONG
                                     "\", \"" EMOJI "\"\n"
                                     "    .text\n");

extern void *(*const hostile_functions[3])(void);
static void *kept[16];
static pthread_barrier_t named;

static void *thread_main(void *name)
{
    pthread_setname_np(pthread_self(), name);
    void *block = malloc(1000);
    victim_check(block != NULL, "malloc gives memory");
    pthread_barrier_wait(&named);
    victim_hold();
    return block;
}

static void say_all(const char *name)
{
    static unsigned at;
    memscope_task task = memscope_task_create(name);

    memscope_task_enter(task);
    memscope_scope_begin(name);
    void *block = kept[3 + at++] = malloc(2000);
    victim_check(block != NULL, "malloc gives memory");
    memscope_tag(block, name, name);
    memscope_scope_end(name);
    memscope_task_leave(task);
    memscope_mark(name);
}

int main(void)
{
    // 15 bytes are the kernel's limit.
    static char names[3][16] = {"<b onclick=x>", "\033[31m\u202ered", "👩💥"};
    pthread_t thread;

    for (int i = 0; i < 3; i++)
        kept[i] = hostile_functions[i]();
    say_all(MARKUP);
    say_all(TURNED);
    say_all(ESCAPES);
    say_all(EMOJI);
    pthread_barrier_init(&named, NULL, 4);
    for (int i = 0; i < 3; i++)
        victim_check(pthread_create(&thread, NULL, thread_main, names[i]) == 0,
                     "a thread starts");
    pthread_barrier_wait(&named);
    victim_say("{\"held\":true}\n");
    victim_hold();
    return 0;
}

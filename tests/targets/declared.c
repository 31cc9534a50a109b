// SPDX-License-Identifier: MIT
//
// declared: blocks whose types the source declares, and blocks of which it
// says nothing, or too much. Prints how many blocks and bytes there are of each
// type, and waits for a line.

#include <stdio.h>
#include <stdlib.h>

#include "victim.h"

struct item {
    long words[5];
};
struct other {
    long words[9];
};
typedef struct {
    long x, y, z;
} point;

void *volatile keep[64];
static int kept;

static void hold(void *block)
{
    keep[kept++] = block;
}

static struct item *item_new(void)
{
    return malloc(sizeof(struct item));
}

static struct item *items_new(size_t count)
{
    return calloc(count, sizeof(struct item));
}

// What it returns is no scratch memory; 80 bytes are two items, or a text.
static struct item *item_by_way_of_text(void)
{
    char *text;

    text = malloc(80);
    hold(text);
    hold(malloc(41));
    return NULL;
}

// It only hands on: the callers know.
static inline __attribute__((always_inline)) void *wrapped(size_t bytes)
{
    return malloc(bytes);
}

// The size is that of no `other`.
static void too_much(void)
{
    struct other *o = malloc(sizeof *o + 7);
    hold(o);
}

int main(void)
{
    for (int i = 0; i < 7; i++)
        hold(item_new());
    for (size_t i = 0; i < 2; i++)
        hold(items_new(5));
    for (int i = 0; i < 6; i++) {
        point *p = malloc(sizeof *p);
        hold(p);
    }
    for (int i = 0; i < 3; i++) {
        char *text = malloc(33);
        hold(text);
    }
    for (int i = 0; i < 4; i++) {
        struct other *o = wrapped(sizeof *o);
        hold(o);
    }
    for (int i = 0; i < 4; i++) {
        void *nothing_is_said = malloc(77);
        hold(nothing_is_said);
    }
    hold(malloc(99));
    hold(item_by_way_of_text());
    too_much();
    printf("{\"struct item\": [7, 280], \"struct item[]\": [2, 400], "
           "\"point\": [6, 144], \"char[]\": [3, 99], "
           "\"struct other\": [4, 288]}\n");
    fflush(stdout);
    (void)getchar();
    return 0;
}

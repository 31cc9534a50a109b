// SPDX-License-Identifier: MIT
//
// covers ROUNDS: random logic functions as lists of cubes (a product of
// literals, two bits for each), of which the minterms are counted by splitting
// on one variable after the other: lists that grow and shrink, copied, sorted
// and freed at every step of a deep recursion. Prints a checksum.

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VARIABLES 14
#define CUBES 24

struct cube {
    uint32_t may[2]; // bit v: the cube has points where v is 0, is 1
};

struct cover {
    struct cube **cubes;
    int count, room;
};

static uint32_t random_state = 1;

static uint32_t next_random(void)
{
    random_state = random_state * 1664525u + 1013904223u;
    return random_state >> 8;
}

static void *get(void *p)
{
    if (p == NULL)
        abort();
    return p;
}

static void append(struct cover *c, struct cube cube)
{
    if (c->count == c->room) {
        c->room = c->room == 0 ? 2 : 2 * c->room;
        c->cubes = get(realloc(c->cubes, (size_t)c->room * sizeof *c->cubes));
    }
    struct cube *copy = get(malloc(sizeof *copy));
    *copy = cube;
    c->cubes[c->count++] = copy;
}

static void clear(struct cover *c)
{
    for (int i = 0; i < c->count; i++)
        free(c->cubes[i]);
    free(c->cubes);
    free(c);
}

// What is left of a cover where a variable has a value.
static struct cover *cofactor(const struct cover *c, int variable, int value)
{
    struct cover *left = get(calloc(1, sizeof *left));

    for (int i = 0; i < c->count; i++) {
        struct cube cube = *c->cubes[i];
        if ((cube.may[value] >> variable & 1) == 0)
            continue;
        cube.may[0] |= 1u << variable;
        cube.may[1] |= 1u << variable;
        append(left, cube);
    }
    return left;
}

static int depends(const struct cube *cube)
{
    uint32_t fixed = (cube->may[0] ^ cube->may[1]) & ((1u << VARIABLES) - 1);

    return fixed != 0 ? __builtin_ctz(fixed) : -1;
}

// The points that a cover has among those of `variables` free variables.
static uint64_t points(const struct cover *c, int variables)
{
    int split = -1;

    if (c->count == 0)
        return 0;
    for (int i = 0; i < c->count; i++) {
        int v = depends(c->cubes[i]);
        if (v < 0)
            return UINT64_C(1) << variables; // this cube covers all
        if (split < 0 || v < split)
            split = v;
    }
    uint64_t sum = 0;
    for (int value = 0; value < 2; value++) {
        struct cover *half = cofactor(c, split, value);
        sum += points(half, variables - 1);
        clear(half);
    }
    return sum;
}

static struct cover *random_cover(void)
{
    struct cover *c = get(calloc(1, sizeof *c));

    for (int i = 0; i < CUBES; i++) {
        struct cube cube = {{~0u, ~0u}};
        for (int k = 0; k < 5; k++)
            cube.may[next_random() & 1] &= ~(1u << next_random() % VARIABLES);
        for (int v = 0; v < VARIABLES; v++)
            if (((cube.may[0] | cube.may[1]) >> v & 1) == 0)
                cube.may[0] |= 1u << v;
        append(c, cube);
    }
    return c;
}

int main(int argc, char **argv)
{
    long rounds = argc > 1 ? atol(argv[1]) : 10;
    uint64_t sum = 0;

    for (long i = 0; i < rounds; i++) {
        struct cover *c = random_cover();
        sum = sum * 31 + points(c, VARIABLES);
        clear(c);
    }
    printf("%llu\n", (unsigned long long)sum);
    return 0;
}

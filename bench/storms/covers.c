// SPDX-License-Identifier: MIT
//
// covers ROUNDS: random logic functions, made small in two levels. A function
// is a cover, a list of cubes; a cube is a product of literals, two bits for
// each variable. Whether a cover is all there is, and what it leaves out, is
// found by splitting on one variable after the other: short lists at every
// step of a deep recursion, by many thousand call paths. Each result is
// compared with the function that it came from. Prints a checksum.

#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VARIABLES 17
#define CUBES 60
#define TRIES 6
#define ALL ((UINT64_C(1) << VARIABLES) - 1)

struct cube {
    uint64_t may[2]; // bit v: the cube has points where v is 0, is 1
};

struct cover {
    int count, room;
    struct cube cubes[];
};

// How many cubes of a cover ask for each value of each variable.
struct columns {
    int asks[2][VARIABLES];
    uint64_t asked[2]; // bit v: some cube does
    double share;      // of all points, where no two cubes had one in common
    int whole;         // a cube is the universe
};

struct halves {
    struct cover *of[2]; // where a variable is 0, is 1
    int variable;
};

static const struct cube universe = {{ALL, ALL}};
static uint64_t random_state = 1;

static unsigned next_random(unsigned below)
{
    random_state = random_state * UINT64_C(6364136223846793005) + 1;
    return (unsigned)(random_state >> 33) % below;
}

static void *get(void *p)
{
    if (p == NULL)
        abort();
    return p;
}

static int is_inside(struct cube in, struct cube out)
{
    return ((in.may[0] & ~out.may[0]) | (in.may[1] & ~out.may[1])) == 0;
}

static int meet(struct cube a, struct cube b)
{
    return ((a.may[0] & b.may[0]) | (a.may[1] & b.may[1])) == ALL;
}

static int literals(struct cube c)
{
    return __builtin_popcountll(c.may[0] ^ c.may[1]);
}

// A cube comes before those that are inside it: its bits are the larger number.
static int by_bits(const void *left, const void *right)
{
    const struct cube *a = left, *b = right;
    int k = a->may[0] == b->may[0];

    return (a->may[k] < b->may[k]) - (a->may[k] > b->may[k]);
}

static struct cover *new_cover(int room)
{
    struct cover *c = get(malloc(sizeof *c + (size_t)room * sizeof universe));

    c->count = 0;
    c->room = room;
    return c;
}

static void append(struct cover **c, struct cube cube)
{
    if ((*c)->count == (*c)->room) {
        size_t room = 2 * (size_t)(*c)->room + 1;
        *c = get(realloc(*c, sizeof **c + room * sizeof cube));
        (*c)->room = (int)room;
    }
    (*c)->cubes[(*c)->count++] = cube;
}

// Leaves out the cubes that are inside another one.
static void absorb(struct cover *c)
{
    int kept = 0;

    qsort(c->cubes, (size_t)c->count, sizeof *c->cubes, by_bits);
    for (int i = 0; i < c->count; i++) {
        int k = 0;
        while (k < kept && !is_inside(c->cubes[i], c->cubes[k]))
            k++;
        if (k == kept)
            c->cubes[kept++] = c->cubes[i];
    }
    c->count = kept;
}

// What a cover is within a cube, but for the cube at `without`.
static struct cover *within(const struct cover *c, struct cube cube,
                            int without)
{
    struct cover *left = new_cover(c->count);

    for (int i = 0; i < c->count; i++) {
        struct cube one = c->cubes[i];
        if (i == without || !meet(one, cube))
            continue;
        one.may[0] |= ALL & ~cube.may[0];
        one.may[1] |= ALL & ~cube.may[1];
        append(&left, one);
    }
    return left;
}

static struct cube literal(int variable, int value)
{
    struct cube cube = universe;

    cube.may[!value] &= ~(UINT64_C(1) << variable);
    return cube;
}

static struct columns count_columns(const struct cover *c)
{
    struct columns columns = {0};

    for (int i = 0; i < c->count; i++) {
        struct cube cube = c->cubes[i];
        int fixed = literals(cube);
        columns.whole |= fixed == 0;
        columns.share += 1.0 / (double)(UINT64_C(1) << fixed);
        for (int value = 0; value < 2; value++) {
            uint64_t asked = ALL & ~cube.may[!value];
            columns.asked[value] |= asked;
            for (; asked != 0; asked &= asked - 1)
                columns.asks[value][__builtin_ctzll(asked)]++;
        }
    }
    return columns;
}

// The variable that most cubes ask for, those before all of which both values
// are asked for; -1: none.
static int most_asked(const struct columns *columns)
{
    int best = -1, most = 0;
    for (int v = 0; v < VARIABLES; v++) {
        int zeros = columns->asks[0][v], ones = columns->asks[1][v];
        int weight = zeros + ones + (zeros > 0 && ones > 0 ? 2 * CUBES : 0);
        if (weight > most) {
            best = v;
            most = weight;
        }
    }
    return best;
}

// Splits a cover in two, on that one of some variables which leaves the least.
static struct halves split(const struct cover *c, struct columns *columns)
{
    struct halves best = {{NULL, NULL}, -1};
    int least = INT_MAX;

    for (int i = 0; i < TRIES; i++) {
        struct halves now = {{NULL, NULL}, most_asked(columns)};
        if (now.variable < 0)
            break;
        for (int value = 0; value < 2; value++) {
            now.of[value] = within(c, literal(now.variable, value), -1);
            absorb(now.of[value]);
            columns->asks[value][now.variable] = 0; // not once more
        }
        int count = now.of[0]->count + now.of[1]->count;
        struct halves worse = now;
        if (count < least) {
            worse = best;
            best = now;
            least = count;
        }
        free(worse.of[0]);
        free(worse.of[1]);
    }
    return best;
}

static int is_all(const struct cover *c)
{
    struct columns columns = count_columns(c);
    uint64_t both = columns.asked[0] & columns.asked[1];
    uint64_t once = columns.asked[0] ^ columns.asked[1];
    int all;

    if (columns.whole)
        return 1;
    if (columns.share < 1 || both == 0)
        return 0;
    if (once != 0) {
        // Where nobody asks for the other value of a variable, those that
        // ask for the one are of no help.
        struct cube other = universe;
        other.may[0] &= ~(once & columns.asked[0]);
        other.may[1] &= ~(once & columns.asked[1]);
        struct cover *left = within(c, other, -1);
        all = is_all(left);
        free(left);
        return all;
    }
    struct halves halves = split(c, &columns);
    all = is_all(halves.of[0]) && is_all(halves.of[1]);
    free(halves.of[0]);
    free(halves.of[1]);
    return all;
}

static struct cover *rest_of_one(struct cube cube)
{
    struct cover *rest = new_cover(2);

    for (int v = 0; v < VARIABLES; v++)
        for (int value = 0; value < 2; value++)
            if ((cube.may[value] >> v & 1) == 0)
                append(&rest, literal(v, value));
    return rest;
}

// Both halves as one: what is alike in both does not depend on the variable.
static struct cover *joined(struct cover *zero, struct cover *one, int variable)
{
    struct cover *both = new_cover(zero->count + one->count);
    int i = 0, k = 0;

    qsort(zero->cubes, (size_t)zero->count, sizeof *zero->cubes, by_bits);
    qsort(one->cubes, (size_t)one->count, sizeof *one->cubes, by_bits);
    while (i < zero->count || k < one->count) {
        int order = i == zero->count ? 1 : -1;
        if (i < zero->count && k < one->count)
            order = by_bits(&zero->cubes[i], &one->cubes[k]);
        struct cube cube = order <= 0 ? zero->cubes[i] : one->cubes[k];
        if (order != 0)
            cube.may[order < 0] &= ~(UINT64_C(1) << variable);
        append(&both, cube);
        i += order <= 0;
        k += order >= 0;
    }
    free(zero);
    free(one);
    absorb(both);
    return both;
}

static struct cover *rest_of(const struct cover *c)
{
    struct columns columns = count_columns(c);

    if (c->count == 1)
        return rest_of_one(c->cubes[0]);
    if (c->count == 0 || columns.whole) {
        struct cover *rest = new_cover(1);
        rest->count = c->count == 0;
        rest->cubes[0] = universe;
        return rest;
    }
    struct halves halves = split(c, &columns);
    struct cover *zero = rest_of(halves.of[0]);
    free(halves.of[0]);
    struct cover *one = rest_of(halves.of[1]);
    free(halves.of[1]);
    return joined(zero, one, halves.variable);
}

// Makes each cube as large as what is `outside` lets it be.
static struct cover *expand(const struct cover *c, const struct cover *outside)
{
    struct cover *large = new_cover(c->count);

    for (int i = 0; i < c->count; i++) {
        struct cube cube = c->cubes[i];
        for (int v = 0; v < VARIABLES; v++) {
            struct cube more = cube;
            more.may[0] |= UINT64_C(1) << v;
            more.may[1] |= UINT64_C(1) << v;
            int k = 0;
            while (k < outside->count && !meet(more, outside->cubes[k]))
                k++;
            if (k == outside->count)
                cube = more;
        }
        append(&large, cube);
    }
    absorb(large);
    return large;
}

// Takes out, from the last, each cube that the others cover.
static void thin_out(struct cover *c)
{
    for (int i = c->count - 1; i >= 0; i--) {
        struct cover *others = within(c, c->cubes[i], i);
        if (is_all(others))
            c->cubes[i] = c->cubes[--c->count];
        free(others);
    }
}

// Makes each cube as small as the others let it be.
static void shrink(struct cover *c)
{
    for (int i = 0; i < c->count; i++) {
        struct cover *others = within(c, c->cubes[i], i);
        struct cover *rest = rest_of(others);
        struct cube around = {{0, 0}};
        for (int k = 0; k < rest->count; k++) {
            around.may[0] |= rest->cubes[k].may[0];
            around.may[1] |= rest->cubes[k].may[1];
        }
        c->cubes[i].may[0] &= around.may[0];
        c->cubes[i].may[1] &= around.may[1];
        free(rest);
        free(others);
    }
}

static void check(const struct cover *before, const struct cover *after,
                  const struct cover *outside)
{
    for (int i = 0; i < before->count; i++) {
        struct cover *part = within(after, before->cubes[i], -1);
        if (!is_all(part))
            abort();
        free(part);
    }
    for (int i = 0; i < after->count; i++)
        for (int k = 0; k < outside->count; k++)
            if (meet(after->cubes[i], outside->cubes[k]))
                abort();
}

static struct cover *random_cover(void)
{
    struct cover *c = new_cover(CUBES);

    for (int i = 0; i < CUBES; i++) {
        struct cube cube = universe;
        for (int k = 4 + (int)next_random(4); k > 0; k--) {
            uint64_t bit = UINT64_C(1) << next_random(VARIABLES);
            if ((cube.may[0] & cube.may[1] & bit) != 0)
                cube.may[next_random(2)] &= ~bit;
        }
        append(&c, cube);
    }
    return c;
}

int main(int argc, char **argv)
{
    long rounds = argc > 1 ? atol(argv[1]) : 10;
    uint64_t sum = 0;

    for (long round = 0; round < rounds; round++) {
        struct cover *c = random_cover();
        struct cover *outside = rest_of(c);
        struct cover *best = expand(c, outside);
        for (int turn = 0; turn < 3; turn++) {
            thin_out(best);
            shrink(best);
            struct cover *next = expand(best, outside);
            free(best);
            best = next;
        }
        thin_out(best);
        check(c, best, outside);
        for (int i = 0; i < best->count; i++)
            sum = sum * 31 + best->cubes[i].may[0] * 7 + best->cubes[i].may[1];
        free(best);
        free(outside);
        free(c);
    }
    printf("%llu\n", (unsigned long long)sum);
    return 0;
}

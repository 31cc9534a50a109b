// SPDX-License-Identifier: MIT
//
// bignum ROUNDS: products of long numbers by Karatsuba's way, every
// intermediate number a block of its own: many tiny blocks that live shortly,
// from ever other call paths, in a heap that stays small. Prints a checksum.

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SMALL 2  // limbs from which numbers are multiplied limb by limb
#define LIMBS 32 // of the factors; a power of two

struct number {
    int limbs;
    uint32_t limb[]; // the lowest first
};

static struct number *new_number(int limbs)
{
    size_t bytes = sizeof(struct number) + (size_t)limbs * sizeof(uint32_t);
    struct number *n = malloc(bytes);

    if (n == NULL)
        abort();
    memset(n, 0, bytes);
    n->limbs = limbs;
    return n;
}

static struct number *part(const struct number *n, int from, int limbs)
{
    struct number *p = new_number(limbs);

    memcpy(p->limb, n->limb + from, (size_t)limbs * sizeof *p->limb);
    return p;
}

// Adds n, or takes it away, at a place of sum; what runs over is dropped.
static void add_at(struct number *sum, const struct number *n, int at, int sign)
{
    int64_t carry = 0;

    for (int i = at; i < sum->limbs; i++) {
        int64_t more = i - at < n->limbs ? n->limb[i - at] : 0;
        carry += (int64_t)sum->limb[i] + sign * more;
        sum->limb[i] = (uint32_t)carry;
        carry >>= 32;
    }
}

static struct number *multiply_small(const struct number *a,
                                     const struct number *b)
{
    struct number *product = new_number(a->limbs + b->limbs);

    for (int i = 0; i < a->limbs; i++) {
        uint64_t carry = 0;
        for (int k = 0; k < b->limbs; k++) {
            carry += (uint64_t)a->limb[i] * b->limb[k] + product->limb[i + k];
            product->limb[i + k] = (uint32_t)carry;
            carry >>= 32;
        }
        product->limb[i + b->limbs] = (uint32_t)carry;
    }
    return product;
}

static struct number *sum_of(const struct number *a, const struct number *b)
{
    struct number *sum = new_number(a->limbs + 1);

    add_at(sum, a, 0, 1);
    add_at(sum, b, 0, 1);
    return sum;
}

static struct number *multiply(const struct number *a, const struct number *b)
{
    int half = a->limbs / 2;

    if (a->limbs <= SMALL || a->limbs % 2 != 0)
        return multiply_small(a, b);
    struct number *a0 = part(a, 0, half), *a1 = part(a, half, half);
    struct number *b0 = part(b, 0, half), *b1 = part(b, half, half);
    struct number *low = multiply(a0, b0), *high = multiply(a1, b1);
    struct number *as = sum_of(a0, a1), *bs = sum_of(b0, b1);
    struct number *middle = multiply(as, bs);
    struct number *product = new_number(2 * a->limbs);

    add_at(middle, low, 0, -1);
    add_at(middle, high, 0, -1);
    add_at(product, low, 0, 1);
    add_at(product, middle, half, 1);
    add_at(product, high, 2 * half, 1);
    struct number *gone[] = {a0, a1, b0, b1, low, high, as, bs, middle};
    for (size_t i = 0; i < sizeof gone / sizeof *gone; i++)
        free(gone[i]);
    return product;
}

int main(int argc, char **argv)
{
    long rounds = argc > 1 ? atol(argv[1]) : 1000;
    struct number *a = new_number(LIMBS), *b = new_number(LIMBS);
    uint32_t sum = 1;

    for (int i = 0; i < LIMBS; i++) {
        a->limb[i] = 2654435761u * (uint32_t)(i + 1);
        b->limb[i] = ~a->limb[i] * 40503u;
    }
    for (long i = 0; i < rounds; i++) {
        struct number *product = multiply(a, b);
        free(a);
        a = part(product, LIMBS / 2, LIMBS);
        a->limb[0] ^= (uint32_t)i;
        sum = sum * 31 + product->limb[LIMBS];
        free(product);
    }
    printf("%u\n", sum);
    free(a);
    free(b);
    return 0;
}

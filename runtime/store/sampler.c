// SPDX-License-Identifier: MIT
// See sampler.h for the contract.

#include "store/sampler.h"

#include <string.h>

// -ln(u) for 0 < u <= 1: u = m * 2^e with m near 1, and for ln(m) the series
// of the inverse hyperbolic tangent, good to 1e-10 there.
static double minus_log(double u)
{
    uint64_t bits;
    memcpy(&bits, &u, sizeof bits);
    int e = (int)(bits >> 52) - 1022;
    bits = (bits & ((UINT64_C(1) << 52) - 1)) | UINT64_C(1022) << 52;
    double m; // 0.5 <= m < 1
    memcpy(&m, &bits, sizeof m);
    if (m < 0.70710678118654752) {
        m *= 2;
        e--;
    }
    double t = (m - 1) / (m + 1), t2 = t * t, sum = 0;
    for (int k = 13; k >= 1; k -= 2)
        sum = sum * t2 + 1.0 / k;
    return -(2 * t * sum + e * 0.69314718055994531);
}

// 1 - exp(-x) for x >= 0, without loss for small x: the series where x is
// below 1/4, from there by f(2x) = f(x) * (2 - f(x)).
static double probability(double x)
{
    int doublings = 0;

    if (x > 44)
        return 1;
    while (x > 0.25) {
        x /= 2;
        doublings++;
    }
    double sum = 0;
    for (int k = 12; k >= 1; k--)
        sum = x / k * (1 - sum);
    for (; doublings > 0; doublings--)
        sum *= 2 - sum;
    return sum;
}

void ms_sampler_seed(struct ms_sampler *s, uint64_t seed)
{
    // Neighbouring seeds must not begin alike.
    seed = (seed ^ seed >> 31) * UINT64_C(0x7FB5D329728EA185);
    seed = (seed ^ seed >> 27) * UINT64_C(0x81DADEF4BC2DD44D);
    s->random = (seed ^ seed >> 33) | 1;
}

void ms_sampler_draw(struct ms_sampler *s)
{
    s->random ^= s->random << 13;
    s->random ^= s->random >> 7;
    s->random ^= s->random << 17;
    uint64_t random = s->random * UINT64_C(0x2545F4914F6CDD1D) >> 11;
    double u = ((double)random + 1) * 0x1p-53;
    double bytes = minus_log(u) * (double)(UINT64_C(1) << s->shift);

    // A point lies in the byte that reaches it.
    s->until = (int64_t)bytes + 1;
}

void ms_sampler_set(struct ms_sampler *s, uint32_t shift)
{
    s->shift = shift;
    if (shift != 0)
        ms_sampler_draw(s);
}

struct ms_weight ms_sampler_weight(uint32_t shift, uint64_t size)
{
    double bytes = size != 0 ? (double)size : 1;
    double p = probability(bytes / (double)(UINT64_C(1) << shift));

    return (struct ms_weight){
        .count = (uint64_t)((1 << MS_COUNT_SHIFT) / p + 0.5),
        .bytes = (uint64_t)((double)size / p + 0.5),
    };
}

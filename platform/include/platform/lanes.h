// SPDX-License-Identifier: MIT
//
// lanes: the sixteen 32-bit numbers of a cache line, looked at all at once.

#ifndef MS_PLATFORM_LANES_H
#define MS_PLATFORM_LANES_H

#include <stdint.h>

#include "platform/compiler.h"

// Bit n is for the number n. Both are of the same moment, as far as each number
// goes; what other threads write after that is not in them, and nothing else
// that they have written need be seen.
struct ms_lanes {
    uint32_t like; // is `value` where `mask` has its bits
    uint32_t zero;
};

#if defined(__SSE2__) && !defined(__SANITIZE_THREAD__)
#include <emmintrin.h>

// Loaded once: the compiler could else load it anew for each look at it.
MS_ALWAYS_INLINE __m128i ms_lanes_load(const __m128i *at)
{
    __m128i four = _mm_load_si128(at);

    __asm__ volatile("" : "+x"(four));
    return four;
}

MS_ALWAYS_INLINE uint32_t ms_lanes_bits(__m128i a, __m128i b, __m128i c,
                                        __m128i d)
{
    return (uint32_t)_mm_movemask_epi8(
        _mm_packs_epi16(_mm_packs_epi32(a, b), _mm_packs_epi32(c, d)));
}

// ms_lanes_look looks at an aligned line.
MS_ALWAYS_INLINE struct ms_lanes ms_lanes_look(const _Atomic uint32_t *line,
                                               uint32_t value, uint32_t mask)
{
    const __m128i *at = (const __m128i *)(const void *)line;
    __m128i v = _mm_set1_epi32((int)value), m = _mm_set1_epi32((int)mask);
    __m128i a = ms_lanes_load(at), b = ms_lanes_load(at + 1);
    __m128i c = ms_lanes_load(at + 2), d = ms_lanes_load(at + 3);
    __m128i none = _mm_setzero_si128();

#define LIKE(x) _mm_cmpeq_epi32(_mm_and_si128(x, m), v)
#define ZERO(x) _mm_cmpeq_epi32(x, none)
    return (struct ms_lanes){
        .like = ms_lanes_bits(LIKE(a), LIKE(b), LIKE(c), LIKE(d)),
        .zero = ms_lanes_bits(ZERO(a), ZERO(b), ZERO(c), ZERO(d)),
    };
#undef LIKE
#undef ZERO
}
#else
#include "platform/atomics.h"

MS_ALWAYS_INLINE struct ms_lanes ms_lanes_look(const _Atomic uint32_t *line,
                                               uint32_t value, uint32_t mask)
{
    struct ms_lanes l = {0};

    for (uint32_t n = 0; n < 16; n++) {
        uint32_t number = ms_load_relaxed(&line[n]); // relaxed: see above
        l.like |= (uint32_t)((number & mask) == value) << n;
        l.zero |= (uint32_t)(number == 0) << n;
    }
    return l;
}
#endif

#endif

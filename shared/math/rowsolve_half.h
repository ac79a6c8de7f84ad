/** @file
 *  Half precision (IEEE 754 binary16), sixteen at a time: the kernels' second storage format. To
 * the nearest, ties to even, subnormals kept; the same bits on every instruction set.
 */
#ifndef SOUK_MATH_ROWSOLVE_HALF_H
#define SOUK_MATH_ROWSOLVE_HALF_H

#include "shared/math/rowsolve_vec.h"

#include <string.h>
#if defined(__AVX512F__) || defined(__F16C__)
#include <immintrin.h>
#endif

#if defined(__AVX512F__)

ALWAYS_INLINE vec load_half(const uint16_t *p)
{
    return (vec)_mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)(const void *)p));
}

ALWAYS_INLINE void store_half(uint16_t *p, vec v)
{
    _mm256_storeu_si256((__m256i *)(void *)p,
                        _mm512_cvtps_ph((__m512)v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}

#elif defined(__F16C__)

ALWAYS_INLINE vec load_half(const uint16_t *p)
{
    union {
        __m256 part[2];
        vec v;
    } u;
    for (int i = 0; i < 2; i++)
        u.part[i] = _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(const void *)(p + 8 * i)));
    return u.v;
}

ALWAYS_INLINE void store_half(uint16_t *p, vec v)
{
    const union {
        vec v;
        __m256 part[2];
    } u = {v};
    for (int i = 0; i < 2; i++)
        _mm_storeu_si128((__m128i *)(void *)(p + 8 * i),
                         _mm256_cvtps_ph(u.part[i], _MM_FROUND_TO_NEAREST_INT));
}

#else

/* Both exponents differ by 112: a multiplication moves subnormals too. */
ALWAYS_INLINE float from_half(uint16_t half)
{
    const uint32_t bits = (uint32_t)(half & 0x7fff) << 13, sign = (uint32_t)(half & 0x8000) << 16;
    float size;
    uint32_t out;
    memcpy(&size, &bits, sizeof size);
    size *= 0x1p112f;
    memcpy(&out, &size, sizeof out);
    out |= sign;
    memcpy(&size, &out, sizeof size);
    return size;
}

/* @param value of magnitude < 65504 */
ALWAYS_INLINE uint16_t to_half(float value)
{
    uint32_t bits, sign;
    float small;
    memcpy(&bits, &value, sizeof bits);
    sign = bits >> 16 & 0x8000;
    bits &= 0x7fffffff;
    if (bits < 0x38800000) { /* below 2^-14: the sum's last bit is 2^-24, a subnormal's */
        memcpy(&small, &bits, sizeof small);
        small += .5f;
        memcpy(&bits, &small, sizeof bits);
        return (uint16_t)(sign | (bits - 0x3f000000));
    }
    bits += 0xfff + (bits >> 13 & 1);
    return (uint16_t)(sign | (bits - 0x38000000) >> 13);
}

ALWAYS_INLINE vec load_half(const uint16_t *p)
{
    vec v = {0};
    for (int i = 0; i < LANES; i++)
        v[i] = from_half(p[i]);
    return v;
}

ALWAYS_INLINE void store_half(uint16_t *p, vec v)
{
    for (int i = 0; i < LANES; i++)
        p[i] = to_half(v[i]);
}

#endif

/** Bring a row of halves into the second cache; it will be read soon. */
ALWAYS_INLINE void prefetch_halves(const uint16_t *row, int n)
{
    for (int c = 0; c < n; c += 2 * LANES)
        __builtin_prefetch(row + c, 0, 1);
}

#endif

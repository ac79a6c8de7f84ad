/** @file
 *  Sixteen floats at a time, in GCC's vectors: one source for AVX-512, AVX2 and plain C. Internal
 * to the kernels of rowsolve; sums of lanes run in one fixed tree (8 apart, 4, 2, 1).
 */
#ifndef SOUK_MATH_ROWSOLVE_VEC_H
#define SOUK_MATH_ROWSOLVE_VEC_H

#include <stddef.h>
#include <stdint.h>

enum { LANES = 16 };
typedef float vec __attribute__((vector_size(64), aligned(4), may_alias));
typedef float vec8 __attribute__((vector_size(32), aligned(4), may_alias));
typedef float vec4 __attribute__((vector_size(16), aligned(4), may_alias));
typedef int32_t lanemask __attribute__((vector_size(64)));

#define ALWAYS_INLINE static inline __attribute__((always_inline))

ALWAYS_INLINE vec load(const float *p)
{
    return *(const vec *)p;
}

ALWAYS_INLINE void store(float *p, vec v)
{
    *(vec *)p = v;
}

ALWAYS_INLINE vec4 fold(vec v)
{
    const vec8 half = __builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7) +
                      __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15);
    return __builtin_shufflevector(half, half, 0, 1, 2, 3) +
           __builtin_shufflevector(half, half, 4, 5, 6, 7);
}

/** The sums of the lanes of four vectors. */
ALWAYS_INLINE vec4 add_lanes_of_four(vec a, vec b, vec c, vec d)
{
    const vec4 x = fold(a), y = fold(b), z = fold(c), w = fold(d);
    const vec4 low =
        __builtin_shufflevector(x, y, 0, 1, 4, 5) + __builtin_shufflevector(x, y, 2, 3, 6, 7);
    const vec4 high =
        __builtin_shufflevector(z, w, 0, 1, 4, 5) + __builtin_shufflevector(z, w, 2, 3, 6, 7);
    return __builtin_shufflevector(low, high, 0, 2, 4, 6) +
           __builtin_shufflevector(low, high, 1, 3, 5, 7);
}

ALWAYS_INLINE float add_lanes(vec v)
{
    const vec4 x = fold(v);
    return (x[0] + x[2]) + (x[1] + x[3]);
}

/** @param n multiple of LANES */
ALWAYS_INLINE float dot(const float *a, const float *b, int n)
{
    vec sum = {0};
    for (int c = 0; c < n; c += LANES)
        sum += load(a + c) * load(b + c);
    return add_lanes(sum);
}

/** out += scale * v */
ALWAYS_INLINE void add_scaled(float *out, float scale, const float *v, int n)
{
    for (int c = 0; c < n; c += LANES)
        store(out + c, load(out + c) + scale * load(v + c));
}

/** Bring a row of factors into the second cache; it will be read soon. (Into the first one costs
 *  1.7 times as long: a core waits for fewer lines there.) */
ALWAYS_INLINE void prefetch_row(const float *row, int n)
{
    for (int c = 0; c < n; c += LANES)
        __builtin_prefetch(row + c, 0, 1);
}

#endif

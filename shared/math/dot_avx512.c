/* AVX-512: the 16 lanes are one register. */
#include "shared/math/dot_kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define AVX512 __attribute__((target("avx512f")))

AVX512 static float dot(const float *a, const float *b, int n)
{
    __m512 acc = _mm512_setzero_ps();
    for (int k = 0; k < n; k += 16)
        acc = _mm512_fmadd_ps(_mm512_loadu_ps(a + k), _mm512_loadu_ps(b + k), acc);
    acc = _mm512_add_ps(acc, _mm512_shuffle_f32x4(acc, acc, 0xEE)); /* l with l + 8 */
    acc = _mm512_add_ps(acc, _mm512_shuffle_f32x4(acc, acc, 0x55)); /* + 4 */
    acc = _mm512_add_ps(acc, _mm512_shuffle_ps(acc, acc, 0xEE));    /* + 2 */
    acc = _mm512_add_ps(acc, _mm512_shuffle_ps(acc, acc, 0x55));    /* + 1 */
    return _mm512_cvtss_f32(acc);
}

/* The tree over 8 accumulators at once; each step leaves half as many lanes of twice the rows. */
AVX512 static __m256 sum_lanes_of_8(const __m512 acc[8])
{
    __m512 by2[4], by4[2];
    for (int i = 0; i < 4; i++) { /* l with l + 8: 8 lanes of rows 2i, 2i + 1 */
        const __m512 a = acc[2 * i], b = acc[2 * i + 1];
        by2[i] = _mm512_add_ps(_mm512_shuffle_f32x4(a, b, 0x44), _mm512_shuffle_f32x4(a, b, 0xEE));
    }
    for (int i = 0; i < 2; i++) { /* + 4: 4 lanes of rows 4i .. 4i + 3 */
        const __m512 a = by2[2 * i], b = by2[2 * i + 1];
        by4[i] = _mm512_add_ps(_mm512_shuffle_f32x4(a, b, 0x88), _mm512_shuffle_f32x4(a, b, 0xDD));
    }
    /* + 2: quarter i has 2 lanes of row i and 2 of row i + 4; then + 1 */
    const __m512 by8 = _mm512_add_ps(_mm512_shuffle_ps(by4[0], by4[1], 0x44),
                                     _mm512_shuffle_ps(by4[0], by4[1], 0xEE));
    const __m512 sums =
        _mm512_add_ps(_mm512_shuffle_ps(by8, by8, 0x88), _mm512_shuffle_ps(by8, by8, 0xDD));
    const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 0, 0, 0, 0, 0, 0, 0, 0);
    return _mm512_castps512_ps256(_mm512_permutexvar_ps(order, sums));
}

/* 8 rows share the additions over their lanes. Each row is read to its end before the next: rows
 * read abreast take twice to three times as long from memory, for prefetchers follow one stream. */
AVX512 static void rows_of(const float *rows, int64_t count, int stride, const float *b, int n,
                           float *out)
{
    int64_t r = 0;
    for (; r + 8 <= count; r += 8) {
        __m512 acc[8];
#pragma GCC unroll 8
        for (int i = 0; i < 8; i++) {
            const float *row = rows + (r + i) * stride;
            acc[i] = _mm512_setzero_ps();
            for (int k = 0; k < n; k += 16)
                acc[i] = _mm512_fmadd_ps(_mm512_loadu_ps(row + k), _mm512_loadu_ps(b + k), acc[i]);
        }
        _mm256_storeu_ps(out + r, sum_lanes_of_8(acc));
    }
    for (; r < count; r++)
        out[r] = dot(rows + r * stride, b, n);
}

const struct souk_dot_kernels souk_dot_avx512 = {"avx512", dot, rows_of};
#endif

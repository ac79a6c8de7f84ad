/* AVX2 and FMA: the 16 lanes are two registers, lanes 0-7 and 8-15. */
#include "shared/math/dot_kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define AVX2 __attribute__((target("avx2,fma")))

AVX2 static float dot(const float *a, const float *b, int n)
{
    __m256 low = _mm256_setzero_ps(), high = _mm256_setzero_ps();
    for (int k = 0; k < n; k += 16) {
        low = _mm256_fmadd_ps(_mm256_loadu_ps(a + k), _mm256_loadu_ps(b + k), low);
        high = _mm256_fmadd_ps(_mm256_loadu_ps(a + k + 8), _mm256_loadu_ps(b + k + 8), high);
    }
    const __m256 by8 = _mm256_add_ps(low, high); /* l with l + 8 */
    __m128 sum = _mm_add_ps(_mm256_castps256_ps128(by8), _mm256_extractf128_ps(by8, 1)); /* + 4 */
    sum = _mm_add_ps(sum, _mm_movehl_ps(sum, sum));                                      /* + 2 */
    sum = _mm_add_ss(sum, _mm_shuffle_ps(sum, sum, 0x55));                               /* + 1 */
    return _mm_cvtss_f32(sum);
}

/* The tree over 4 rows at once, from + 4 on. */
AVX2 static __m128 sum_lanes_of_4(const __m256 by8[4])
{
    __m256 by4[2];
    for (int i = 0; i < 2; i++) { /* + 4: 4 lanes of rows 2i, 2i + 1 */
        const __m256 a = by8[2 * i], b = by8[2 * i + 1];
        by4[i] =
            _mm256_add_ps(_mm256_permute2f128_ps(a, b, 0x20), _mm256_permute2f128_ps(a, b, 0x31));
    }
    /* + 2: half i has 2 lanes of row i and 2 of row i + 2; then + 1 */
    const __m256 by2 = _mm256_add_ps(_mm256_shuffle_ps(by4[0], by4[1], 0x44),
                                     _mm256_shuffle_ps(by4[0], by4[1], 0xEE));
    const __m256 sums =
        _mm256_add_ps(_mm256_shuffle_ps(by2, by2, 0x88), _mm256_shuffle_ps(by2, by2, 0xDD));
    return _mm_unpacklo_ps(_mm256_castps256_ps128(sums), _mm256_extractf128_ps(sums, 1));
}

/* 4 rows share the additions over their lanes; each is read to its end before the next, as in
 * dot_avx512.c. */
AVX2 static void rows_of(const float *rows, int64_t count, int stride, const float *b, int n,
                         float *out)
{
    int64_t r = 0;
    for (; r + 4 <= count; r += 4) {
        __m256 by8[4];
#pragma GCC unroll 4
        for (int i = 0; i < 4; i++) {
            const float *row = rows + (r + i) * stride;
            __m256 low = _mm256_setzero_ps(), high = _mm256_setzero_ps();
            for (int k = 0; k < n; k += 16) {
                low = _mm256_fmadd_ps(_mm256_loadu_ps(row + k), _mm256_loadu_ps(b + k), low);
                high =
                    _mm256_fmadd_ps(_mm256_loadu_ps(row + k + 8), _mm256_loadu_ps(b + k + 8), high);
            }
            by8[i] = _mm256_add_ps(low, high); /* l with l + 8 */
        }
        _mm_storeu_ps(out + r, sum_lanes_of_4(by8));
    }
    for (; r < count; r++)
        out[r] = dot(rows + r * stride, b, n);
}

const struct souk_dot_kernels souk_dot_avx2 = {"avx2", dot, rows_of};
#endif
